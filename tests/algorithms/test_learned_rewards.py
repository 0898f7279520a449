"""The rewards that learning sees where a protocol bootstraps at time limits or scales rewards."""

import dataclasses
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from algorithms.hyperparameters import Choices, Hyperparameters
from algorithms.rollout import Rollout, TimeLimits
from algorithms.rules.ppo import Rule
from algorithms.update import update as update_runs
from bench.protocol.settings import clipping
from tests.algorithms.test_reward_scaling import baselines
from tests.helpers.learning import SMALL, filtered, initial_states, network, of_run, rollout

RULE = Rule()
initial = partial(initial_states, RULE, clipping(0.2))
BOOTSTRAPPED = dataclasses.replace(SMALL, choices=Choices(time_limit="bootstrap"))
SCALED = dataclasses.replace(SMALL, choices=Choices(rewards="scaled"))
BOTH = dataclasses.replace(SMALL, choices=Choices(time_limit="bootstrap", rewards="scaled"))


def with_time_limits(plain: Rollout) -> Rollout:
    """Every other end of the rollout as a time limit, whose observation is that of another rollout."""
    reached = np.asarray(plain.ends) & (np.arange(SMALL.horizon)[:, None] % 2 == 0)
    assert reached.any()
    assert (np.asarray(plain.ends) & ~reached).any()
    observations = np.where(reached[..., None], rollout(9).observations[:-1], 0)
    limits = TimeLimits(reached=jnp.asarray(reached), observations=jnp.asarray(observations))
    return dataclasses.replace(plain, time_limits=limits)


def with_rewards(plain: Rollout, rewards: np.ndarray) -> Rollout:
    return dataclasses.replace(plain, rewards=jnp.asarray(rewards[:, None], jnp.float32))


def continued(state: Any, batch: Rollout, rewards: np.ndarray) -> np.ndarray:
    """Rewards that go on with V, in plain NumPy."""
    limits, run = batch.time_limits, of_run(state)
    assert limits is not None
    seen = filtered(run.statistics, limits.observations[:, 0])
    values = np.asarray(network(run.parameters["value"], seen))[:, 0]
    return rewards + np.where(limits.reached[:, 0], 0.99 * values, 0)


def assert_alike(ours: Any, expected: Any) -> None:
    jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-3, atol=1e-5), ours, expected)


def update(hyperparameters: Hyperparameters, state: Any, batch: Rollout) -> tuple[Any, Any]:
    return update_runs(hyperparameters, RULE, state, batch)


def test_a_time_limit_goes_on_with_the_value_of_the_final_observation() -> None:
    """As an update from rewards to which that value was added; the second, under the filter of the first."""
    state = initial()
    for number in range(2):
        batch = with_time_limits(rollout(number))
        rewards = continued(state, batch, np.asarray(batch.rewards[:, 0]))
        expected, diagnostics = update(SMALL, state, with_rewards(rollout(number), rewards))
        unlimited, _ = update(SMALL, state, rollout(number))
        state, ours = update(BOOTSTRAPPED, state, batch)
        assert_alike(state.parameters, expected.parameters)
        assert_alike(ours["explained_variance"], diagnostics["explained_variance"])
        with pytest.raises(AssertionError):
            assert_alike(unlimited.parameters, expected.parameters)


def test_scaled_rewards_are_learned_from_over_updates() -> None:
    """The statistics run on from one update to the next."""
    batches = [rollout(number) for number in range(3)]
    rewards, ends = (
        np.concatenate([np.asarray(getattr(batch, name)[:, 0]) for batch in batches])
        for name in ("rewards", "ends")
    )
    state, expected = initial(hyperparameters=SCALED), initial()
    assert expected.return_statistics is None
    for batch, scaled in zip(batches, np.split(baselines(rewards, ends), 3), strict=True):
        state, _ = update(SCALED, state, batch)
        expected, _ = update(SMALL, expected, with_rewards(batch, scaled))
        assert_alike(state.parameters, expected.parameters)
    assert float(state.return_statistics.count[0]) == pytest.approx(3 * SMALL.horizon)


@pytest.mark.soak
def test_values_that_go_on_are_of_scaled_rewards_and_not_scaled_again() -> None:
    state, batch = initial(hyperparameters=BOTH), with_time_limits(rollout(0))
    scaled = baselines(np.asarray(batch.rewards[:, 0]), np.asarray(batch.ends[:, 0]))
    rewards = continued(state, batch, scaled)
    expected, _ = update(SMALL, initial(), with_rewards(rollout(0), rewards))
    assert_alike(update(BOTH, state, batch)[0].parameters, expected.parameters)
