"""The numbers and choices that all update rules share, and where they come from.

This module imports no JAX: reading results needs the numbers, and not the half second that JAX takes.
"""

from dataclasses import dataclass, field

from algorithms.choices import Choices

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
    """Adam's stepsize; the first update's where it is annealed."""
    adam_epsilon: float = 1e-5
    """ε of Adam, outside the square root."""
    hidden_sizes: tuple[int, ...] = (64, 64)
    """Units of the tanh layers of each of the two networks."""
    choices: Choices = field(default_factory=Choices)
    """What the paper leaves open."""

    def __post_init__(self) -> None:
        """Raises ValueError when the minibatches do not divide the horizon."""
        if self.horizon % self.minibatch_size:
            raise ValueError(
                f"minibatches of {self.minibatch_size} do not divide a horizon of {self.horizon} steps"
            )
