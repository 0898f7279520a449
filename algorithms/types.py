"""What the learner works on: the state of a run, its rollout, and the diagnostics of an update."""

from typing import Any

from flax import struct
from jaxtyping import Array, Bool, Float, UInt32

from algorithms.observation_filter import ObservationStatistics
from algorithms.reward_scaling import ReturnStatistics

Numbers = dict[str, Any]
"""A setting's numbers by name, such as ε: each a scalar, or an array with a leading axis `run`."""


@struct.dataclass
class Actor:
    """What acting needs: the policy's parameters and the observation filter."""

    policy: Any
    statistics: ObservationStatistics


@struct.dataclass
class RunState:
    """Everything a run carries from one update to the next.

    parameters: of the networks, `{"policy": ..., "value": ...}`.
    rule_state: what the update rule carries, such as Adam's moments.
    statistics: of the observations up to the last update.
    numbers: of the run's setting; those that adapt, such as β, as the next update uses them.
    key: the words of the random key from which all randomness of the following rollouts and updates comes.
        As plain numbers, because a program is called faster without typed keys among its arguments.
    return_statistics: of the discounted returns up to the last update, where the protocol scales rewards.
    """

    parameters: dict[str, Any]
    rule_state: Any
    statistics: ObservationStatistics
    numbers: Numbers
    key: UInt32[Array, "*run 2"]
    return_statistics: ReturnStatistics | None = None

    @property
    def actor(self) -> Actor:
        """The acting part."""
        return Actor(policy=self.parameters["policy"], statistics=self.statistics)


@struct.dataclass
class TimeLimits:
    """Where a time limit, and nothing else, ended an episode.

    reached: `[time, run]`, whether it did with that step.
    observations: `[time, run, observation]`, where those steps led, before the reset; 0 for all other steps.
    """

    reached: Bool[Array, "time *run"]
    observations: Float[Array, "time *run observation"]


@struct.dataclass
class Rollout:
    """A horizon of steps of each run. The time axis comes first, as the environments fill it.

    observations: `[time + 1, run, observation]`; the last is where the next rollout starts.
    actions: `[time, run, action]`
    rewards: `[time, run]`
    ends: `[time, run]`, whether the episode ended with that step.
    time_limits: where the protocol bootstraps at them.
    """

    observations: Float[Array, "_ *run observation"]
    actions: Float[Array, "time *run action"]
    rewards: Float[Array, "time *run"]
    ends: Bool[Array, "time *run"]
    time_limits: TimeLimits | None = None


@struct.dataclass
class Samples:
    """The steps of one run's rollout as an update rule sees them.

    Every array is `[sample, ...]`, and `[minibatch, sample, ...]` once divided into minibatches.

    observations: filtered.
    old_means: of the policy that acted, under the same filter.
    advantages: standardized over the rollout, unless the protocol chooses otherwise.
    value_targets: what the value network should give.
    old_values: V before the update, under the same filter; None where the value loss does without.
    """

    observations: Float[Array, "*sample observation"]
    actions: Float[Array, "*sample action"]
    old_means: Float[Array, "*sample action"]
    advantages: Float[Array, "*sample"]
    value_targets: Float[Array, "*sample"]
    old_values: Float[Array, "*sample"] | None = None


@struct.dataclass
class Experience:
    """What an update rule improves a policy from.

    samples: of the rollout.
    old_log_std: of the policy that acted, `[action]`.
    rewards: `[time]`, of the rollout, as learning sees them.
    ends: `[time]`, of the rollout.
    values: `[time + 1]`, V of the rollout's observations under the filter that acted.
    """

    samples: Samples
    old_log_std: Float[Array, "action"]
    rewards: Float[Array, "time"]
    ends: Bool[Array, "time"]
    values: Float[Array, "_"]


@struct.dataclass
class Improvement:
    """What an update rule made of the parameters.

    losses: that were minimized, of any shape; the run diverges when one is not finite.
    value_losses: of the value network on the way, of any shape.
    of_rule: the first of the rule's own diagnostics; those that `diagnose` gives follow.
    """

    parameters: dict[str, Any]
    rule_state: Any
    losses: Float[Array, "..."]
    value_losses: Float[Array, "..."]
    of_rule: tuple[Float[Array, ""], ...] = ()


@struct.dataclass
class Diagnostics:
    """What an update did, each `[run]`.

    kl: mean KL(π_old ‖ π) over the rollout after the update, in nats.
    of_rule: the rule's own, in the order of its `columns`.
    policy_std: mean standard deviation of the policy over the action's dimensions, after the update.
    value_loss: mean of the update's value losses.
    explained_variance: 1 - Var(target - V) / Var(target), of the values before the update.
    finite: whether all parameters and losses are.
    """

    kl: Float[Array, "*run"]
    of_rule: tuple[Float[Array, "*run"], ...]
    policy_std: Float[Array, "*run"]
    value_loss: Float[Array, "*run"]
    explained_variance: Float[Array, "*run"]
    finite: Bool[Array, "*run"]
