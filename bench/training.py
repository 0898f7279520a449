"""One job: a batch of runs on one environment, from the first reset to the lines of their CSVs."""

import math
import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import asdict
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from algorithms import ppo
from algorithms.normalization import standard_deviation
from algorithms.parameters import OBSERVATION_CLIP, Hyperparameters
from algorithms.states import Rollout, RunState
from bench.checkpoints import Checkpoint
from bench.determinism import require_pinned
from bench.environments import Environments
from bench.policies import Policy
from bench.protocol import LOG_INTERVAL, SETTINGS, Protocol, Run
from bench.runlog import DIAGNOSTICS, RunLog, RunResult

Report = Callable[[int], None]


def train(runs: Sequence[Run], protocol: Protocol, report: Report = lambda steps: None) -> list[RunResult]:
    """Train runs of one environment together, from beginning to end; see `Training`."""
    training = Training(runs, protocol)
    training.advance(math.inf, report)
    return training.results


class Training:
    """Runs of one environment that are trained together. No run's bits depend on the others.

    `learn(collect())` is one update of each run.

    environments: where they act.
    states: what they have learned, with a leading axis `run`.
    updates: how many each run has made.
    """

    def __init__(self, runs: Sequence[Run], protocol: Protocol) -> None:
        """The runs before their first step.

        Raises:
            RuntimeError: where JAX's settings are not the pinned ones.
        """
        require_pinned()
        self.environments = Environments(runs[0].environment, [run.seed for run in runs])
        self.states = initial_states(runs, self.environments, protocol)
        self.updates = 0
        self._runs, self._protocol = tuple(runs), protocol
        self._logs = [RunLog() for _ in runs]

    @property
    def active(self) -> NDArray[np.bool_]:
        """Which runs have not diverged, `[run]`."""
        return np.array([log.active for log in self._logs])

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.updates == self._protocol.updates or not self.active.any()

    @property
    def steps(self) -> int:
        """Environment steps done, of all runs together; those that diverged runs are spared are done."""
        updates = self._protocol.updates if self.finished else self.updates
        return updates * self._protocol.hyperparameters.horizon * len(self._runs)

    @property
    def results(self) -> list[RunResult]:
        """What each run gave."""
        warnings = self.environments.physics_warnings
        return [
            RunResult(
                run,
                log.csv,
                log.diverged_at,
                warnings[place],
                policy_of(self.states, place) if log.active else None,
            )
            for place, (run, log) in enumerate(zip(self._runs, self._logs, strict=True))
        ]

    def advance(self, seconds: float, report: Report = lambda steps: None) -> None:
        """Update every run, until the runs are finished or the time is over, and at least once.

        report: called after each update with `steps`.
        """
        end = time.monotonic() + seconds
        while not self.finished:
            self.learn(self.collect())
            report(self.steps)
            if time.monotonic() >= end:
                break

    def collect(self) -> "Collected":
        """Let every active run act for a horizon."""
        return collect(self._protocol.hyperparameters, self.states, self.environments, self.active)

    def learn(self, collected: "Collected") -> None:
        """Update every run from what it collected, and log it."""
        horizon = self._protocol.hyperparameters.horizon
        self.states, diagnostics = ppo.update(self._protocol.hyperparameters, self.states, collected.rollouts)
        learned = {name: np.asarray(values) for name, values in vars(diagnostics).items()}
        self.updates += 1
        logged = self.updates % LOG_INTERVAL == 0 or self.updates == self._protocol.updates
        for run, log in enumerate(self._logs):
            if log.active:
                steps = collected.steps[run]
                log.steps(collected.rewards[:steps, run], collected.ends[:steps, run])
                if steps < horizon or not learned["finite"][run]:
                    log.diverge()
                elif logged:
                    log.write({name: float(learned[name][run]) for name in DIAGNOSTICS})

    def checkpoint(self, seconds: float, made_by: list[dict[str, Any]]) -> Checkpoint:
        """What `resumed` goes on from. seconds, made_by: as `Checkpoint` has them."""
        simulators, generators = self.environments.state()
        return Checkpoint(
            runs=self._runs,
            updates=self.updates,
            seconds=seconds,
            made_by=made_by,
            arrays=_learner_arrays(self.states) | simulators,
            records=[
                {"generator": generator, "log": asdict(log)}
                for generator, log in zip(generators, self._logs, strict=True)
            ],
        )

    @classmethod
    def resumed(cls, checkpoint: Checkpoint, protocol: Protocol) -> "Training":
        """The training that gave the checkpoint; it goes on with the bits that it would have had."""
        training = cls(checkpoint.runs, protocol)
        generators = [record["generator"] for record in checkpoint.records]
        training.environments.restore(checkpoint.arrays, generators)
        training.states = _with_arrays(training.states, checkpoint.arrays)
        training.updates = checkpoint.updates
        training._logs = [RunLog(**deepcopy(record["log"])) for record in checkpoint.records]
        return training


def _learner_arrays(states: RunState) -> dict[str, NDArray[Any]]:
    """The states' arrays by their place in the tree, random keys as their words."""
    return {
        jax.tree_util.keystr(path): np.asarray(jax.random.key_data(leaf) if _is_key(leaf) else leaf)
        for path, leaf in jax.tree_util.tree_leaves_with_path(states)
    }


def _with_arrays(states: RunState, arrays: dict[str, NDArray[Any]]) -> RunState:
    """The states with the arrays that `_learner_arrays` gave."""

    def stored(path: Any, leaf: Any) -> Any:
        array = jnp.asarray(arrays[jax.tree_util.keystr(path)])
        return jax.random.wrap_key_data(array) if _is_key(leaf) else array

    restored: RunState = jax.tree_util.tree_map_with_path(stored, states)
    return restored


def _is_key(leaf: Any) -> bool:
    return bool(jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key))


def policy_of(states: RunState, run: int) -> Policy:
    """The policy of one run, as it is stored."""
    actor = jax.tree.map(lambda leaf: leaf[run], states.actor)
    parameters = actor.policy["params"]
    hidden = parameters["HiddenLayers_0"]
    layers = [hidden[f"Dense_{number}"] for number in range(len(hidden))] + [parameters["Dense_0"]]
    return Policy(
        observation_mean=np.asarray(actor.statistics.mean),
        observation_std=np.asarray(standard_deviation(actor.statistics)),
        observation_clip=np.asarray(OBSERVATION_CLIP, np.float32),
        layers=tuple((np.asarray(layer["kernel"]), np.asarray(layer["bias"])) for layer in layers),
        log_std=np.asarray(parameters["log_std"]),
    )


def initial_states(runs: Sequence[Run], environments: Environments, protocol: Protocol) -> RunState:
    """The runs' states before their first step, with a leading axis `run`."""
    states = [
        ppo.init(
            protocol.hyperparameters,
            run.seed,
            SETTINGS[run.setting].surrogate,
            environments.observation_size,
            environments.action_size,
        )
        for run in runs
    ]
    stacked: RunState = jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)
    return stacked


class Collected(NamedTuple):
    """A horizon of steps of each run.

    rollouts: for the learner.
    rewards: `[time, run]`, in 64 bits.
    ends: `[time, run]`
    steps: `[run]`, how many steps each took: fewer than the horizon where it diverged.
    """

    rollouts: Rollout
    rewards: NDArray[np.float64]
    ends: NDArray[np.bool_]
    steps: NDArray[np.int_]


def collect(
    hyperparameters: Hyperparameters,
    states: RunState,
    environments: Environments,
    active: NDArray[np.bool_],
) -> Collected:
    """Let every active run act for a horizon.

    A run whose action is not finite stops before the environment sees it, because MuJoCo would silently
    ignore such a control. The learner gets 32-bit numbers, the environment the same actions in 64 bits.
    """
    horizon, runs = hyperparameters.horizon, len(active)
    # New arrays each time: JAX may read a NumPy buffer in place, so nothing writes to one twice.
    observations = np.empty((horizon + 1, runs, environments.observation_size), np.float32)
    actions = np.empty((horizon, runs, environments.action_size), np.float32)
    rewards = np.empty((horizon, runs))
    ends = np.empty((horizon, runs), bool)
    steps = np.zeros(runs, int)
    noise = np.asarray(ppo.action_noise(hyperparameters, states.key, environments.action_size))
    actors = states.actor
    observations[0] = environments.observations
    for t in range(horizon):
        actions[t] = ppo.act(hyperparameters, actors, observations[t], noise[t])
        active = active & np.isfinite(actions[t]).all(axis=1)
        observations[t + 1], rewards[t], ends[t] = environments.step(actions[t], active)
        steps += active
    with np.errstate(over="ignore"):  # a reward beyond 32 bits makes the losses infinite, and the run diverge
        learned_rewards = rewards.astype(np.float32)
    rollouts = Rollout(
        observations=jnp.asarray(observations),
        actions=jnp.asarray(actions),
        rewards=jnp.asarray(learned_rewards),
        ends=jnp.asarray(ends),
    )
    return Collected(rollouts, rewards, ends, steps)
