"""Generalized advantage estimation."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float


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


def standardized(advantages: Float[Array, "time"]) -> Float[Array, "time"]:
    """Advantages with mean 0 and standard deviation 1 over the whole batch, as in `ppo1`."""
    return (advantages - jnp.mean(advantages)) / jnp.std(advantages)
