"""Windows and the synthetic labeler."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from algorithms.comparisons import compare, cut_windows, no_comparisons, prefer_first
from algorithms.rollout import Rollout

MANY = 20_000


def rollout_of(rewards: list[float], ends: list[int]) -> Rollout:
    """A run's rollout whose observation and action at step t are t."""
    steps = np.arange(len(rewards) + 1.0, dtype=np.float32)
    return Rollout(
        observations=jnp.asarray(steps)[:, None],
        actions=jnp.asarray(steps[:-1])[:, None],
        rewards=jnp.asarray(rewards, jnp.float32),
        ends=jnp.asarray(ends, bool),
    )


def test_a_window_earns_what_its_steps_earn_up_to_an_end() -> None:
    rollout = rollout_of([1, 2, 4, 8, 16, 32], [0, 0, 1, 0, 0, 1])
    windows, earned = cut_windows(rollout, jnp.array([0, 1, 2, 3]), 3)
    # The step that ends an episode is still part of it.
    np.testing.assert_array_equal(earned, [1 + 2 + 4, 2 + 4, 4, 8 + 16 + 32])
    np.testing.assert_array_equal(windows.exists, [[1, 1, 1], [1, 1, 0], [1, 0, 0], [1, 1, 1]])
    np.testing.assert_array_equal(windows.actions[..., 0], [[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5]])


def test_the_labeler_prefers_what_earned_more() -> None:
    first, second = jnp.array([1.0, 2.0, -3.0]), jnp.array([2.0, 1.0, -4.0])
    np.testing.assert_array_equal(prefer_first(first, second, 0.0, jax.random.key(0)), [False, True, True])


@pytest.mark.parametrize("chance", [0.0, 0.1, 0.5])
def test_the_labeler_prefers_the_worse_window_as_often_as_it_errs(chance: float) -> None:
    preferred = prefer_first(jnp.ones(MANY), jnp.zeros(MANY), chance, jax.random.key(1))
    # Four standard errors.
    assert abs(1 - float(jnp.mean(preferred)) - chance) <= 4 * (chance * (1 - chance) / MANY) ** 0.5


def test_a_tie_is_decided_by_the_key() -> None:
    ties = jnp.zeros(MANY)
    answers = [prefer_first(ties, ties, 0.0, jax.random.key(seed)) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(answers[0], answers[1])
    assert (answers[0] != answers[2]).any()
    assert abs(float(jnp.mean(answers[0])) - 0.5) < 4 * 0.5 / MANY**0.5


def test_as_many_comparisons_are_added_as_are_due_and_fit_in() -> None:
    rollout = rollout_of([1.0] * 30 + [2.0] * 30, [0] * 60)
    comparisons = no_comparisons(10, 5, 1, 1)
    counts = []
    for number, due in enumerate((4, 0, 3, 4)):
        before = comparisons
        key = jax.random.key(number)
        comparisons = compare(comparisons, rollout, 4, jnp.asarray(due), 0.0, key)
        counts.append(int(comparisons.count))
        kept = int(before.count)
        np.testing.assert_array_equal(
            comparisons.windows.actions[:kept], before.windows.actions[:kept], "earlier ones stay"
        )
        assert not comparisons.windows.exists[counts[-1] :].any()
    assert counts == [4, 4, 7, 10]
    assert comparisons.windows.exists.all()
    # The actions say where a window begins, and so what it earned.
    starts = np.asarray(comparisons.windows.actions[:, :, 0, 0], int)
    earned = np.array([[sum(1 + (t >= 30) for t in range(s, s + 5)) for s in pair] for pair in starts])
    differs = earned[:, 0] != earned[:, 1]
    preferred = np.asarray(comparisons.first_preferred)
    np.testing.assert_array_equal(preferred[differs], (earned[:, 0] > earned[:, 1])[differs])
    assert differs.any()
