"""The surrogate objectives of the PPO paper: one formula, eleven parameter sets.

    E[ min(ρA, clip(ρ, 1 - ε, 1 + ε) A) - β KL(π_old ‖ π) ]

ε = ∞ is "no clipping", β = 0 "no penalty", d_targ = ∞ "β stays fixed". The parameters are data, so one
compiled program trains any mixture of rows.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from algorithms.gaussian import DiagonalGaussian, kl_divergence, log_probability
from algorithms.parameters import KL_COEFFICIENT_RANGE, Surrogate

# Far beyond any clip range, and its exponential is still finite in 32 bits.
MAX_CLIPPED_LOG_RATIO = 80.0


def objective(
    surrogate: Surrogate,
    old: DiagonalGaussian,
    new: DiagonalGaussian,
    actions: Float[Array, "sample action"],
    advantages: Float[Array, "sample"],
) -> Float[Array, ""]:
    """The surrogate objective, to be maximized over the parameters behind `new`.

    old: the policy that chose `actions`.
    new: the policy being improved, at the same observations.
    advantages: A of each action, already standardized.
    """
    # Where the ratio is clipped anyway its overflow must not be differentiated: 0·∞ would be NaN.
    cap = jnp.where(jnp.isfinite(surrogate.clip_range), MAX_CLIPPED_LOG_RATIO, jnp.inf)
    ratio = jnp.exp(jnp.minimum(log_ratio(old, new, actions), cap))
    clipped_ratio = jnp.clip(ratio, 1 - surrogate.clip_range, 1 + surrogate.clip_range)
    improvement = jnp.minimum(ratio * advantages, clipped_ratio * advantages)
    # Without penalty the KL is not differentiated at all: where it is infinite, 0·∞ would be NaN.
    penalized = surrogate.kl_coefficient > 0
    constrained = DiagonalGaussian(
        mean=jnp.where(penalized, new.mean, old.mean),
        log_std=jnp.where(penalized, new.log_std, old.log_std),
    )
    penalty = surrogate.kl_coefficient * kl_divergence(old, constrained)
    return jnp.mean(improvement - penalty)


def probability_ratio(
    old: DiagonalGaussian, new: DiagonalGaussian, actions: Float[Array, "sample action"]
) -> Float[Array, "sample"]:
    """ρ = π(a) / π_old(a)."""
    return jnp.exp(log_ratio(old, new, actions))


def log_ratio(
    old: DiagonalGaussian, new: DiagonalGaussian, actions: Float[Array, "sample action"]
) -> Float[Array, "sample"]:
    """Logarithm of ρ."""
    return log_probability(new, actions) - log_probability(old, actions)


def clip_fraction(surrogate: Surrogate, ratio: Float[Array, "sample"]) -> Float[Array, ""]:
    """The share of samples whose ratio lies outside [1 - ε, 1 + ε]."""
    return jnp.mean(jnp.abs(ratio - 1) > surrogate.clip_range, dtype=jnp.float32)


def adapted(surrogate: Surrogate, kl: Float[Array, ""]) -> Surrogate:
    """The surrogate of the next update, after one that moved the policy by `kl` (section 4).

    β is halved below d_targ / 1.5, doubled above 1.5 d_targ, and fixed where d_targ is ∞.
    """
    beta = surrogate.kl_coefficient
    followed = jnp.where(
        kl < surrogate.kl_target / 1.5,
        beta / 2,
        jnp.where(kl > surrogate.kl_target * 1.5, beta * 2, beta),
    )
    adapts = jnp.isfinite(surrogate.kl_target)
    kl_coefficient = jnp.where(adapts, jnp.clip(followed, *KL_COEFFICIENT_RANGE), beta)
    return surrogate._replace(kl_coefficient=kl_coefficient)
