"""Comparisons of short windows of rollouts by a synthetic labeler (the lecture's step 2).

As in Christiano et al. 2017 (arXiv:1706.03741), the labeler prefers the window with the larger sum of true
rewards. Nothing else in training sees them.
"""

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float, Int, Key

from algorithms.rollout import Rollout


@struct.dataclass
class Windows:
    """Consecutive steps of rollouts.

    observations: as the environment gave them, `[..., step, observation]`.
    actions: `[..., step, action]`
    exists: whether no episode ended in an earlier step of the window, `[..., step]`. After an end nothing is
        earned in the rest of the window, although the rollout goes on with another episode.
    """

    observations: Float[Array, "*batch step observation"]
    actions: Float[Array, "*batch step action"]
    exists: Bool[Array, "*batch step"]


@struct.dataclass
class Comparisons:
    """Pairs of windows, and which of each the labeler preferred.

    With a leading axis `run` where runs are batched.

    windows: `[comparison, 2, step, ...]`
    first_preferred: `[comparison]`
    count: how many there are, `[]`. The arrays have room for all of a run; the rest is empty.
    """

    windows: Windows
    first_preferred: Bool[Array, "*run comparison"]
    count: Int[Array, "*run"]


def no_comparisons(room: int, steps: int, observation_size: int, action_size: int) -> Comparisons:
    """No comparisons yet.

    room: how many the arrays can hold.
    steps: of each window.
    """
    shape = (room, 2, steps)
    return Comparisons(
        windows=Windows(
            observations=jnp.zeros((*shape, observation_size)),
            actions=jnp.zeros((*shape, action_size)),
            exists=jnp.zeros(shape, bool),
        ),
        first_preferred=jnp.zeros(room, bool),
        count=jnp.zeros((), jnp.int32),
    )


def cut_windows(
    rollout: Rollout, starts: Int[Array, "*batch"], steps: int
) -> tuple[Windows, Float[Array, "*batch"]]:
    """The windows of one run's rollout that begin at these steps, and the true reward that each earned.

    steps: of each window; at most as many as the rollout has from its start on.
    """
    index = starts[..., None] + jnp.arange(steps)
    ends = rollout.ends[index].astype(jnp.int32)
    exists = jnp.cumsum(ends, axis=-1) - ends == 0
    earned = jnp.sum(jnp.where(exists, rollout.rewards[index], 0.0), axis=-1)
    return Windows(rollout.observations[index], rollout.actions[index], exists), earned


def prefer_first(
    first: Float[Array, "pair"],
    second: Float[Array, "pair"],
    mistake_chance: Float[Array, ""] | float,
    key: Key[Array, ""],
) -> Bool[Array, "pair"]:
    """Whether the labeler prefers the first window of each pair. Consumes the key.

    Of two that earned the same it prefers either, with chance one half.

    first, second: the true reward that each window earned.
    mistake_chance: the chance that the labeler gives the wrong answer.
    """
    tie_key, mistake_key = jax.random.split(key)
    better = jnp.where(first == second, jax.random.bernoulli(tie_key, 0.5, first.shape), first > second)
    return better != jax.random.bernoulli(mistake_key, mistake_chance, first.shape)


def compare(
    comparisons: Comparisons,
    rollout: Rollout,
    pairs: int,
    due: Int[Array, ""],
    mistake_chance: Float[Array, ""] | float,
    key: Key[Array, ""],
) -> Comparisons:
    """Add comparisons of random windows of one run's rollout, as far as there is room. Consumes the key.

    pairs: how many are drawn, of which the first `due` are added.
    """
    starts_key, labeler_key = jax.random.split(key)
    steps = comparisons.windows.exists.shape[-1]
    starts = jax.random.randint(starts_key, (pairs, 2), 0, len(rollout.rewards) - steps + 1)
    windows, earned = cut_windows(rollout, starts, steps)
    preferred = prefer_first(earned[:, 0], earned[:, 1], mistake_chance, labeler_key)
    room = len(comparisons.first_preferred)
    indices = jnp.where(jnp.arange(pairs) < due, comparisons.count + jnp.arange(pairs), room)

    def add(array: Array, new: Array) -> Array:
        return array.at[indices].set(new, mode="drop")

    return Comparisons(
        windows=jax.tree.map(add, comparisons.windows, windows),
        first_preferred=add(comparisons.first_preferred, preferred),
        count=jnp.minimum(comparisons.count + due, room),
    )
