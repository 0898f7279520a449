"""Generalized advantage estimation, and the six estimators Ψ of the policy gradient."""

from functools import partial
from typing import Literal, assert_never

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from algorithms.choices import Choices


def generalized_advantages(
    rewards: Float[Array, "time"],
    values: Float[Array, "time+1"],
    ends: Bool[Array, "time"],
    *,
    discount: float,
    gae_lambda: float,
) -> Float[Array, "time"]:
    """GAE(γ, λ) of one run's rollout (PPO paper, equations 11-12; Schulman et al. 2016).

    `δ_t = r_t + γ V(s_{t+1}) - V(s_t)` and `A_t = δ_t + γλ A_{t+1}`, where an end of episode at `t`
    removes both terms that look past it. λ = 0 is the one-step temporal difference; λ = 1 the
    discounted return minus the baseline.

    rewards: reward of each step.
    values: V of the observation each step started from, then of the one after the last step.
    ends: whether the episode ended with that step, for whatever reason.
    """
    continues = 1.0 - ends
    deltas = rewards + discount * continues * values[1:] - values[:-1]

    def backwards(
        following: Float[Array, ""], step: tuple[Float[Array, ""], Float[Array, ""]]
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        delta, continue_ = step
        advantage = delta + discount * gae_lambda * continue_ * following
        return advantage, advantage

    _, advantages = jax.lax.scan(backwards, jnp.zeros_like(values[-1]), (deltas, continues), reverse=True)
    return advantages


def bootstrapped(
    rewards: Float[Array, "time"],
    final_values: Float[Array, "time"],
    time_limits: Bool[Array, "time"],
    *,
    discount: float,
) -> Float[Array, "time"]:
    """Rewards that go on with V where a time limit ended the episode: `r_t + γ V(o)` in its last step.

    The end stays an end, so that nothing of the next episode counts (Pardo et al. 2018, "Time limits in
    reinforcement learning": partial-episode bootstrapping).

    final_values: V of the observation o that such a step led to, before the reset; anything for other steps.
    time_limits: whether a time limit, and nothing else, ended the episode with that step.
    """
    return rewards + jnp.where(time_limits, discount * final_values, 0.0)


Psi = Literal["total_reward", "action_value", "reward_to_go", "baseline", "advantage", "td_residual"]
"""The six Ψ of the lecture, in its order (Schulman et al. 2016, equation 1)."""


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


def rewards_to_go(
    rewards: Float[Array, "time"],
    values: Float[Array, "time+1"],
    ends: Bool[Array, "time"],
    *,
    discount: float,
) -> Float[Array, "time"]:
    """`Σ_{k≥t} γ^{k-t} r_k` up to the episode's end; V continues an episode that the rollout cuts."""
    return generalized_advantages(rewards, values, ends, discount=discount, gae_lambda=1.0) + values[:-1]


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


def over_rollout(choices: Choices, advantages: Float[Array, "time"]) -> Float[Array, "time"]:
    """A rollout's advantages as an update rule gets them."""
    match choices.advantages:
        case "standardized" | "minibatch":
            return standardized(advantages)
        case "raw":
            return advantages


def over_minibatch(choices: Choices, advantages: Float[Array, "sample"]) -> Float[Array, "sample"]:
    """A minibatch's advantages as its gradient step sees them, from those that `over_rollout` gave.

    Standardized over the minibatch they are the same but for rounding, whether they were standardized over
    the rollout before or not.
    """
    match choices.advantages:
        case "standardized" | "raw":
            return advantages
        case "minibatch":
            return standardized(advantages)


def standardized(advantages: Float[Array, "time"]) -> Float[Array, "time"]:
    """Advantages with mean 0 and standard deviation 1 over these samples: the rollout's, as in `ppo1`."""
    return (advantages - jnp.mean(advantages)) / jnp.std(advantages)
