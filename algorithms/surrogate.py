"""The surrogate objectives of the PPO paper: one formula, eleven parameter sets.

    E[ min(ρA, clip(ρ, 1 - ε, 1 + ε) A) - β KL(π_old ‖ π) ]

ε = ∞ is "no clipping", β = 0 "no penalty", d_targ = ∞ "β stays fixed". The parameters are data, so one
compiled program trains any mixture of rows.
"""

import dataclasses
import math

import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Float

from algorithms.gaussian import DiagonalGaussian, kl_divergence, log_probability

# A numerical guard, not in the paper: unbounded, β can underflow to 0 and stay there.
KL_COEFFICIENT_RANGE = (2.0**-40, 2.0**40)
# Far beyond any clip range, and its exponential is still finite in 32 bits.
MAX_CLIPPED_LOG_RATIO = 80.0


@struct.dataclass
class Surrogate:
    """The parameters of one row of Table 1; each a scalar, or an array with a leading batch axis.

    clip_range: ε, ∞ without clipping.
    kl_coefficient: β, 0 without penalty; where it adapts, the value that the next update uses.
    kl_target: d_targ in nats, ∞ where β is fixed.
    """

    clip_range: float | Float[Array, "*batch"]
    kl_coefficient: float | Float[Array, "*batch"]
    kl_target: float | Float[Array, "*batch"]


def no_clipping() -> Surrogate:
    """The unconstrained importance-weighted objective (section 3, equation 6)."""
    return Surrogate(clip_range=math.inf, kl_coefficient=0.0, kl_target=math.inf)


def clipping(clip_range: float) -> Surrogate:
    """The clipped surrogate objective (section 3, equation 7).

    Raises:
        ValueError: unless 0 < ε.
    """
    _require_positive("the clip range ε", clip_range)
    return Surrogate(clip_range=clip_range, kl_coefficient=0.0, kl_target=math.inf)


def fixed_kl(kl_coefficient: float) -> Surrogate:
    """The KL-penalized objective with constant β (section 4, equation 8).

    Raises:
        ValueError: unless 0 < β.
    """
    _require_positive("the KL coefficient β", kl_coefficient)
    return Surrogate(clip_range=math.inf, kl_coefficient=kl_coefficient, kl_target=math.inf)


def adaptive_kl(kl_target: float) -> Surrogate:
    """The KL-penalized objective whose β starts at 1 and follows `adapted` (section 4).

    Raises:
        ValueError: unless 0 < d_targ.
    """
    _require_positive("the KL target d_targ", kl_target)
    return Surrogate(clip_range=math.inf, kl_coefficient=1.0, kl_target=kl_target)


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
    return dataclasses.replace(surrogate, kl_coefficient=kl_coefficient)


def _require_positive(name: str, value: float) -> None:
    if not value > 0:
        raise ValueError(f"{name} must be positive, not {value}")
