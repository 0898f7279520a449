"""The observation filter against ppo1's sums, and its floors and clips."""

import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from algorithms.hyperparameters import Choices
from algorithms.rollout import (
    filter_observations,
    initial_statistics,
    observation_bound,
    standard_deviation,
    update_statistics,
)

RUNNING, NONE = Choices(), Choices(observation_filter="none")

batches = st.lists(
    hnp.arrays(np.float32, st.tuples(st.integers(1, 9), st.just(3)), elements=st.floats(-50, 50, width=32)),
    min_size=1,
    max_size=4,
)


@given(batches)
def test_statistics_are_those_of_ppo1(batches: list[np.ndarray]) -> None:
    """ppo1's `RunningMeanStd`: sums that start at 0, squares and count at 0.01, in 64 bits."""
    statistics = initial_statistics(3)
    total, squares, count = np.zeros(3), np.full(3, 1e-2), 1e-2
    for batch in batches:
        statistics = update_statistics(RUNNING, statistics, jnp.asarray(batch))
        total = total + batch.sum(axis=0, dtype=np.float64)
        squares = squares + np.square(batch, dtype=np.float64).sum(axis=0)
        count = count + len(batch)
    mean = total / count
    std = np.sqrt(np.maximum(squares / count - mean**2, 1e-2))
    observation = np.array([1.0, -20.0, 30.0], np.float32)
    expected = np.clip((observation - mean) / std, -5, 5)
    np.testing.assert_allclose(
        filter_observations(RUNNING, statistics, jnp.asarray(observation)), expected, rtol=1e-3, atol=2e-3
    )


def test_before_any_observation_the_filter_only_clips() -> None:
    observation = jnp.array([0.5, -4.0, 30.0])
    np.testing.assert_allclose(
        filter_observations(RUNNING, initial_statistics(3), observation), [0.5, -4.0, 5.0], rtol=1e-6
    )


def test_the_standard_deviation_has_a_floor_of_a_tenth() -> None:
    statistics = update_statistics(RUNNING, initial_statistics(1), jnp.ones((1000, 1)))
    normalized = filter_observations(RUNNING, statistics, jnp.array([[1.1], [0.8], [9.0]]))
    np.testing.assert_allclose(normalized[:, 0], [1.0, -2.0, 5.0], rtol=1e-3)
    assert abs(float(statistics.mean[0]) - 1) < 1e-4


def test_without_a_filter_observations_stay_as_they_are() -> None:
    seen = jnp.array([[0.1, -20.0, 3e30], [1e-30, 7.0, jnp.inf]])
    statistics = update_statistics(NONE, initial_statistics(3), seen)
    np.testing.assert_array_equal(filter_observations(NONE, statistics, seen), seen)
    # A stored policy has what these say.
    np.testing.assert_array_equal(statistics.mean, 0)
    np.testing.assert_array_equal(standard_deviation(statistics), 1)
    assert (observation_bound(RUNNING), observation_bound(NONE)) == (5, np.inf)


def test_a_running_filter_takes_in_each_rollout() -> None:
    """100 observations of 2, and a hundredth of one of 0: a mean of 200 / 100.01."""
    statistics = update_statistics(RUNNING, initial_statistics(1), jnp.full((100, 1), 2.0))
    np.testing.assert_allclose(statistics.mean, 200 / 100.01, rtol=1e-6)
