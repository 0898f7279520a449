"""A rollout and what an update makes of it first: filtered observations and advantages.

The observation filter is that of OpenAI's `ppo1`. A protocol without a filter has the neutral one, of mean 0,
standard deviation 1 and no bound. It leaves observations as they are.
"""

import math

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float

from algorithms.hyperparameters import (
    OBSERVATION_CLIP,
    OBSERVATION_INITIAL_COUNT,
    OBSERVATION_VARIANCE_FLOOR,
    Choices,
)


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

    observations: filtered by the statistics that have this rollout.
    old_means: of the policy before the update, at these observations. When it acted the filter was older.
    advantages: standardized over the rollout, unless the protocol chooses otherwise.
    value_targets: what the value network should give.
    old_values: V before the update, at these observations; None where the value loss does without.
    """

    observations: Float[Array, "*sample observation"]
    actions: Float[Array, "*sample action"]
    old_means: Float[Array, "*sample action"]
    advantages: Float[Array, "*sample"]
    value_targets: Float[Array, "*sample"]
    old_values: Float[Array, "*sample"] | None = None


@struct.dataclass
class ObservationStatistics:
    """Count, mean and summed squared deviations of the observations seen so far.

    Sums of deviations, rather than of squares, keep their precision in 32 bits.

    count: `[]`, as all fields with a leading axis `run` where runs are batched.
    mean: `[observation]`
    squared_deviations: `[observation]`, the sum of (o - mean)² over observations.
    """

    count: Float[Array, "*run"]
    mean: Float[Array, "*run observation"]
    squared_deviations: Float[Array, "*run observation"]


def initial_statistics(observation_size: int) -> ObservationStatistics:
    """Mean 0 and standard deviation 1, weighing as much as a hundredth of an observation."""
    return ObservationStatistics(
        count=jnp.asarray(OBSERVATION_INITIAL_COUNT, jnp.float32),
        mean=jnp.zeros(observation_size, jnp.float32),
        squared_deviations=jnp.full(observation_size, OBSERVATION_INITIAL_COUNT, jnp.float32),
    )


def update_statistics(
    choices: Choices, statistics: ObservationStatistics, observations: Float[Array, "time observation"]
) -> ObservationStatistics:
    """The statistics after a rollout (Chan et al. 1979's pairwise update); without a filter, unchanged."""
    if choices.observation_filter == "none":
        return statistics
    batch_count = observations.shape[0]
    batch_mean = jnp.mean(observations, axis=0)
    batch_deviations = jnp.sum(jnp.square(observations - batch_mean), axis=0)
    count = statistics.count + batch_count
    shift = batch_mean - statistics.mean
    return ObservationStatistics(
        count=count,
        mean=statistics.mean + shift * (batch_count / count),
        squared_deviations=statistics.squared_deviations
        + batch_deviations
        + jnp.square(shift) * (statistics.count * batch_count / count),
    )


def standard_deviation(statistics: ObservationStatistics) -> Float[Array, "observation"]:
    """sqrt(max(variance, 0.01)) of one run's observations."""
    variance = statistics.squared_deviations / statistics.count
    return jnp.sqrt(jnp.maximum(variance, OBSERVATION_VARIANCE_FLOOR))


def observation_bound(choices: Choices) -> float:
    """The largest absolute value of a filtered observation; ∞ without a filter."""
    return math.inf if choices.observation_filter == "none" else OBSERVATION_CLIP


def filter_observations(
    choices: Choices, statistics: ObservationStatistics, observations: Float[Array, "*batch observation"]
) -> Float[Array, "*batch observation"]:
    """clip((o - mean) / std, -5, 5)."""
    std, bound = standard_deviation(statistics), observation_bound(choices)
    return jnp.clip((observations - statistics.mean) / std, -bound, bound)


def generalized_advantages(
    rewards: Float[Array, "time"],
    values: Float[Array, "time+1"],
    ends: Bool[Array, "time"],
    *,
    discount: float,
    gae_lambda: float,
) -> Float[Array, "time"]:
    """GAE(γ, λ) of one run's rollout (PPO paper, equations 11-12; Schulman et al. 2016).

    `δ_t = r_t + γ V(s_{t+1}) - V(s_t)` and `A_t = δ_t + γλ A_{t+1}`, where A is 0 beyond the rollout. An end
    of episode at `t` removes both terms that look past it. λ = 0 is the one-step temporal difference; λ = 1
    the discounted return minus the baseline.

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


def rewards_to_go(
    rewards: Float[Array, "time"],
    values: Float[Array, "time+1"],
    ends: Bool[Array, "time"],
    *,
    discount: float,
) -> Float[Array, "time"]:
    """`Σ_{k≥t} γ^{k-t} r_k` up to the episode's end; V continues an episode that the rollout cuts."""
    return generalized_advantages(rewards, values, ends, discount=discount, gae_lambda=1.0) + values[:-1]


def standardize(advantages: Float[Array, "sample"]) -> Float[Array, "sample"]:
    """Advantages with mean 0 and standard deviation 1 over these samples.

    Of samples whose advantages are all equal they are NaN, and the run diverges.
    """
    return (advantages - jnp.mean(advantages)) / jnp.std(advantages)


def standardize_rollout(choices: Choices, advantages: Float[Array, "time"]) -> Float[Array, "time"]:
    """A rollout's advantages as a rule gets them: standardized as in `ppo1`, unless the choice is `raw`."""
    return advantages if choices.advantages == "raw" else standardize(advantages)


def standardize_minibatch(choices: Choices, advantages: Float[Array, "sample"]) -> Float[Array, "sample"]:
    """A minibatch's advantages as its gradient step sees them: as given, unless the choice is `minibatch`.

    Standardized over the minibatch they are the same but for rounding, whether they were standardized over
    the rollout before or not.
    """
    return standardize(advantages) if choices.advantages == "minibatch" else advantages
