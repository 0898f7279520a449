"""PPO with an objective of one's own, which gets what it names, as a test of pytest gets its fixtures."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from algorithms.networks import entropy, kl_divergence
from algorithms.optimize import Context
from algorithms.rollout import Samples, standardize_minibatch
from algorithms.rules import Experience, Numbers, ppo

INPUTS = {
    "ratio": "ρ = π(a|s) / π_old(a|s), `[sample]`",
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
        log_ratio = ppo.log_ratio(old, new, minibatch.actions)

        def value() -> Float[Array, "sample"]:
            values = context.networks.values(parameters["value"], minibatch.observations)
            return jax.lax.stop_gradient(values)

        given: dict[str, Callable[[], Any]] = {
            "ratio": lambda: jnp.exp(log_ratio),
            "log_ratio": lambda: log_ratio,
            "kl": lambda: kl_divergence(old, new),
            "reverse_kl": lambda: kl_divergence(new, old),
            "entropy": lambda: jnp.broadcast_to(entropy(new), log_ratio.shape),
            "advantage": lambda: standardize_minibatch(context.hyperparameters.choices, minibatch.advantages),
            "value": value,
            "value_target": lambda: minibatch.value_targets,
            "progress": lambda: jnp.asarray(context.progress),
            "numbers": lambda: numbers,
        }
        return jnp.mean(self.function(**{name: given[name]() for name in argument_names(self.function)}))


def argument_names(function: Objective) -> list[str]:
    """What a function names as its arguments, apart from what has a default and is none of `INPUTS`."""
    parameters = inspect.signature(function).parameters.values()
    return [
        each.name for each in parameters if each.name in INPUTS or each.default is inspect.Parameter.empty
    ]
