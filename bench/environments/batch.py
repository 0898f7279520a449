"""Gymnasium's MuJoCo environments stepped as a batch, each reset in the step that ends its episode.

One call to MuJoCo's batch stepper steps all runs. Its bits are those of steps one by one, without a Python
environment for each run. A reset draws the same numbers from a run's random stream as Gymnasium's does.
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
from bench.environments.tasks import Task
from bench.protocol.environments import version_of, without_version

# The rules of each environment, by version and name.
TASKS: dict[str, dict[str, type[Task]]] = {"v4": v4.TASKS, "v5": v5.TASKS}

# Controls by the protocol's choice, as functions of the actions and the bounds of their space.
CONTROLS: dict[str, Callable[..., NDArray[np.float32]]] = {
    "unclipped": lambda actions, low, high: actions,
    "clipped": np.clip,
}


class ContactBatch(Batch):  # type: ignore[misc]  # MuJoCo has no types
    """A batch that has contact forces, too; they cost about a twentieth of a step's time.

    contact_forces: MuJoCo's `cfrc_ext`, torque and force on each body from outside, `[run, body, 6]`. A step
        does not compute them, so that Gymnasium does it after each; at the start of an episode they are 0.
    """

    def __init__(self, model: mujoco.MjModel, nsim: int, nthread: int) -> None:
        super().__init__(model, nsim, nthread, persistent=True)
        self.contact_forces: NDArray[np.float64] = np.zeros((nsim, model.nbody, 6))
        self._copy = mujoco.MjData(model)

    def step(self, ids: NDArray[np.intp] | None = None, nstep: int = 1) -> None:
        """Advance each simulation, and compute its contact forces."""
        super().step(ids, nstep)
        for run in range(self.nsim) if ids is None else ids:
            data = self.get_data(run, self._copy)
            mujoco.mj_rnePostConstraint(self.model, data)
            self.contact_forces[run] = data.cfrc_ext

    def forward(self, ids: NDArray[np.intp]) -> None:
        """Compute what is observed at the start of an episode, when no forces are known."""
        super().forward(ids)
        self.contact_forces[ids] = 0


class Steps(NamedTuple):
    """What a step of the batch returns.

    observations: where the next step starts, after the reset of an episode that ended, `[run, observation]`.
    rewards: 0 for a run that was not stepped, `[run]`.
    ends: whether the episode ended, by termination or time limit, `[run]`.
    time_limits: whether the time limit alone ended it, `[run]`.
    final_observations: where the step led, before any reset, `[run, observation]`; None where no time limit
        ended an episode.
    """

    observations: NDArray[np.float64]
    rewards: NDArray[np.float64]
    ends: NDArray[np.bool_]
    time_limits: NDArray[np.bool_]
    final_observations: NDArray[np.float64] | None


class Environments:
    """One environment per seed, each equal to a `gymnasium.make(environment)` that is reset with the seed.

    observations: where the next step starts, `[run, observation]`.
    action_low, action_high: bounds of the action space, `[action]`.
    time_limit: the most steps of an episode.
    """

    def __init__(self, environment: str, seeds: Sequence[int], actions: str = "unclipped") -> None:
        """Make and reset one environment per seed.

        actions: a key of `CONTROLS`.
        """
        env = make_environment(environment)
        assert env.spec is not None
        assert env.spec.max_episode_steps is not None
        self.time_limit = env.spec.max_episode_steps
        self._to_controls = CONTROLS[actions]
        self._mujoco = cast(Any, env.unwrapped)
        self._random = [seeding.np_random(seed)[0] for seed in seeds]
        task = TASKS[version_of(environment)][without_version(environment)]
        make_batch = ContactBatch if task.needs_contact_forces else Batch
        self._batch = make_batch(self._mujoco.model, nsim=len(seeds), nthread=1)
        self._controls: NDArray[np.float64] = self._batch.bind("ctrl")
        self._warmstarts: NDArray[np.float64] = self._batch.bind("qacc_warmstart")
        self._task = task(self._mujoco, self._batch)
        self._elapsed = np.zeros(len(seeds), dtype=int)
        self._physics_warnings = np.zeros(len(seeds), dtype=int)
        # MuJoCo's own counts, `[run, kind]`, which its resets clear; the array pairs them with details.
        self._unstable = self._batch.warning[:, :, 1]
        self._reset(np.arange(len(seeds)))
        self.observations = self._task.observe()
        self._before = self._task.before(self.observations)
        assert isinstance(env.action_space, gymnasium.spaces.Box)
        self.action_low: NDArray[np.float32] = env.action_space.low
        self.action_high: NDArray[np.float32] = env.action_space.high

    @property
    def observation_size(self) -> int:
        """How many numbers an observation has."""
        return self.observations.shape[1]

    @property
    def action_size(self) -> int:
        """How many numbers an action has."""
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
        ids = None if active.all() else np.flatnonzero(active)
        self._batch.step(ids, nstep=self._mujoco.frame_skip)
        if self._unstable.any():
            self._physics_warnings += self._unstable.sum(axis=1)
            self._unstable[...] = 0
        rewards, terminated = self._task.after(self._before, controls)
        self._elapsed += active
        ends = active & (terminated | (self._elapsed >= self.time_limit))
        time_limits = ends & ~terminated
        final_observations = self._task.observe() if time_limits.any() else None
        if ends.any():
            self._reset(np.flatnonzero(ends))
        self.observations = self._task.observe()
        self._before = self._task.before(self.observations)
        rewards = np.where(active, rewards, 0.0)
        return Steps(self.observations, rewards, ends, time_limits, final_observations)

    def state(self) -> tuple[dict[str, NDArray[Any]], list[dict[str, Any]]]:
        """All that later steps depend on: copied arrays by name, and the states of the random generators."""
        arrays = {
            "positions": self._task.positions,
            "velocities": self._task.velocities,
            "warmstarts": self._warmstarts,
            "elapsed": self._elapsed,
            "observations": self.observations,
            "before": self._before,
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
        self._before = arrays["before"].copy()
        self._physics_warnings = arrays["physics_warnings"].copy()
        for generator, state in zip(self._random, generators, strict=True):
            generator.bit_generator.state = state

    def _reset(self, runs: NDArray[np.intp]) -> None:
        """Start new episodes of these runs, each from its own random stream."""
        for run in runs.tolist():
            self._task.positions[run], self._task.velocities[run] = self._task.start(self._random[run])
        # MuJoCo's solver starts from the accelerations of the last step.
        self._warmstarts[runs] = 0.0
        self._elapsed[runs] = 0
        if self._task.needs_forward_pass:
            # As in Gymnasium, nothing acts before the first step.
            self._controls[runs] = 0.0
            self._batch.forward(runs)


def make_environment(environment: str) -> gymnasium.Env:
    """Gymnasium's environment, without its warnings.

    That v4 is out of date is known: `bench.protocol.environments` says why it is used. Unstable physics is
    counted by run instead.
    """
    # Without a callback MuJoCo writes to stderr and to a log file in the working folder.
    mujoco.set_mju_user_warning(lambda message: None)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*is out of date.*", DeprecationWarning)
        return gymnasium.make(environment, disable_env_checker=True)
