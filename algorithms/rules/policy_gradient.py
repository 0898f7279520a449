"""The policy gradient: one step of Adam an update (Williams 1992, Sutton et al. 2000).

    ∇J = E[ Σ_t γ^t Ψ_t ∇ log π(a_t|s_t) ]

The six Ψ are those of `psi_weights`. Where the lecture leaves something open, Spinning Up's VPG decides:

- One step of Adam uses the whole rollout. Its stepsize is the protocol's, 3e-4, which is also Spinning Up's.
- The mean over the samples stands for the sum over a trajectory. They differ by a factor, and a constant
  factor changes nothing for Adam, apart from its ε.
- An episode that the rollout cuts is continued with V.
- After the policy's step V is fitted to the rewards-to-go.

In two things this is not Spinning Up's VPG:

- Ψ is used as it is. Spinning Up standardizes it over the batch. To subtract the mean is to have a baseline,
  and whether there is a baseline is what the six settings compare.
- V is fitted by epochs of minibatches, as TRPO's V is. Spinning Up makes 80 steps on the whole rollout.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, assert_never

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Key

from algorithms.hyperparameters import Hyperparameters
from algorithms.networks import DiagonalGaussian, log_probability
from algorithms.optimize import Context, adam, fit_values, mean_over_minibatches
from algorithms.rollout import Samples, generalized_advantages, rewards_to_go
from algorithms.rules import Experience, Improvement, Numbers, UpdateRule

Psi = Literal["total_reward", "action_value", "reward_to_go", "baseline", "advantage", "td_residual"]
"""The six Ψ of the lecture, in its order (Schulman et al. 2016, equation 1)."""


@dataclass(frozen=True)
class Rule(UpdateRule):
    """The policy by one step of Adam on the policy gradient, then the values by regression.

    It has no numbers. Its options:

    psi: which Ψ.
    value_epochs: passes of the regression over the rollout (5 in `trpo_mpi`: `vf_iters`).
    value_stepsize: of its Adam (1e-3 in Spinning Up: `vf_lr`, and in `trpo_mpi`: `vf_stepsize`).
    discounted_states: whether γ^t stands in front, as in the lecture. Spinning Up and `trpo_mpi` leave it
        out. With it the later steps of an episode hardly count: γ^300 is 0.05.
    """

    psi: Psi
    value_epochs: int
    value_stepsize: float
    discounted_states: bool

    def initial(self, hyperparameters: Hyperparameters, parameters: dict[str, Any]) -> Any:
        """Adam's moments of each network."""
        return {name: adam(hyperparameters).init(network) for name, network in parameters.items()}

    def improve(
        self,
        context: Context,
        parameters: dict[str, Any],
        rule_state: Any,
        numbers: Numbers,
        experience: Experience,
        key: Key[Array, ""],
    ) -> Improvement:
        """The policy first, then the values."""
        hyperparameters, samples, ends = context.hyperparameters, experience.samples, experience.ends
        estimated = partial(
            psi_weights,
            rewards=experience.rewards,
            values=experience.values,
            ends=ends,
            discount=hyperparameters.discount,
            gae_lambda=hyperparameters.gae_lambda,
        )
        psi = estimated(self.psi)
        if self.discounted_states:
            psi = discount_weights(ends, hyperparameters.discount) * psi

        def loss(policy: dict[str, Any], minibatch: Samples, psi: Float[Array, "sample"]) -> Float[Array, ""]:
            now = context.networks.policy(policy, minibatch.observations)
            return -policy_gradient_objective(now, minibatch.actions, psi)

        minimized, gradient = mean_over_minibatches(
            hyperparameters,
            lambda each: jax.value_and_grad(loss)(parameters["policy"], *each),
            (samples, psi),
        )
        optimizer = adam(hyperparameters, hyperparameters.stepsize * context.stepsize_fraction)
        changes, policy_state = optimizer.update(gradient, rule_state["policy"])
        policy = optax.apply_updates(parameters["policy"], changes)
        value, value_state, value_losses = fit_values(
            context,
            parameters["value"],
            rule_state["value"],
            replace(samples, value_targets=estimated("reward_to_go")),
            key,
            epochs=self.value_epochs,
            stepsize=self.value_stepsize,
        )
        return Improvement(
            parameters={"policy": policy, "value": value},
            rule_state={"policy": policy_state, "value": value_state},
            losses=minimized,
            value_losses=value_losses,
        )


def policy_gradient_objective(
    policy: DiagonalGaussian, actions: Float[Array, "sample action"], psi: Float[Array, "sample"]
) -> Float[Array, ""]:
    """`E[Ψ log π(a|s)]`. Its value says nothing; its gradient is the policy gradient.

    policy: at the samples' observations.
    psi: Ψ of each sample, times γ^t where that is meant; a constant of the policy's parameters.
    """
    return jnp.mean(psi * log_probability(policy, actions))


def psi_weights(
    psi: Psi,
    rewards: Float[Array, "time"],
    values: Float[Array, "time+1"],
    ends: Bool[Array, "time"],
    *,
    discount: float,
    gae_lambda: float,
) -> Float[Array, "time"]:
    """Ψ_t of the policy gradient `E[Σ γ^t Ψ_t ∇ log π(a_t|s_t)]` for one run's rollout.

    1. total_reward: `Σ_{k<t} r_k + Σ_{k≥t} γ^{k-t} r_k`. Discounting begins at `t`, so the expected gradient
       is that of the other five: an action has no part in the rewards before it.
    2. action_value: `Q(s_t, a_t)`, estimated as `GAE(γ, λ) + V(s_t)`, the λ-return. There is no Q network.
    3. reward_to_go: `Σ_{k≥t} γ^{k-t} r_k`, which is `GAE(γ, 1) + V(s_t)`.
    4. baseline: `Σ_{k≥t} γ^{k-t} r_k - V(s_t)`, which is `GAE(γ, 1)`.
    5. advantage: `A(s_t, a_t)`, estimated as `GAE(γ, λ)`.
    6. td_residual: `r_t + γ V(s_{t+1}) - V(s_t)`, which is `GAE(γ, 0)`.

    With the exact V all six give the exact gradient in expectation. With a fitted V, 2, 5 and 6 are biased by
    its error; 1, 3 and 4 are not, but where the rollout cuts an episode: all six go on with V there, as
    Spinning Up does. The part of an episode before the rollout counts as no part of the trajectory.

    rewards, values, ends: as `generalized_advantages` has them.
    """
    advantages = partial(generalized_advantages, rewards, values, ends, discount=discount)
    match psi:
        case "total_reward":
            return rewards_before(rewards, ends) + rewards_to_go(rewards, values, ends, discount=discount)
        case "action_value":
            return advantages(gae_lambda=gae_lambda) + values[:-1]
        case "reward_to_go":
            return rewards_to_go(rewards, values, ends, discount=discount)
        case "baseline":
            return advantages(gae_lambda=1.0)
        case "advantage":
            return advantages(gae_lambda=gae_lambda)
        case "td_residual":
            return advantages(gae_lambda=0.0)
    assert_never(psi)


def rewards_before(rewards: Float[Array, "time"], ends: Bool[Array, "time"]) -> Float[Array, "time"]:
    """The sum of the episode's rewards before each step, as far as the rollout has them."""

    def forwards(
        total: Float[Array, ""], step: tuple[Float[Array, ""], Bool[Array, ""]]
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        reward, end = step
        return jnp.where(end, 0.0, total + reward), total

    _, totals = jax.lax.scan(forwards, jnp.zeros_like(rewards[0]), (rewards, ends))
    return totals


def discount_weights(ends: Bool[Array, "time"], discount: float) -> Float[Array, "time"]:
    """`γ^t`; t counts from the episode's start, or from the rollout's if the episode began before it."""

    def forwards(weight: Float[Array, ""], end: Bool[Array, ""]) -> tuple[Float[Array, ""], Float[Array, ""]]:
        return jnp.where(end, 1.0, discount * weight), weight

    _, weights = jax.lax.scan(forwards, jnp.ones(()), ends)
    return weights
