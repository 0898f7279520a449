"""The numbers and choices of a protocol, and the numbers of each update rule, as typed values.

This module imports no JAX: reading results needs the values, and not the half second that JAX takes.
"""

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_type_hints

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
class Choices:
    """What the paper leaves open. The first value of each field is the default.

    A choice is static: another value is another compiled program. What each value means, and where it comes
    from, stands in `bench/protocol/choices.py`.

    Raises:
        ValueError: for a value that its field does not have.
    """

    observation_filter: Literal["running", "none"] = "running"
    advantages: Literal["standardized", "raw", "minibatch"] = "standardized"
    value_loss: Literal["unclipped", "clipped"] = "unclipped"
    gradient_clipping: Literal["none", "global_norm"] = "none"
    stepsize_schedule: Literal["constant", "linear", "linear_with_clip_range"] = "constant"
    early_stopping: Literal["none", "kl"] = "none"
    initial_weights: Literal["normalized", "orthogonal"] = "normalized"
    time_limit: Literal["end", "bootstrap"] = "end"
    actions: Literal["unclipped", "clipped"] = "unclipped"
    rewards: Literal["unscaled", "scaled"] = "unscaled"

    def __post_init__(self) -> None:
        for name, allowed in possible_choices().items():
            value = getattr(self, name)
            if value not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {value}")

    def others(self) -> dict[str, str]:
        """The choices that are not the default."""
        default = Choices()
        values = dataclasses.asdict(self).items()
        return {name: value for name, value in values if value != getattr(default, name)}


def possible_choices() -> dict[str, tuple[str, ...]]:
    """The values of each choice, the default first."""
    return {name: get_args(kind) for name, kind in get_type_hints(Choices).items()}


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
    """Adam's stepsize; the first update's where it is annealed."""
    adam_epsilon: float = 1e-5
    """ε of Adam, outside the square root."""
    hidden_sizes: tuple[int, ...] = (64, 64)
    """Units of the tanh layers of each of the two networks."""
    choices: Choices = field(default_factory=Choices)
    """What the paper leaves open."""

    def __post_init__(self) -> None:
        """Raises ValueError for a number out of range, and when the minibatches do not divide the horizon."""
        for name in ("horizon", "epochs", "minibatch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more, not {getattr(self, name)}")
        if not self.hidden_sizes or min(self.hidden_sizes) < 1:
            raise ValueError(f"hidden_sizes must be 1 or more each, not {self.hidden_sizes}")
        for name in ("discount", "gae_lambda"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be between 0 and 1, not {getattr(self, name)}")
        for name in ("stepsize", "adam_epsilon"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be 0 or more, not {getattr(self, name)}")
        if self.horizon % self.minibatch_size:
            raise ValueError(
                f"minibatches of {self.minibatch_size} do not divide a horizon of {self.horizon} steps"
            )


class Range(NamedTuple):
    """The values that a number may have: above `low`, or equal to it where it is included; also ∞."""

    low: float
    includes_low: bool = False

    def __contains__(self, value: object) -> bool:
        assert isinstance(value, int | float)
        return value > self.low or (self.includes_low and value == self.low)


# Not -∞: the JSON of a run has null for ∞, and nothing for -∞.
ANY = Range(-math.inf)
POSITIVE = Range(0)
NOT_NEGATIVE = Range(0, includes_low=True)


class PpoNumbers(NamedTuple):
    """The numbers of PPO's surrogate objective, which make its rows. All are traced: rows share a program."""

    clip_range: Annotated[Any, POSITIVE]
    """ε; ∞ for no clipping."""
    kl_coefficient: Annotated[Any, NOT_NEGATIVE]
    """β; 0 for no penalty."""
    kl_target: Annotated[Any, POSITIVE]
    """d_targ, in nats; ∞ for a β that stays fixed."""


class LineSearchNumbers(NamedTuple):
    """The number of the line search."""

    first_step: Annotated[Any, ANY]
    """The length of the first step that is tried."""


class TrpoNumbers(NamedTuple):
    """The numbers of TRPO."""

    damping: Annotated[Any, ANY]
    """What conjugate gradients add to F's diagonal (0.1 in `trpo_mpi`: `cg_damping`)."""
    kl_radius: Annotated[Any, POSITIVE]
    """δ, in nats (0.01 in the paper and in `trpo_mpi`: `max_kl`)."""
    kl_tolerance: Annotated[Any, ANY]
    """The largest KL that is accepted, in units of δ (1.5 in `trpo_mpi`). The KL is only approximately
    quadratic, so a step often ends a little beyond δ."""


class FeedbackNumbers(NamedTuple):
    """The numbers of PPO from human feedback, beside those of PPO."""

    supervised_coefficient: Annotated[Any, NOT_NEGATIVE]
    """β of the penalty for leaving the supervised policy; 0 for none."""
    mistake_chance: Annotated[Any, NOT_NEGATIVE]
    """The chance that the labeler prefers the wrong window."""


# The ranges of numbers by their names, which mean the same in every rule; also in one's own.
NUMBER_RANGES: dict[str, Range] = {
    name: get_args(kind)[1]
    for numbers in (PpoNumbers, LineSearchNumbers, TrpoNumbers, FeedbackNumbers)
    for name, kind in get_type_hints(numbers, include_extras=True).items()
}
