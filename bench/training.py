"""One job: a batch of runs on one environment, from the first reset to the lines of their CSVs."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from algorithms import ppo
from algorithms.parameters import Hyperparameters
from algorithms.states import Rollout, RunState
from bench.determinism import require_pinned
from bench.environments import Environments
from bench.protocol import LOG_INTERVAL, SETTINGS, Protocol, Run
from bench.runlog import DIAGNOSTICS, RunLog, RunResult


def train(
    runs: Sequence[Run], protocol: Protocol, report: Callable[[int], None] = lambda steps: None
) -> list[RunResult]:
    """Train runs of one environment together; each gives the same bits in any company.

    report: called after each update with the number of environment steps since the last call.

    Raises:
        RuntimeError: where JAX's settings are not the pinned ones.
    """
    training = Training(runs, protocol)
    steps_of_update = protocol.hyperparameters.horizon * len(runs)
    for update in range(1, protocol.updates + 1):
        training.learn(training.collect())
        report(steps_of_update)
        if not training.active.any():
            report(steps_of_update * (protocol.updates - update))
            break
    return training.results


class Training:
    """Runs of one environment that are trained together: `learn(collect())` is one update of each.

    environments: where they act.
    states: what they have learned, with a leading axis `run`.
    """

    def __init__(self, runs: Sequence[Run], protocol: Protocol) -> None:
        """The runs before their first step."""
        require_pinned()
        self.environments = Environments(runs[0].environment, [run.seed for run in runs])
        self.states = initial_states(runs, self.environments, protocol)
        self._runs, self._protocol = runs, protocol
        self._logs = [RunLog() for _ in runs]
        self._updates = 0

    @property
    def active(self) -> NDArray[np.bool_]:
        """Which runs have not diverged, `[run]`."""
        return np.array([log.active for log in self._logs])

    @property
    def results(self) -> list[RunResult]:
        """What each run gave."""
        warnings = self.environments.physics_warnings
        return [
            RunResult(run, log.csv, log.diverged_at, count)
            for run, log, count in zip(self._runs, self._logs, warnings, strict=True)
        ]

    def collect(self) -> "Collected":
        """Let every active run act for a horizon."""
        return collect(self._protocol.hyperparameters, self.states, self.environments, self.active)

    def learn(self, collected: "Collected") -> None:
        """Update every run from what it collected, and log it."""
        horizon = self._protocol.hyperparameters.horizon
        self.states, diagnostics = ppo.update(self._protocol.hyperparameters, self.states, collected.rollouts)
        learned = {name: np.asarray(values) for name, values in vars(diagnostics).items()}
        self._updates += 1
        logged = self._updates % LOG_INTERVAL == 0 or self._updates == self._protocol.updates
        for run, log in enumerate(self._logs):
            if log.active:
                steps = collected.steps[run]
                log.steps(collected.rewards[:steps, run], collected.ends[:steps, run])
                if steps < horizon or not learned["finite"][run]:
                    log.diverge()
                elif logged:
                    log.write({name: float(learned[name][run]) for name in DIAGNOSTICS})


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
