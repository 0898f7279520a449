"""Gymnasium's MuJoCo environments stepped as a batch, each reset in the step that ends its episode.

The physics of all runs is one call to MuJoCo's batch stepper, which is bit-equal to stepping one by one and
spares the overhead of a Python environment each. Resets don't go through Gymnasium either: a task draws the
same numbers from a run's random stream.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast

import gymnasium
import mujoco
import numpy as np
from gymnasium.utils import seeding
from mujoco.batch import Batch
from numpy.typing import NDArray

from bench.environments import v4, v5
from bench.protocol.environments import version_of, without_version

# The rules of each environment, by version and name.
TASKS = {"v4": v4.TASKS, "v5": v5.TASKS}

# What becomes of actions on their way, by the protocol's choice: a function of them and the space's bounds.
CONTROLS: dict[str, Callable[..., NDArray[np.float32]]] = {
    "unclipped": lambda actions, low, high: actions,
    "clipped": np.clip,
}


class Steps(NamedTuple):
    """What one step of the batch gave.

    observations: `[run, observation]`: where the next step starts, after a reset where an episode ended.
    rewards: `[run]`, 0 where a run was not stepped.
    ends: `[run]`, whether the episode ended, by termination or time limit.
    time_limits: `[run]`, whether it ended by the time limit alone.
    final_observations: `[run, observation]`: where the step led, before any reset; None without time limits.
    """

    observations: NDArray[np.float64]
    rewards: NDArray[np.float64]
    ends: NDArray[np.bool_]
    time_limits: NDArray[np.bool_]
    final_observations: NDArray[np.float64] | None


class Environments:
    """One environment per seed, equal to `gymnasium.make(environment).reset(seed=seed)` driven by hand.

    observations: where the next step starts, `[run, observation]`.
    action_low, action_high: bounds of the action space, `[action]`.
    time_limit: after how many steps an episode ends, if not before.
    """

    def __init__(self, environment: str, seeds: Sequence[int], actions: str = "unclipped") -> None:
        """Make and reset one environment per seed.

        actions: as `algorithms.choices` has them.
        """
        env = make_environment(environment)
        assert env.spec is not None
        assert env.spec.max_episode_steps is not None
        self.time_limit = env.spec.max_episode_steps
        self._to_controls = CONTROLS[actions]
        self._mujoco = cast(Any, env.unwrapped)
        self._random = [seeding.np_random(seed)[0] for seed in seeds]
        self._batch = Batch(self._mujoco.model, nsim=len(seeds), nthread=1)
        self._controls: NDArray[np.float64] = self._batch.bind("ctrl")
        self._warmstarts: NDArray[np.float64] = self._batch.bind("qacc_warmstart")
        task = TASKS[version_of(environment)][without_version(environment)]
        self._task = task(self._mujoco, self._batch)
        self._elapsed = np.zeros(len(seeds), dtype=int)
        self._physics_warnings = np.zeros(len(seeds), dtype=int)
        # MuJoCo's own counts, `[run, kind]`, which its resets clear; the array pairs them with details.
        self._unstable = self._batch.warning[:, :, 1]
        self._reset(np.arange(len(seeds)))
        self.observations = self._task.observe()
        assert isinstance(env.action_space, gymnasium.spaces.Box)
        self.action_low: NDArray[np.float32] = env.action_space.low
        self.action_high: NDArray[np.float32] = env.action_space.high

    @property
    def observation_size(self) -> int:
        """Numbers in an observation."""
        return self.observations.shape[1]

    @property
    def action_size(self) -> int:
        """Numbers in an action."""
        return self.action_low.shape[0]

    @property
    def physics_warnings(self) -> list[int]:
        """How often MuJoCo found the physics of each run unstable."""
        return self._physics_warnings.tolist()

    def step(self, actions: NDArray[np.float32], active: NDArray[np.bool_]) -> Steps:
        """Step the active runs; the others stand still.

        actions: `[run, action]`, finite where active; they reach the environment in 64 bits.
        """
        controls = self._to_controls(actions, self.action_low, self.action_high).astype(np.float64)
        self._controls[...] = controls
        before = self._task.before(self.observations)
        ids = None if active.all() else np.flatnonzero(active)
        self._batch.step(ids, nstep=self._mujoco.frame_skip)
        if self._unstable.any():
            self._physics_warnings += self._unstable.sum(axis=1)
            self._unstable[...] = 0
        rewards, terminated = self._task.after(before, controls)
        self._elapsed += active
        ends = active & (terminated | (self._elapsed >= self.time_limit))
        time_limits = ends & ~terminated
        final_observations = self._task.observe() if time_limits.any() else None
        if ends.any():
            self._reset(np.flatnonzero(ends))
        self.observations = self._task.observe()
        rewards = np.where(active, rewards, 0.0)
        return Steps(self.observations, rewards, ends, time_limits, final_observations)

    def state(self) -> tuple[dict[str, NDArray[Any]], list[dict[str, Any]]]:
        """All that the following steps depend on: arrays by name, and the state of each random generator."""
        arrays = {
            "positions": self._task.positions,
            "velocities": self._task.velocities,
            "warmstarts": self._warmstarts,
            "elapsed": self._elapsed,
            "observations": self.observations,
            "physics_warnings": self._physics_warnings,
        }
        generators = [cast(dict[str, Any], generator.bit_generator.state) for generator in self._random]
        return {name: array.copy() for name, array in arrays.items()}, generators

    def restore(self, arrays: dict[str, NDArray[Any]], generators: Sequence[dict[str, Any]]) -> None:
        """Go on from where `state` was taken, with environments of as many runs."""
        self._task.positions[...] = arrays["positions"]
        self._task.velocities[...] = arrays["velocities"]
        self._warmstarts[...] = arrays["warmstarts"]
        self._elapsed = arrays["elapsed"].copy()
        self.observations = arrays["observations"].copy()
        self._physics_warnings = arrays["physics_warnings"].copy()
        for generator, state in zip(self._random, generators, strict=True):
            generator.bit_generator.state = state

    def _reset(self, runs: NDArray[np.intp]) -> None:
        """Start new episodes of these runs, each from its own random stream."""
        for run in runs.tolist():
            self._task.positions[run], self._task.velocities[run] = self._task.start(self._random[run])
        # All else that a step takes over from the one before, besides its controls.
        self._warmstarts[runs] = 0.0
        self._elapsed[runs] = 0
        if self._task.needs_forward_pass:
            # As in Gymnasium, nothing acts before the first step.
            self._controls[runs] = 0.0
            self._batch.forward(runs)


def make_environment(environment: str) -> gymnasium.Env:
    """Gymnasium's environment, quietly: the README says why v4, and unstable physics is counted by run."""
    # Without a callback MuJoCo writes to stderr and to a log file in the working folder.
    mujoco.set_mju_user_warning(lambda message: None)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*is out of date.*", DeprecationWarning)
        return gymnasium.make(environment, disable_env_checker=True)
