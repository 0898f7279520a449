"""Reward scaling by hand, beside baselines' operations in 64 bits, and beside Gymnasium's wrapper."""

from typing import Any

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from gymnasium.wrappers import NormalizeReward
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from algorithms.alternatives import ReturnStatistics, initial_return_statistics, scale_rewards

HORIZON = 40
rewards_of = hnp.arrays(np.float32, HORIZON, elements=st.floats(-20, 20, width=32))
flags = hnp.arrays(bool, HORIZON)


# Else each example of a property compiles its loop over time anew.
compiled = jax.jit(scale_rewards, static_argnames="discount")


def statistics(*numbers: float) -> ReturnStatistics:
    return ReturnStatistics(*(jnp.asarray(number, jnp.float32) for number in numbers))


def baselines(rewards: np.ndarray, ends: np.ndarray, discount: float = 0.99) -> np.ndarray:
    """`VecNormalize.step_wait` and `RunningMeanStd` for one environment, as baselines has them."""
    mean, var, count, ret, found = 0.0, 1.0, 1e-4, 0.0, []
    for reward, end in zip(rewards.astype(np.float64), ends, strict=True):
        ret = ret * discount + reward
        batch_mean, batch_var, batch_count = ret, 0.0, 1
        delta, tot_count = batch_mean - mean, count + batch_count
        m2 = var * count + batch_var * batch_count + delta**2 * count * batch_count / tot_count
        mean, var, count = mean + delta * batch_count / tot_count, m2 / tot_count, tot_count
        found.append(np.clip(reward / np.sqrt(var + 1e-8), -10, 10))
        ret = 0.0 if end else ret
    return np.array(found)


def test_by_hand() -> None:
    # γ = 0.5. R = 0.5·2 + 4 = 5, which is 3 from the mean 2: variance (3·1 + 9·1/2) / 2 = 3.75, mean 3.5.
    # The episode ends. R = -1, which is -4.5 away: variance (3.75·2 + 20.25·2/3) / 3 = 7, mean 3.5 - 1.5 = 2.
    after, rewards = scale_rewards(
        statistics(2, 1, 2, 3), jnp.array([4.0, -1.0]), jnp.array([True, False]), discount=0.5
    )
    np.testing.assert_allclose(rewards, [4 / np.sqrt(3.75), -1 / np.sqrt(7)], rtol=1e-6)
    assert [float(leaf) for leaf in jax.tree.leaves(after)] == pytest.approx([-1, 3, 2, 7])


def test_the_first_rewards_are_clipped() -> None:
    """The first return is all but its own mean, so hardly anything deviates: 3 / 0.0316 would be 95."""
    _, rewards = scale_rewards(
        initial_return_statistics(), jnp.array([3.0, -3.0]), jnp.zeros(2, bool), discount=0.9
    )
    assert float(rewards[0]) == 10
    assert -10 < float(rewards[1]) < 0


@given(rewards_of, flags)
def test_it_is_baselines(rewards: np.ndarray, ends: np.ndarray) -> None:
    _, ours = compiled(initial_return_statistics(), rewards, ends, discount=0.99)
    # In 32 bits; and where returns hardly deviate, on a scale that is all rounding.
    np.testing.assert_allclose(ours, baselines(rewards, ends), rtol=1e-3, atol=1e-3)


@pytest.mark.soak
def test_it_stays_baselines_over_a_million_steps() -> None:
    random = np.random.default_rng(0)
    rewards, ends = random.normal(1, 1, 1_000_000).astype(np.float32), random.random(1_000_000) < 1e-3
    _, ours = scale_rewards(
        initial_return_statistics(), jnp.asarray(rewards), jnp.asarray(ends), discount=0.99
    )
    np.testing.assert_allclose(ours[-1000:], baselines(rewards, ends)[-1000:], rtol=1e-3)


@pytest.mark.slow
@given(rewards_of, flags, st.sampled_from([0, 1, 17, HORIZON]))
def test_it_goes_on_from_its_statistics_to_the_bit(rewards: np.ndarray, ends: np.ndarray, cut: int) -> None:
    whole, expected = compiled(initial_return_statistics(), rewards, ends, discount=0.99)
    between, first = compiled(initial_return_statistics(), rewards[:cut], ends[:cut], discount=0.99)
    after, second = compiled(between, rewards[cut:], ends[cut:], discount=0.99)
    np.testing.assert_array_equal(np.append(first, second), expected)
    assert jax.tree.leaves(after) == jax.tree.leaves(whole)


class Scripted(gymnasium.Env[np.ndarray, Any]):
    """An environment that gives these rewards, one after the other, and never ends."""

    observation_space = gymnasium.spaces.Box(0, 1, (1,))
    action_space = gymnasium.spaces.Discrete(1)

    def __init__(self, rewards: np.ndarray) -> None:
        self.rewards = iter(rewards.tolist())

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        return np.zeros(1), next(self.rewards), False, False, {}


def test_within_an_episode_it_is_gymnasiums_but_clipped() -> None:
    """After an episode they differ: Gymnasium's return keeps the terminal reward, or all at a time limit."""
    rewards = np.random.default_rng(0).normal(2, 1, 300).astype(np.float32)
    env = NormalizeReward(Scripted(rewards), gamma=0.99)
    theirs = np.array([env.step(0)[1] for _ in rewards], float)
    assert theirs[0] > 10
    _, ours = scale_rewards(
        initial_return_statistics(), jnp.asarray(rewards), jnp.zeros(300, bool), discount=0.99
    )
    np.testing.assert_allclose(ours, np.clip(theirs, -10, 10), rtol=1e-4)
