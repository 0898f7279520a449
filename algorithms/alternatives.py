"""What a protocol may choose instead of the default: nothing here takes part in a default run.

Each part says where it comes from. `bench/protocol/choices.py` says it for people.
"""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float

# Rewards are scaled as by `VecNormalize` of OpenAI's baselines, with its constants.
RETURN_INITIAL_COUNT = 1e-4
RETURN_EPSILON = 1e-8
REWARD_CLIP = 10.0
# The gains of orthogonal weights, as CleanRL and Stable-Baselines3 have them.
GAINS = {"hidden": math.sqrt(2), "policy_mean": 0.01, "value": 1.0}
# The largest norm of a clipped gradient, as CleanRL and Stable-Baselines3 have it.
LARGEST_GRADIENT_NORM = 0.5
# When epochs stop, in nats: 1.5 times `target_kl` of Spinning Up.
KL_LIMIT = 1.5 * 0.01
# Of the clipped value loss, for a setting without a clip range: the default of `ppo1`.
VALUE_CLIP_RANGE = 0.2


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
    numbers = {"discounted_return": 0.0, "count": RETURN_INITIAL_COUNT, "mean": 0.0, "variance": 1.0}
    return ReturnStatistics(**{name: jnp.asarray(number, jnp.float32) for name, number in numbers.items()})


def scale_rewards(
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
        return following, jnp.clip(reward / jnp.sqrt(variance + RETURN_EPSILON), -REWARD_CLIP, REWARD_CLIP)

    return jax.lax.scan(forwards, statistics, (rewards, ends))


def bootstrap_rewards(
    rewards: Float[Array, "time"],
    final_values: Float[Array, "time"],
    time_limits: Bool[Array, "time"],
    *,
    discount: float,
) -> Float[Array, "time"]:
    """Rewards that go on with V where a time limit ended the episode: `r_t + γ V(o)` in its last step.

    The end stays an end, so that nothing of the next episode counts (Pardo et al. 2018, "Time limits in
    reinforcement learning": partial-episode bootstrapping).

    final_values: V of the observation o that such a step led to, before the reset; anything for other steps.
    time_limits: whether a time limit, and nothing else, ended the episode with that step.
    """
    return rewards + jnp.where(time_limits, discount * final_values, 0.0)


def orthogonal_weights(layer: str) -> jax.nn.initializers.Initializer:
    """A random orthogonal matrix `[inputs, outputs]` times the layer's gain (Saxe et al. 2014).

    Its rows or its columns, whichever are fewer, are orthogonal and have the gain as their norm. These are
    the weights of `jax.nn.initializers.orthogonal`, but for rounding. That function calls LAPACK, whose last
    bits differ by processor.
    """

    def initialize(key: Array, shape: Any, dtype: Any = None, out_sharding: Any = None) -> Array:
        inputs, outputs = shape
        fewer, more = sorted(shape)
        vectors = orthonormalize(jax.random.normal(key, (more, fewer), dtype).T)
        return GAINS[layer] * (vectors if inputs < outputs else vectors.T)

    return initialize


def orthonormalize(vectors: Float[Array, "vector component"]) -> Float[Array, "vector component"]:
    """Gram-Schmidt: from each vector its projections on those before are subtracted, then its norm is made 1.

    They are subtracted twice, because the first time leaves what rounding adds up to.

    vectors: linearly independent.
    """
    indices = jnp.arange(vectors.shape[0])[:, None]

    def orthonormalize_one(index: Any, vectors: Array) -> Array:
        before, vector = jnp.where(indices < index, vectors, 0.0), vectors[index]
        for _ in range(2):
            projections = jnp.sum(before * vector, axis=1, keepdims=True)
            vector = vector - jnp.sum(projections * before, axis=0)
        return vectors.at[index].set(vector / jnp.sqrt(jnp.sum(jnp.square(vector))))

    done: Array = jax.lax.fori_loop(0, vectors.shape[0], orthonormalize_one, vectors)
    return done


def clipped_value_loss(
    values: Float[Array, "sample"],
    old_values: Float[Array, "sample"],
    targets: Float[Array, "sample"],
    clip_range: Float[Array, ""] | float | None,
) -> Float[Array, ""]:
    """`½ E[max((V - R)², (V' - R)²)]` with `V' = V_old + clip(V - V_old, -c, c)`; `ppo1` of 2017-07-20.

    A value that has moved towards its target by more than c has no gradient.

    clip_range: ε of the setting, which is c, in the unit of the values. Where it is None or ∞, c is 0.2.
    """
    given = jnp.asarray(math.inf if clip_range is None else clip_range)
    bound = jnp.where(jnp.isfinite(given), given, VALUE_CLIP_RANGE)
    clipped = old_values + jnp.clip(values - old_values, -bound, bound)
    return 0.5 * jnp.mean(jnp.maximum(jnp.square(values - targets), jnp.square(clipped - targets)))


def scan_while(
    continues: Callable[[Any], Bool[Array, ""]],
    step: Callable[[Any, Any], tuple[Any, Any]],
    carry: Any,
    xs: Any,
) -> tuple[Any, Any]:
    """`jax.lax.scan` that makes no further step after the first whose carry `continues` refuses.

    Each output of a step that is not made is the mean of those outputs that are, which leaves means over
    steps as they are.
    """

    def make(carry: Any, x: Any) -> tuple[Any, Any, Bool[Array, ""]]:
        carry, outputs = step(carry, x)
        return carry, outputs, continues(carry)

    def leave_out(carry: Any, x: Any) -> tuple[Any, Any, Bool[Array, ""]]:
        _, outputs = jax.eval_shape(step, carry, x)
        return carry, jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), outputs), jnp.bool_(False)

    def next_step(state: tuple[Any, Bool[Array, ""]], x: Any) -> tuple[Any, Any]:
        carry, is_made = state
        carry, outputs, is_next_made = jax.lax.cond(is_made, make, leave_out, carry, x)
        return (carry, is_next_made), (outputs, is_made)

    (carry, _), (outputs, are_made) = jax.lax.scan(next_step, (carry, jnp.bool_(True)), xs)

    def fill(leaf: Array) -> Array:
        mean = jnp.sum(leaf, axis=0) / jnp.sum(are_made)
        return jnp.where(are_made.reshape(-1, *(1,) * (leaf.ndim - 1)), leaf, mean)

    return carry, jax.tree.map(fill, outputs)
