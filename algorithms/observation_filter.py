"""Running observation statistics: the observation filter of OpenAI's `ppo1`.

A protocol without a filter has the neutral one, of mean 0, standard deviation 1 and no bound. It leaves
observations as they are.
"""

import math

import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Float

from algorithms.choices import Choices
from algorithms.hyperparameters import OBSERVATION_CLIP, OBSERVATION_INITIAL_COUNT, OBSERVATION_VARIANCE_FLOOR


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


def include(
    statistics: ObservationStatistics, observations: Float[Array, "time observation"]
) -> ObservationStatistics:
    """The statistics with a further batch of observations (Chan et al. 1979's pairwise update)."""
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


def updated_statistics(
    choices: Choices, statistics: ObservationStatistics, observations: Float[Array, "time observation"]
) -> ObservationStatistics:
    """The statistics after a rollout; without a filter those of the start, mean 0 and std 1."""
    match choices.observation_filter:
        case "running":
            return include(statistics, observations)
        case "none":
            return statistics


def observation_bound(choices: Choices) -> float:
    """The largest absolute value of a filtered observation; ∞ without a filter."""
    match choices.observation_filter:
        case "running":
            return OBSERVATION_CLIP
        case "none":
            return math.inf


def standard_deviation(statistics: ObservationStatistics) -> Float[Array, "observation"]:
    """sqrt(max(variance, 0.01)) of one run's observations."""
    variance = statistics.squared_deviations / statistics.count
    return jnp.sqrt(jnp.maximum(variance, OBSERVATION_VARIANCE_FLOOR))


def normalize(
    statistics: ObservationStatistics,
    observations: Float[Array, "*batch observation"],
    bound: float = OBSERVATION_CLIP,
) -> Float[Array, "*batch observation"]:
    """clip((o - mean) / std, -5, 5), or another bound; see `observation_bound`."""
    std = standard_deviation(statistics)
    return jnp.clip((observations - statistics.mean) / std, -bound, bound)
