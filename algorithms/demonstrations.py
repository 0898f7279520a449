"""Demonstrations, and the supervised policy that imitates them (the lecture's step 1).

maximize E[ log π_θ(a|s) ]   over the demonstrator's states and actions
"""

from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import struct
from jaxtyping import Array, Float, Key

from algorithms.hyperparameters import Choices
from algorithms.networks import Networks, log_probability
from algorithms.optimize import scan_shuffled
from algorithms.rollout import (
    ObservationStatistics,
    filter_observations,
    initial_statistics,
    update_statistics,
)

# The number of gradient steps does not grow with that of demonstrations: more steps fitted the noise of the
# demonstrator's actions, as the likelihood of demonstrations that were left out showed.
GRADIENT_STEPS = 4000
MINIBATCH_SIZE = 64
# Of the first step; it falls linearly to 0.
STEPSIZE = 1e-3
# The likelihood of few demonstrations is largest for a std that is too small, and then log ratios are huge.
SMALLEST_LOG_STD = -2.3


@struct.dataclass
class Demonstrations:
    """What a demonstrator saw and did.

    observations: as the environment gave them, `[step, observation]`.
    actions: unclipped, `[step, action]`.
    """

    observations: Float[Array, "step observation"]
    actions: Float[Array, "step action"]


def demonstrated_statistics(choices: Choices, demonstrations: Demonstrations) -> ObservationStatistics:
    """The statistics of the observation filter after the demonstrator's observations and no others."""
    observations = demonstrations.observations
    return update_statistics(choices, initial_statistics(observations.shape[1]), observations)


def imitation_loss(
    networks: Networks,
    policy: Any,
    observations: Float[Array, "sample observation"],
    actions: Float[Array, "sample action"],
) -> Float[Array, ""]:
    """`-E[ log π(a|s) ]`. policy: the parameters; observations: filtered."""
    return -jnp.mean(log_probability(networks.policy(policy, observations), actions))


def imitate(
    choices: Choices, networks: Networks, policy: Any, demonstrations: Demonstrations, key: Key[Array, ""]
) -> Any:
    """Fit a policy to demonstrations by maximum likelihood: Adam in epochs of minibatches.

    There are as many epochs as `GRADIENT_STEPS` gradient steps need. After each step the log std is at least
    `SMALLEST_LOG_STD`. Consumes the key.

    policy: the parameters to start from. Returns those of the supervised policy.
    """
    statistics = demonstrated_statistics(choices, demonstrations)
    observations = filter_observations(choices, statistics, demonstrations.observations)
    samples = len(observations)
    size = min(MINIBATCH_SIZE, samples)
    epochs = -(-GRADIENT_STEPS // (samples // size))
    stepsizes = optax.linear_schedule(STEPSIZE, 0.0, epochs * (samples // size))
    optimizer = optax.flatten(optax.adam(stepsizes))

    def step(carry: Any, indices: Array) -> tuple[Any, None]:
        policy, state = carry
        gradient = jax.grad(imitation_loss, argnums=1)(
            networks, policy, observations[indices], demonstrations.actions[indices]
        )
        changes, state = optimizer.update(gradient, state)
        return (_bound_std(optax.apply_updates(policy, changes)), state), None

    start = policy, optimizer.init(policy)
    policy, _ = scan_shuffled(step, start, jnp.arange(samples), size, epochs, key)
    return policy


def _bound_std(policy: Any) -> Any:
    named = policy["params"]
    return {"params": {**named, "log_std": jnp.maximum(named["log_std"], SMALLEST_LOG_STD)}}
