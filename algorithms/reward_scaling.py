"""Rewards divided by the running standard deviation of discounted returns.

This is `VecNormalize` of OpenAI's baselines, with its constants, for one environment: each run has its own
statistics.
"""

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float

INITIAL_COUNT = 1e-4
EPSILON = 1e-8
REWARD_CLIP = 10.0


@struct.dataclass
class ReturnStatistics:
    """Of the discounted returns R of a run: R is 0 where an episode starts, and each step makes it γR + r.

    discounted_return: R after the last step, 0 if that ended the episode.
    count: steps so far, and what the first mean and variance weigh, a ten-thousandth of a step.
    mean, variance: of R over these.
    """

    discounted_return: Float[Array, "*run"]
    count: Float[Array, "*run"]
    mean: Float[Array, "*run"]
    variance: Float[Array, "*run"]


def initial_return_statistics() -> ReturnStatistics:
    """Mean 0 and variance 1, weighing as much as a ten-thousandth of a step."""
    numbers = {"discounted_return": 0.0, "count": INITIAL_COUNT, "mean": 0.0, "variance": 1.0}
    return ReturnStatistics(**{name: jnp.asarray(number, jnp.float32) for name, number in numbers.items()})


def scaled(
    statistics: ReturnStatistics,
    rewards: Float[Array, "time"],
    ends: Bool[Array, "time"],
    *,
    discount: float,
) -> tuple[ReturnStatistics, Float[Array, "time"]]:
    """The statistics after these steps, and `clip(r / sqrt(variance + 1e-8), -10, 10)` of each reward.

    A reward is divided by the deviation of all returns up to its own step, as if it were scaled while acting.
    """

    def forwards(
        now: ReturnStatistics, step: tuple[Float[Array, ""], Bool[Array, ""]]
    ) -> tuple[ReturnStatistics, Float[Array, ""]]:
        reward, end = step
        discounted_return = discount * now.discounted_return + reward
        count, shift = now.count + 1, discounted_return - now.mean
        # Chan et al. 1979's update by one number.
        variance = (now.variance * now.count + jnp.square(shift) * now.count / count) / count
        following = ReturnStatistics(
            discounted_return=jnp.where(end, 0.0, discounted_return),
            count=count,
            mean=now.mean + shift / count,
            variance=variance,
        )
        return following, jnp.clip(reward / jnp.sqrt(variance + EPSILON), -REWARD_CLIP, REWARD_CLIP)

    return jax.lax.scan(forwards, statistics, (rewards, ends))
