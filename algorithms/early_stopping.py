"""When the epochs of an update stop, by the protocol's choice."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from algorithms.gaussian import DiagonalGaussian, kl_divergence
from algorithms.hyperparameters import Hyperparameters
from algorithms.minibatches import mean_over_minibatches
from algorithms.networks import policy_at
from algorithms.types import Experience, Samples

# Spinning Up's rule, in nats: 1.5 times its `target_kl`.
KL_LIMIT = 1.5 * 0.01


def goes_on(
    hyperparameters: Hyperparameters, experience: Experience, policy_in: Callable[[Any], Any]
) -> Callable[[Any], Bool[Array, ""]] | None:
    """Whether another epoch follows one that led to these parameters; None where all epochs are made.

    policy_in: gives the policy's parameters among those that the epochs change.
    """
    match hyperparameters.choices.early_stopping:
        case "none":
            return None
        case "kl":
            return lambda parameters: mean_kl(hyperparameters, experience, policy_in(parameters)) <= KL_LIMIT


def mean_kl(hyperparameters: Hyperparameters, experience: Experience, policy: Any) -> Float[Array, ""]:
    """Mean KL(π_old ‖ π) over the rollout, in nats.

    policy: the parameters behind π.
    """

    def over(minibatch: Samples) -> Float[Array, ""]:
        old = DiagonalGaussian(mean=minibatch.old_means, log_std=experience.old_log_std)
        return jnp.mean(kl_divergence(old, policy_at(hyperparameters, policy, minibatch.observations)))

    return mean_over_minibatches(hyperparameters, over, experience.samples)
