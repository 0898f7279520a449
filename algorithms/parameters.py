"""All numbers of the algorithm, and where they come from.

This module imports no JAX: reading results needs the numbers, and not the half second that JAX takes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from jaxtyping import Array, Float

# Norm of each output unit's incoming weights at the start (`normc_initializer` in baselines/ppo1).
HIDDEN_NORM = 1.0
VALUE_NORM = 1.0
POLICY_MEAN_NORM = 0.01

# The observation filter (`RunningMeanStd` and `MlpPolicy` of baselines/ppo1).
OBSERVATION_INITIAL_COUNT = 1e-2
OBSERVATION_VARIANCE_FLOOR = 1e-2
OBSERVATION_CLIP = 5.0

# A numerical guard, not in the paper: unbounded, β can underflow to 0 and stay there.
KL_COEFFICIENT_RANGE = (2.0**-40, 2.0**40)


@dataclass(frozen=True)
class Hyperparameters:
    """What all rows of Table 1 share (PPO paper, Table 3; Adam's ε from OpenAI's `ppo1`)."""

    horizon: int = 2048
    """T: steps of each run between two updates."""
    epochs: int = 10
    """Passes over the rollout in an update."""
    minibatch_size: int = 64
    """Samples of a gradient step; divides the horizon."""
    discount: float = 0.99
    """γ"""
    gae_lambda: float = 0.95
    """λ of the advantage estimator."""
    stepsize: float = 3e-4
    """Adam's stepsize, constant."""
    adam_epsilon: float = 1e-5
    """ε of Adam, outside the square root."""
    hidden_sizes: tuple[int, ...] = (64, 64)
    """Units of the tanh layers of each of the two networks."""

    def __post_init__(self) -> None:
        """Raises ValueError when the minibatches do not divide the horizon."""
        if self.horizon % self.minibatch_size:
            raise ValueError(
                f"minibatches of {self.minibatch_size} do not divide a horizon of {self.horizon} steps"
            )


class Surrogate(NamedTuple):
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


def _require_positive(name: str, value: float) -> None:
    if not value > 0:
        raise ValueError(f"{name} must be positive, not {value}")
