"""GAE(λ) against its closed forms and a value worked by hand, with ends of episodes inside the batch."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from algorithms.advantages import generalized_advantages, over_minibatch, over_rollout, standardized
from algorithms.choices import Choices

HORIZON = 12
numbers = hnp.arrays(np.float32, HORIZON, elements=st.floats(-5, 5, width=32))
flags = hnp.arrays(bool, HORIZON)


def gae(rewards: np.ndarray, values: np.ndarray, ends: np.ndarray, discount: float, lam: float) -> np.ndarray:
    return np.asarray(
        generalized_advantages(
            jnp.asarray(rewards), jnp.asarray(values), jnp.asarray(ends), discount=discount, gae_lambda=lam
        )
    )


def test_by_hand() -> None:
    # γ = λ = 0.5 and the second step ends an episode: δ = (1 + 0.5·4 - 2, 2 - 4, 3 + 0.5·8 - 6) = (1, -2, 1),
    # so A = (1 + 0.25·(-2), -2, 1).
    advantages = gae(
        np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0, 8.0]), np.array([False, True, False]), 0.5, 0.5
    )
    np.testing.assert_array_equal(advantages, [0.5, -2.0, 1.0])


@given(numbers, numbers, flags, st.floats(-5, 5, width=32))
def test_lambda_zero_is_the_temporal_difference(
    rewards: np.ndarray, values: np.ndarray, ends: np.ndarray, last: float
) -> None:
    following = np.append(values[1:], np.float32(last))
    expected = rewards + 0.9 * np.where(ends, 0, following) - values
    advantages = gae(rewards, np.append(values, np.float32(last)), ends, 0.9, 0.0)
    np.testing.assert_allclose(advantages, expected, rtol=1e-5, atol=1e-5)


@given(numbers, numbers, flags, st.floats(-5, 5, width=32))
def test_lambda_one_is_the_return_minus_the_baseline(
    rewards: np.ndarray, values: np.ndarray, ends: np.ndarray, last: float
) -> None:
    returns = np.empty(HORIZON)
    following = float(last)  # an unfinished episode continues with the value of its last observation
    for t in reversed(range(HORIZON)):
        following = rewards[t] + (0.0 if ends[t] else 0.9 * following)
        returns[t] = following
    advantages = gae(rewards, np.append(values, np.float32(last)), ends, 0.9, 1.0)
    np.testing.assert_allclose(advantages, returns - values, rtol=1e-4, atol=1e-4)


@given(numbers, numbers, st.integers(0, HORIZON - 1))
def test_nothing_crosses_the_end_of_an_episode(rewards: np.ndarray, values: np.ndarray, end: int) -> None:
    ends = np.arange(HORIZON) == end
    extended = np.append(values, np.float32(0))
    before = gae(rewards, extended, ends, 0.99, 0.95)
    rewards, extended = rewards.copy(), extended.copy()
    rewards[end + 1 :] += 100
    extended[end + 1 :] -= 100
    np.testing.assert_array_equal(gae(rewards, extended, ends, 0.99, 0.95)[: end + 1], before[: end + 1])


def test_standardized_over_the_whole_batch() -> None:
    result = standardized(jnp.array([1.0, 2.0, 3.0, 6.0]))
    # mean 3, variance (4 + 1 + 0 + 9) / 4
    np.testing.assert_allclose(result, np.array([-2, -1, 0, 3]) / np.sqrt(3.5), rtol=1e-6)
    assert result.mean() == pytest.approx(0, abs=1e-6)


def test_what_is_standardized_by_hand() -> None:
    """1, 2, 3, 6 as above over the rollout; then the minibatch 3, 6, of mean 4.5 and std 1.5."""
    rollout = jnp.array([1.0, 2.0, 3.0, 6.0])
    whole = np.array([-2, -1, 0, 3]) / np.sqrt(3.5)
    for choices, of_rollout, of_minibatch in (
        (Choices(advantages="raw"), rollout, [3, 6]),
        (Choices(), whole, whole[2:]),
        (Choices(advantages="minibatch"), whole, [-1, 1]),
    ):
        given = over_rollout(choices, rollout)
        np.testing.assert_allclose(given, of_rollout, rtol=1e-6)
        np.testing.assert_allclose(over_minibatch(choices, given[2:]), of_minibatch, rtol=1e-6)
