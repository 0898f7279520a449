"""The batch of environments is `gymnasium.make` driven by hand, exactly, in every version."""

import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.wrappers import ClipAction

from bench.environments.batch import TASKS, Environments
from bench.protocol.environments import (
    OTHER_ENVIRONMENTS,
    VERSIONS,
    all_environments_of,
    environments_of,
    without_version,
)
from tests.helpers.soak import mark_soak

PAPER = [environment for version in VERSIONS for environment in environments_of(version)]
# A step of the others takes ten times as long.
ALL = [*PAPER, *mark_soak(OTHER_ENVIRONMENTS)]
# Whose rewards have a distance that Gymnasium computes by `np.linalg.norm`.
PAID_BY_DISTANCE = {"Reacher"}
SEEDS = [3, 0, 12]
STEPS, FEW_STEPS = 3000, 160


def by_hand(
    environment: str,
    seed: int,
    actions: np.ndarray,
    wrapper: Any = lambda env: env,
    cut_off: dict[int, np.ndarray] | None = None,
    **options: Any,
) -> tuple[list, list[float], list[bool]]:
    """Observations (where each step starts), rewards and ends of one Gymnasium environment.

    cut_off: takes the observations before resets at time limits, by step.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        env = wrapper(gymnasium.make(environment, **options))
        observation, _ = env.reset(seed=seed)
        observations, rewards, ends = [observation], [], []
        for t, action in enumerate(actions):
            observation, reward, terminated, truncated, _ = env.step(action.astype(np.float64))
            if cut_off is not None and truncated and not terminated:
                cut_off[t] = observation
            if terminated or truncated:
                observation, _ = env.reset()
            observations.append(observation)
            rewards.append(float(reward))
            ends.append(terminated or truncated)
        env.close()
    return observations, rewards, ends


def assert_rewards_equal(environment: str, ours: np.ndarray, gymnasiums: np.ndarray) -> None:
    """Exactly; but the last bit of a distance in Gymnasium depends on the processor."""
    if without_version(environment) in PAID_BY_DISTANCE:
        # Subtracting the control cost rounds once more.
        np.testing.assert_array_max_ulp(ours, gymnasiums, maxulp=2)
    else:
        np.testing.assert_array_equal(ours, gymnasiums)


def test_every_environment_has_rules_in_every_version_that_it_is_offered_in() -> None:
    for version in VERSIONS:
        assert sorted(TASKS[version]) == sorted(map(without_version, all_environments_of(version)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("environment", "count"),
    [(name, STEPS) for name in PAPER]
    + [(name, FEW_STEPS) for name in OTHER_ENVIRONMENTS]
    + [pytest.param(name, STEPS, marks=pytest.mark.soak) for name in OTHER_ENVIRONMENTS],
)
def test_steps_resets_and_time_limits_are_gymnasiums(environment: str, count: int) -> None:
    environments = Environments(environment, SEEDS)
    random = np.random.default_rng(1)
    # From gentle actions, which keep episodes going to their time limit, to wild ones outside all bounds.
    scales = np.repeat([0.0, 0.3, 1.0, 10.0], count // 4)[:, None, None]
    noise = random.standard_normal((count, len(SEEDS), environments.action_size))
    actions = (scales * noise).astype(np.float32)
    observations, rewards, ends = [environments.observations], [], []
    for action in actions:
        steps = environments.step(action, np.ones(len(SEEDS), dtype=bool))
        observations.append(steps.observations)
        rewards.append(steps.rewards)
        ends.append(steps.ends)
    for run, seed in enumerate(SEEDS):
        expected = by_hand(environment, seed, actions[:, run])
        np.testing.assert_array_equal(np.array(observations)[:, run], expected[0])
        assert_rewards_equal(environment, np.array(rewards)[:, run], np.array(expected[1]))
        np.testing.assert_array_equal(np.array(ends)[:, run], expected[2])
    # The first steps of an environment whose episodes only the time limit ends have no end.
    assert np.any(ends) or count < environments.time_limit


@pytest.mark.parametrize("environment", ["Hopper-v4", "Ant-v5", "Humanoid-v4"])
def test_a_stopped_run_stands_still_and_leaves_the_others_alone(environment: str) -> None:
    environments, alone = Environments(environment, SEEDS), Environments(environment, SEEDS[1:2])
    shape = (90, len(SEEDS), environments.action_size)
    actions = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    for t, action in enumerate(actions):
        active = np.array([True, True, t < 30])
        before = environments.observations[2]
        steps = environments.step(np.where(active[:, None], action, np.nan), active)
        expected = alone.step(action[1:2], np.array([True]))
        np.testing.assert_array_equal(steps.observations[1], expected.observations[0])
        assert steps.rewards[1] == expected.rewards[0]
        if not active[2]:
            np.testing.assert_array_equal(steps.observations[2], before)
            assert steps.rewards[2] == 0
            assert not steps.ends[2]


@pytest.mark.parametrize("environment", ["Reacher-v4", "Ant-v5", "Humanoid-v4"])
def test_environments_go_on_from_their_state(environment: str) -> None:
    first, second = Environments(environment, SEEDS), Environments(environment, SEEDS)
    active = np.ones(len(SEEDS), dtype=bool)
    actions = np.random.default_rng(4).random((40, len(SEEDS), first.action_size), np.float32)
    for action in actions[:20]:
        first.step(action, active)
    second.restore(*first.state())
    for action in actions[20:]:
        for ours, theirs in zip(first.step(action, active), second.step(action, active), strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("environment", "observed", "of_forces"),
    [("Ant-v4", 27, 0), ("Ant-v5", 105, 78), ("Humanoid-v4", 376, 84), ("Humanoid-v5", 348, 78)],
)
def test_contact_forces_end_the_observation(environment: str, observed: int, of_forces: int) -> None:
    """They are 0 at the start of an episode and while the body falls."""
    environments = Environments(environment, [0])
    assert environments.observation_size == observed
    assert not environments.observations[0, observed - of_forces :].any()
    zero = np.zeros((1, environments.action_size), np.float32)
    steps = [environments.step(zero, np.array([True])) for _ in range(40)]
    forces = [step.observations[0, observed - of_forces :] for step in steps]
    assert np.any(forces) == (of_forces > 0)
    if environment == "Ant-v5":
        assert np.max(np.abs(forces)) == 1


def test_actions_reach_the_environment_unclipped() -> None:
    environments = Environments("HalfCheetah-v4", [0])
    steps = environments.step(np.full((1, 6), 100, np.float32), np.array([True]))
    assert steps.rewards[0] < -0.1 * 6 * 100**2 + 100


@pytest.mark.parametrize("environment", ["HalfCheetah-v4", "Hopper-v5"])
def test_clipped_actions_are_those_of_gymnasiums_wrapper(environment: str) -> None:
    environments = Environments(environment, SEEDS, "clipped")
    shape = (200, len(SEEDS), environments.action_size)
    actions = np.random.default_rng(3).normal(0, 4, shape).astype(np.float32)
    steps = [environments.step(action, np.ones(len(SEEDS), dtype=bool)) for action in actions]
    for run, seed in enumerate(SEEDS):
        observations, rewards, ends = by_hand(environment, seed, actions[:, run], ClipAction)
        np.testing.assert_array_equal([step.observations[run] for step in steps], observations[1:])
        assert [step.rewards[run] for step in steps] == rewards
        assert [step.ends[run] for step in steps] == ends


def test_a_clipped_action_costs_what_the_bound_costs() -> None:
    """In HalfCheetah 0.1 x 6 x 1² instead of 0.1 x 6 x 100². MuJoCo bounds the forces in any case."""
    rewards = [
        Environments("HalfCheetah-v4", [0], choice)
        .step(np.full((1, 6), 100, np.float32), np.array([True]))
        .rewards[0]
        for choice in ("clipped", "unclipped")
    ]
    assert rewards[0] - rewards[1] == pytest.approx(6000 - 0.6)


@pytest.mark.parametrize("environment", ALL)
def test_time_limits_reset_as_gymnasiums_do(environment: str) -> None:
    """Over many short episodes, since some fall long before their limits and others never."""
    environments = Environments(environment, SEEDS)
    environments.time_limit = 4
    shape = (400, len(SEEDS), environments.action_size)
    actions = np.random.default_rng(2).standard_normal(shape).astype(np.float32)
    steps = [environments.step(action, np.ones(len(SEEDS), dtype=bool)) for action in actions]
    for run, seed in enumerate(SEEDS):
        final_observations: dict[int, np.ndarray] = {}
        observations, _, ends = by_hand(
            environment, seed, actions[:, run], cut_off=final_observations, max_episode_steps=4
        )
        np.testing.assert_array_equal([step.observations[run] for step in steps], observations[1:])
        assert [step.ends[run] for step in steps] == ends
        assert np.sum(ends) >= 100
        assert [t for t, step in enumerate(steps) if step.time_limits[run]] == list(final_observations)
        for t, observation in final_observations.items():
            ours = steps[t].final_observations
            assert ours is not None
            np.testing.assert_array_equal(ours[run], observation)
    assert all(step.time_limits.any() or step.final_observations is None for step in steps)


def test_an_episode_that_terminates_at_its_time_limit_is_not_cut_off() -> None:
    environments = Environments("InvertedPendulum-v4", [0])
    environments.time_limit = 2
    steps = []
    for angle in (0.0, 0.0, 0.0, 0.3):
        environments._task.positions[:, 1], environments._task.velocities[:] = angle, 0
        steps.append(environments.step(np.zeros((1, 1), np.float32), np.array([True])))
    assert [step.ends.item() for step in steps] == [False, True, False, True]
    assert [step.time_limits.item() for step in steps] == [False, True, False, False]


def test_an_episode_ends_at_the_time_limit() -> None:
    environments = Environments("Swimmer-v4", [0])
    zero, active = np.zeros((1, 2), np.float32), np.array([True])
    ends = [t for t in range(1, 2049) if environments.step(zero, active).ends[0]]
    assert ends == [1000, 2000]


def test_unstable_physics_is_counted_by_run() -> None:
    environments = Environments("HalfCheetah-v4", [0, 1])
    assert environments.physics_warnings == [0, 0]
    for t in range(1001):  # past a reset
        if t % 10 == 0 and t < 40:
            environments._task.velocities[1] = 1e12
        environments.step(np.zeros((2, 6), np.float32), np.ones(2, dtype=bool))
    assert environments.physics_warnings == [0, 4]


def test_nothing_is_printed_or_left_behind(tmp_path: Path) -> None:
    script = "from bench.environments.batch import Environments; Environments('HalfCheetah-v4', [0, 1])"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")
    assert list(tmp_path.iterdir()) == []
