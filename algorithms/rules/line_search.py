"""Line search: as far along the gradient as the loss allows.

The loss is that of the importance-weighted surrogate on the rollout, which needs no new rollout to be
evaluated at another policy:

    L(θ) = -E[ρ A],   ρ = π_θ(a|s) / π_old(a|s),   ∇L(θ_old) = -E[A ∇ log π(a|s)]

The step starts large and is halved until the new loss is below the initial one. If none is, the policy stays
where it is. Nothing limits how far ρ may move from 1: the search asks for a lower loss only.

Where the lecture leaves something open:

- A large step has length 1 (`first_step`), measured over all parameters of the policy. That is the norm that
  each hidden unit's weights have at the start. This choice is ours.
- 10 steps are tried, each half of the one before: `trpo_mpi`'s line search.
- A is GAE(γ, λ), standardized if the protocol says so; the whole rollout is used, as in `trpo_mpi`.
- After the policy's step V is fitted to the λ-returns `GAE(γ, λ) + V`, in minibatches, as in `trpo_mpi`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float, Key

from algorithms.hyperparameters import Hyperparameters, LineSearchNumbers
from algorithms.networks import DiagonalGaussian
from algorithms.optimize import Context, adam, fit_values, mean_over_minibatches
from algorithms.rollout import Samples
from algorithms.rules import Experience, Improvement, Numbers, UpdateRule
from algorithms.rules.ppo import probability_ratio

# A smaller gain may be a rounding error: the loss is a mean of thousands of 32-bit numbers of size 1. This
# matters for a step that makes all actions impossible: then every ρ is 0, and the loss is 0 as at the start.
LEAST_GAIN = 1e-6

Vector = Float[Array, "parameter"]
"""All parameters of a policy, one after the other."""

Search = tuple[Array, Array, Array, Array]


@dataclass(frozen=True)
class Rule(UpdateRule):
    """The policy by one step along its gradient, found by line search, then the values by regression.

    Its number is in `LineSearchNumbers`. Its options:

    trials: how many steps are tried at most (10 in `trpo_mpi`).
    value_epochs: passes of the regression over the rollout (5 in `trpo_mpi`: `vf_iters`).
    value_stepsize: of its Adam (1e-3 in `trpo_mpi`: `vf_stepsize`).
    """

    trials: int
    value_epochs: int
    value_stepsize: float

    @property
    def columns(self) -> tuple[str, ...]:
        """What share of the first step was accepted; 0 where none was."""
        return ("step_fraction",)

    def initial(self, hyperparameters: Hyperparameters, parameters: dict[str, Any]) -> optax.OptState:
        """Adam's moments of the value network."""
        return adam(hyperparameters).init(parameters["value"])

    def improve(
        self,
        context: Context,
        parameters: dict[str, Any],
        rule_state: optax.OptState,
        numbers: Numbers,
        experience: Experience,
        key: Key[Array, ""],
    ) -> Improvement:
        """The policy first, then the values."""
        policy, initial_loss, fraction = self.step(context, parameters["policy"], numbers, experience)
        value, value_state, value_losses = fit_values(
            context,
            parameters["value"],
            rule_state,
            experience.samples,
            key,
            epochs=self.value_epochs,
            stepsize=self.value_stepsize,
        )
        return Improvement(
            parameters={"policy": policy, "value": value},
            rule_state=value_state,
            losses=initial_loss,
            value_losses=value_losses,
            diagnostics={"step_fraction": fraction},
        )

    def step(
        self,
        context: Context,
        parameters: dict[str, Any],
        numbers: Numbers,
        experience: Experience,
    ) -> tuple[dict[str, Any], Float[Array, ""], Float[Array, ""]]:
        """The policy's parameters after its step, the loss before it, and the fraction that was accepted."""
        start, as_parameters = ravel_pytree(parameters)

        def loss(theta: Vector, minibatch: Samples) -> Float[Array, ""]:
            policy = context.networks.policy(as_parameters(theta), minibatch.observations)
            return -importance_weighted_objective(experience.old_log_std, policy, minibatch)

        def over_rollout(function: Callable[[Samples], Any]) -> Any:
            return mean_over_minibatches(context.hyperparameters, function, experience.samples)

        initial_loss, gradient = over_rollout(partial(jax.value_and_grad(loss), start))
        length = LineSearchNumbers(**numbers).first_step
        first_step = -length * gradient / jnp.sqrt(jnp.sum(jnp.square(gradient)))
        theta, fraction = backtrack(
            lambda theta: over_rollout(partial(loss, theta)) < initial_loss - LEAST_GAIN,
            start,
            first_step,
            self.trials,
        )
        return as_parameters(theta), initial_loss, fraction


def importance_weighted_objective(
    old_log_std: Float[Array, "action"], policy: DiagonalGaussian, samples: Samples
) -> Float[Array, ""]:
    """`E[ρ A]`, to be maximized.

    old_log_std: of the policy that acted.
    policy: at the samples' observations.
    """
    old = DiagonalGaussian(mean=samples.old_means, log_std=old_log_std)
    return jnp.mean(probability_ratio(old, policy, samples.actions) * samples.advantages)


def backtrack(
    accepts: Callable[[Vector], Bool[Array, ""]], start: Vector, step: Vector, trials: int
) -> tuple[Vector, Float[Array, ""]]:
    """The first of `start + step`, `start + step/2`, `start + step/4`, … that is accepted, and its fraction.

    trials: how many are tried. If none is accepted, `start` is returned, and the fraction 0.
    """

    def continues(search: Search) -> Bool[Array, ""]:
        tried, accepted, _, _ = search
        return ~accepted & (tried < trials)

    def attempt(search: Search) -> Search:
        tried, _, fraction, _ = search
        point = start + fraction * step
        accepted = accepts(point)
        return tried + 1, accepted, jnp.where(accepted, fraction, fraction / 2), point

    first = jnp.int32(0), jnp.bool_(False), jnp.ones_like(start[0]), start
    _, accepted, fraction, point = jax.lax.while_loop(continues, attempt, first)
    return jnp.where(accepted, point, start), jnp.where(accepted, fraction, 0.0)
