"""GAE(λ) against its closed forms and a value worked by hand, with ends of episodes inside the batch."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from algorithms.alternatives import bootstrap_rewards
from algorithms.hyperparameters import Choices
from algorithms.rollout import (
    generalized_advantages,
    standardize,
    standardize_minibatch,
    standardize_rollout,
)

HORIZON = 12
numbers = hnp.arrays(np.float32, HORIZON, elements=st.floats(-5, 5, width=32))
flags = hnp.arrays(bool, HORIZON)


# Else each example of a property compiles its loop over time anew.
compiled = jax.jit(generalized_advantages, static_argnames=("discount", "gae_lambda"))


def gae(rewards: np.ndarray, values: np.ndarray, ends: np.ndarray, discount: float, lam: float) -> np.ndarray:
    return np.asarray(compiled(rewards, values, ends, discount=discount, gae_lambda=lam))


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


def test_a_time_limit_by_hand() -> None:
    # As above, but the second step's episode goes on with V = 8: δ = (1, 2 + 0.5·8 - 4, 1) = (1, 2, 1).
    ends, reached = np.array([False, True, False]), jnp.array([False, True, False])
    rewards = bootstrap_rewards(jnp.array([1.0, 2.0, 3.0]), jnp.array([7.0, 8.0, 9.0]), reached, discount=0.5)
    np.testing.assert_array_equal(rewards, [1.0, 6.0, 3.0])
    values = np.array([2.0, 4.0, 6.0, 8.0])
    advantages = gae(np.asarray(rewards), values, ends, 0.5, 0.5)
    np.testing.assert_array_equal(advantages, [1.5, 2.0, 1.0])
    assert (advantages + values[:-1])[1] == 2 + 0.5 * 8  # the target at the time limit


@given(numbers, numbers, st.sampled_from([0, 4, HORIZON - 1]))
def test_a_time_limit_is_where_a_rollout_is_cut(rewards: np.ndarray, values: np.ndarray, last: int) -> None:
    """A rollout's own end goes on with V of its last observation; so does a time limit within a rollout."""
    reached, final_values = np.arange(HORIZON) == last, np.roll(values, -1)
    cut = gae(
        rewards[: last + 1],
        np.append(values[: last + 1], final_values[last]),
        np.zeros(last + 1, bool),
        0.9,
        0.8,
    )
    limited = bootstrap_rewards(
        jnp.asarray(rewards), jnp.asarray(final_values), jnp.asarray(reached), discount=0.9
    )
    whole = gae(np.asarray(limited), np.append(values, np.float32(0)), reached, 0.9, 0.8)
    np.testing.assert_allclose(whole[: last + 1], cut, rtol=1e-5, atol=1e-5)


def test_standardized_over_the_whole_batch() -> None:
    result = standardize(jnp.array([1.0, 2.0, 3.0, 6.0]))
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
        given = standardize_rollout(choices, rollout)
        np.testing.assert_allclose(given, of_rollout, rtol=1e-6)
        np.testing.assert_allclose(standardize_minibatch(choices, given[2:]), of_minibatch, rtol=1e-6)
