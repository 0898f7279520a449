"""PPO with an objective of one's own, which is called with the inputs that its arguments name."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from algorithms.networks import DiagonalGaussian, entropy, kl_divergence
from algorithms.optimize import Context
from algorithms.rollout import Samples, standardize_minibatch
from algorithms.rules import Experience, Numbers, ppo

INPUTS = {
    "ratio": "ρ = π(a|s) / π_old(a|s), at most e^40, `[sample]`",
    "log_ratio": "log ρ, `[sample]`",
    "kl": "KL(π_old ‖ π) of the two Gaussians in nats, exact, `[sample]`",
    "reverse_kl": "KL(π ‖ π_old) likewise, `[sample]`",
    "entropy": "of π in nats, exact, `[sample]`",
    "advantage": "A, standardized as the protocol says, `[sample]`",
    "value": "V(s) of the value network as it is in this gradient step, without a gradient, `[sample]`",
    "value_target": "what V(s) is fitted to, `[sample]`",
    "progress": "the share of the run's updates that are made before this one: from 0 to 1 - 1/n, `[]`",
    "numbers": "the setting's numbers by name, each `[]`",
}
"""What an objective may name as its arguments, in any order."""

# Beyond, a sample has no gradient: one that overflows would be NaN wherever an objective multiplies it by 0.
# No policy moves as far in an update, and e^40 and its square are finite in 32 bits.
MAX_LOG_RATIO = 40.0

Objective = Callable[..., Float[Array, "sample"]]
"""Of what it names of `INPUTS`: what is maximized, as a mean over the samples."""


@dataclass(frozen=True)
class Rule(ppo.SurrogateRule):
    """PPO that maximizes `function` in place of the paper's objective. Its numbers are the function's own."""

    function: Objective

    def objective(
        self,
        context: Context,
        parameters: dict[str, Any],
        numbers: Numbers,
        experience: Experience,
        minibatch: Samples,
    ) -> Float[Array, ""]:
        """The mean of the function over the minibatch's samples."""
        old, new = ppo.policies(context, parameters, experience, minibatch)

        def value() -> Float[Array, "sample"]:
            values = context.networks.values(parameters["value"], minibatch.observations)
            return jax.lax.stop_gradient(values)

        given = give_inputs(old, new, minibatch.actions) | {
            "advantage": lambda: standardize_minibatch(context.hyperparameters.choices, minibatch.advantages),
            "value": value,
            "value_target": lambda: minibatch.value_targets,
            "progress": lambda: jnp.asarray(context.progress),
            "numbers": lambda: numbers,
        }
        return jnp.mean(self.function(**{name: given[name]() for name in argument_names(self.function)}))


def give_inputs(
    old: DiagonalGaussian, new: DiagonalGaussian, actions: Float[Array, "sample action"]
) -> dict[str, Callable[[], Any]]:
    """Those of `INPUTS` that are of the two policies at the samples, each made when it is called."""
    # Finite even for an action that has become impossible.
    log_ratio = jnp.maximum(ppo.log_ratio(old, new, actions), np.finfo(np.float32).min)
    bounds = old.log_std - MAX_LOG_RATIO, old.log_std + MAX_LOG_RATIO
    near = DiagonalGaussian(mean=new.mean, log_std=jnp.clip(new.log_std, *bounds))
    return {
        "ratio": lambda: jnp.exp(jnp.minimum(log_ratio, MAX_LOG_RATIO)),
        "log_ratio": lambda: log_ratio,
        "kl": lambda: kl_divergence(old, near),
        "reverse_kl": lambda: kl_divergence(near, old),
        "entropy": lambda: jnp.broadcast_to(entropy(new), log_ratio.shape),
    }


def argument_names(function: Objective) -> list[str]:
    """What a function names as its arguments, apart from what has a default and is none of `INPUTS`."""
    parameters = inspect.signature(function).parameters.values()
    return [
        each.name for each in parameters if each.name in INPUTS or each.default is inspect.Parameter.empty
    ]
