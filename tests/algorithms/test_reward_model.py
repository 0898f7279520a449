"""The reward model: its loss by hand, and what it learns from comparisons whose reward is known."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.comparisons import Comparisons, Windows
from algorithms.hyperparameters import Hyperparameters
from algorithms.reward_model import HELD_OUT, RewardModel, Rewards, bootstrap, preference_loss, window_sums
from algorithms.rollout import initial_statistics

NUMBER = 1400
SMALL = Hyperparameters()
REWARDS = Rewards.of(SMALL)
OBSERVATION, ACTION, STEPS = 3, 2, 8


def test_loss_by_hand() -> None:
    """P = 0.9 σ(d) + 0.05; here d = log 3, whose σ is 3/4."""
    first, second = jnp.array([math.log(3), 0.0]), jnp.array([0.0, math.log(3)])
    loss = preference_loss(first, second, jnp.array([True, True]))
    assert float(loss) == pytest.approx(-(math.log(0.9 * 0.75 + 0.05) + math.log(0.9 * 0.25 + 0.05)) / 2)
    assert float(preference_loss(first, second, jnp.array([True, False]))) == pytest.approx(
        -math.log(0.9 * 0.75 + 0.05)
    )


def test_gradient_by_hand() -> None:
    """d/dd of -log(0.9 σ(d) + 0.05) is -0.9 σ(1 - σ) / (0.9 σ + 0.05); the other sum's is its negative."""
    gradients = jax.grad(preference_loss, argnums=(0, 1))(
        jnp.array([math.log(3)]), jnp.array([0.0]), jnp.array([True])
    )
    expected = -0.9 * 0.75 * 0.25 / (0.9 * 0.75 + 0.05)
    np.testing.assert_allclose(gradients, [[expected], [-expected]], rtol=1e-5)


@given(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4), st.booleans())
def test_no_answer_costs_more_than_a_random_one_can(first: float, second: float, answer: bool) -> None:
    loss = float(preference_loss(jnp.array([first]), jnp.array([second]), jnp.array([answer])))
    assert -1e-6 <= loss <= -math.log(0.05) + 1e-5


def test_no_network_is_fitted_to_a_held_out_comparison() -> None:
    drawn = np.asarray(bootstrap(jax.random.key(0), jnp.asarray(40), 2000))
    assert set(drawn.tolist()) == {index for index in range(40) if index % HELD_OUT != HELD_OUT - 1}


def windows_of(random: np.random.Generator, pairs: int) -> Windows:
    # One in four ends early.
    lengths = np.where(random.random((pairs, 2, 1)) < 0.25, random.integers(1, STEPS, (pairs, 2, 1)), STEPS)
    return Windows(
        observations=jnp.asarray(random.normal(size=(pairs, 2, STEPS, OBSERVATION)), jnp.float32),
        actions=jnp.asarray(random.normal(size=(pairs, 2, STEPS, ACTION)), jnp.float32),
        exists=jnp.asarray(np.arange(STEPS) < lengths),
    )


def linear(windows: Windows) -> Any:
    """A reward of both observation and action."""
    return windows.observations[..., 0] - 0.5 * windows.observations[..., 1] + windows.actions[..., 1]


@pytest.fixture(scope="module")
def fitted() -> tuple[Comparisons, RewardModel]:
    windows = windows_of(np.random.default_rng(0), NUMBER)
    sums = window_sums(linear(windows), windows)
    comparisons = Comparisons(windows, sums[:, 0] > sums[:, 1], jnp.asarray(NUMBER))
    model = REWARDS.initial(jax.random.key(0), OBSERVATION, ACTION)
    fit = jax.jit(REWARDS.fit, static_argnums=3)
    # A filter that changes nothing: mean 0, standard deviation 1.
    return comparisons, fit(model, initial_statistics(OBSERVATION), comparisons, 20, jax.random.key(1))


def test_a_linear_reward_is_found_from_comparisons(fitted: tuple[Comparisons, RewardModel]) -> None:
    _, model = fitted
    assert float(model.agreement) > 0.95
    fresh = windows_of(np.random.default_rng(1), 500)
    rewards = REWARDS.of_steps(model, initial_statistics(OBSERVATION), fresh.observations, fresh.actions)
    sums, true = window_sums(rewards, fresh), window_sums(linear(fresh), fresh)
    assert float(jnp.mean((sums[:, 0] > sums[:, 1]) == (true[:, 0] > true[:, 1]))) > 0.95


def test_rewards_have_standard_deviation_one_over_held_out_steps(
    fitted: tuple[Comparisons, RewardModel],
) -> None:
    comparisons, model = fitted
    windows = jax.tree.map(lambda array: array[HELD_OUT - 1 :: HELD_OUT], comparisons.windows)
    rewards = REWARDS.of_steps(model, initial_statistics(OBSERVATION), windows.observations, windows.actions)
    assert float(np.std(np.asarray(rewards)[np.asarray(windows.exists)])) == pytest.approx(1, abs=1e-3)


def test_where_all_rewards_are_equal_but_for_rounding_they_are_0() -> None:
    windows = jax.tree.map(jnp.ones_like, windows_of(np.random.default_rng(0), 10))
    comparisons = Comparisons(windows, jnp.ones(10, bool), jnp.asarray(10))
    model = REWARDS.initial(jax.random.key(0), OBSERVATION, ACTION)
    statistics = initial_statistics(OBSERVATION)
    model = jax.jit(REWARDS.fit, static_argnums=3)(model, statistics, comparisons, 1, jax.random.key(1))
    rewards = REWARDS.of_steps(model, statistics, windows.observations, windows.actions)
    np.testing.assert_array_equal(rewards, 0)


def test_before_the_first_fit_nothing_is_rewarded() -> None:
    model = REWARDS.initial(jax.random.key(0), OBSERVATION, ACTION)
    windows = windows_of(np.random.default_rng(0), 2)
    rewards = REWARDS.of_steps(model, initial_statistics(OBSERVATION), windows.observations, windows.actions)
    np.testing.assert_array_equal(rewards, 0)


def test_the_networks_of_the_ensemble_differ(fitted: tuple[Comparisons, RewardModel]) -> None:
    for leaf in jax.tree.leaves(fitted[1].networks):
        assert (leaf[0] != leaf[1]).any() or not leaf.any()
