"""What PPO works on: the state of a run, its rollout, and what an update tells of itself."""

from typing import Any

import optax
from flax import struct
from jaxtyping import Array, Bool, Float, Key

from algorithms.normalization import ObservationStatistics
from algorithms.parameters import Surrogate


@struct.dataclass
class Actor:
    """What acting needs: the policy's parameters and the observation filter."""

    policy: Any
    statistics: ObservationStatistics


@struct.dataclass
class RunState:
    """Everything a run carries from one update to the next.

    parameters: of the networks, `{"policy": ..., "value": ...}`.
    optimizer: Adam's state over all parameters.
    statistics: of the observations up to the last update.
    surrogate: the row's objective, with its current β.
    key: where all randomness of the following rollouts and updates comes from.
    """

    parameters: dict[str, Any]
    optimizer: optax.OptState
    statistics: ObservationStatistics
    surrogate: Surrogate
    key: Key[Array, "*run"]

    @property
    def actor(self) -> Actor:
        """The acting part."""
        return Actor(policy=self.parameters["policy"], statistics=self.statistics)


@struct.dataclass
class Rollout:
    """A horizon of steps of each run. The time axis comes first, as the environments fill it.

    observations: `[time + 1, run, observation]`; the last is where the next rollout starts.
    actions: `[time, run, action]`
    rewards: `[time, run]`
    ends: `[time, run]`, whether the episode ended with that step.
    """

    observations: Float[Array, "_ *run observation"]
    actions: Float[Array, "time *run action"]
    rewards: Float[Array, "time *run"]
    ends: Bool[Array, "time *run"]


@struct.dataclass
class Diagnostics:
    """What an update did, each `[run]`.

    kl: mean KL(π_old ‖ π) over the rollout after the update, in nats.
    kl_coefficient: the β that the update used.
    clip_fraction: share of samples whose ratio ended outside the clip range.
    policy_std: mean standard deviation of the policy over the action's dimensions, after the update.
    value_loss: mean squared error of the value network over the update's gradient steps.
    explained_variance: 1 - Var(target - V) / Var(target), of the values before the update.
    finite: whether all parameters and losses are.
    """

    kl: Float[Array, "*run"]
    kl_coefficient: Float[Array, "*run"]
    clip_fraction: Float[Array, "*run"]
    policy_std: Float[Array, "*run"]
    value_loss: Float[Array, "*run"]
    explained_variance: Float[Array, "*run"]
    finite: Bool[Array, "*run"]


@struct.dataclass
class Batch:
    """The samples of one run's rollout as its update sees them.

    Every array is `[sample, ...]`, and `[minibatch, sample, ...]` once divided into minibatches.
    """

    observations: Float[Array, "*sample observation"]
    actions: Float[Array, "*sample action"]
    old_means: Float[Array, "*sample action"]
    advantages: Float[Array, "*sample"]
    value_targets: Float[Array, "*sample"]
