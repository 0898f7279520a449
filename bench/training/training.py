"""One job: a batch of runs on one environment, from the first reset to the lines of their CSVs."""

import math
import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import asdict
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from algorithms.hyperparameters import Choices
from algorithms.networks import layers_of, parameters_of
from algorithms.rollout import ObservationStatistics, observation_bound, standard_deviation
from algorithms.update import Actor
from bench.environments.batch import Environments
from bench.protocol.protocol import LOG_INTERVAL, Protocol, Run
from bench.results.policies import Policy
from bench.results.schema import RunResult
from bench.training.checkpoints import Checkpoint, RunCheckpoint
from bench.training.collecting import Collected, collect
from bench.training.determinism import require_pinned
from bench.training.learners import join_actors, start_learners
from bench.training.own import OwnFiles, known_settings
from bench.training.runlog import RunLog

OnProgress = Callable[[int], None]
"""Called with the environment steps done so far."""


def train(runs: Sequence[Run], protocol: Protocol, own: OwnFiles = ()) -> list[RunResult]:
    """Train runs of one environment together, from beginning to end; see `Training`."""
    training = Training(runs, protocol, own)
    training.advance(math.inf)
    return training.results


class Training:
    """Runs of one environment that are trained together. No run's bits depend on the others.

    `learn(collect())` is one update of each run.

    environments: where they act.
    learners: of each run, what it has learned.
    updates: how many each run has made.
    """

    def __init__(
        self, runs: Sequence[Run], protocol: Protocol, own: OwnFiles = (), *, restored: bool = False
    ) -> None:
        """The runs before their first step.

        own: the files of those settings that are not part of this package.
        restored: whether the learners' states will be those of a checkpoint.

        Raises:
            RuntimeError: where JAX's settings are not the pinned ones.
            KeyError: for a setting that is unknown.
        """
        require_pinned()
        known = known_settings(own)
        self._runs, self._protocol = tuple(runs), protocol
        self._settings = [known[run.setting] for run in runs]
        seeds, choices = [run.seed for run in runs], protocol.hyperparameters.choices
        self.environments = Environments(runs[0].environment, seeds, choices.actions)
        self.learners = start_learners(
            runs, self._settings, self.environments, protocol, own, restored=restored
        )
        self.updates = 0
        self._logs = [RunLog(columns=list(learner.rule.columns)) for learner in self.learners]

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
        """Environment steps done, of all runs together. Those that a diverged run is spared count as done."""
        updates = self._protocol.updates if self.finished else self.updates
        return updates * self._protocol.hyperparameters.horizon * len(self._runs)

    @property
    def results(self) -> list[RunResult]:
        """What each run gave."""
        warnings, policies = self.environments.physics_warnings, self.policies
        return [
            RunResult(
                run,
                self._settings[index],
                log.csv,
                log.diverged_at,
                warnings[index],
                policies[index] if log.active else None,
                self.learners[index].demonstrations,
            )
            for index, (run, log) in enumerate(zip(self._runs, self._logs, strict=True))
        ]

    @property
    def policies(self) -> list[Policy]:
        """Each run's policy, as it is stored."""
        choices = self._protocol.hyperparameters.choices
        return [policy_of(choices, learner.state.actor) for learner in self.learners]

    def advance(self, seconds: float, on_progress: OnProgress = lambda steps: None) -> None:
        """Update every run, until the runs are finished or the time is over, and at least once.

        on_progress: called after each update with `steps`.
        """
        end = time.monotonic() + seconds
        while not self.finished:
            self.learn(self.collect())
            on_progress(self.steps)
            if time.monotonic() >= end:
                break

    def collect(self) -> Collected:
        """Let every active run act for a horizon."""
        actors, keys = join_actors(self.learners)
        return collect(self._protocol.hyperparameters, actors, keys, self.environments, self.active)

    def learn(self, collected: Collected) -> None:
        """Update every run from what it collected, and log it."""
        remaining = 1 - self.updates / self._protocol.updates
        self.updates += 1
        logged = self.updates % LOG_INTERVAL == 0 or self.updates == self._protocol.updates
        diagnostics = {
            index: learner.learn(self._protocol.hyperparameters, collected.rollout(index), remaining)
            for index, learner in enumerate(self.learners)
            if self._logs[index].active
        }
        for index, values in diagnostics.items():
            log, steps = self._logs[index], collected.steps[index]
            log.steps(collected.rewards[:steps, index], collected.ends[:steps, index])
            if steps < len(collected.rewards) or not np.asarray(values["finite"])[0]:
                log.diverge()
            elif logged:
                log.write({name: float(np.asarray(value)[0]) for name, value in values.items()})

    def checkpoint(self, seconds: float, made_by: list[dict[str, Any]]) -> Checkpoint:
        """What `resumed` goes on from. seconds, made_by: as `Checkpoint` has them."""
        simulators, generators = self.environments.state()
        states = []
        for index, run in enumerate(self._runs):
            arrays = self.learners[index].arrays()
            arrays |= {name: array[index] for name, array in simulators.items()}
            described = self._settings[index].as_json()
            log = asdict(self._logs[index])
            states.append(RunCheckpoint(run, described, arrays, generators[index], log))
        return Checkpoint(tuple(states), self.updates, seconds, made_by)

    @classmethod
    def resumed(cls, checkpoint: Checkpoint, protocol: Protocol, own: OwnFiles = ()) -> "Training":
        """The training that gave the checkpoint; it goes on with the bits that it would have had."""
        training, states = cls(checkpoint.runs, protocol, own, restored=True), checkpoint.states
        simulators, _ = training.environments.state()
        training.environments.restore(
            {name: np.stack([state.arrays[name] for state in states]) for name in simulators},
            [state.generator for state in states],
        )
        for learner, state in zip(training.learners, states, strict=True):
            learner.restore(state.arrays)
        training.updates = checkpoint.updates
        training._logs = [RunLog(**deepcopy(state.log)) for state in states]
        return training


def actor_of(policy: Policy) -> Actor:
    """What acting needs of a stored policy, to the bit: the inverse of `policy_of`."""
    one = Actor(
        policy=parameters_of(policy.layers, policy.log_std),
        # The square root of a rounded square is the number itself in binary floating point.
        statistics=ObservationStatistics(
            count=jnp.ones(()),
            mean=jnp.asarray(policy.observation_mean),
            squared_deviations=jnp.square(policy.observation_std),
        ),
    )
    return jax.tree.map(lambda leaf: jnp.asarray(leaf)[None], one)


def policy_of(choices: Choices, actor: Actor) -> Policy:
    """The policy of an actor, whose leading axis `run` has length 1, as it is stored."""
    one = jax.tree.map(lambda leaf: leaf[0], actor)
    layers, log_std = layers_of(one.policy)
    return Policy(
        observation_mean=np.asarray(one.statistics.mean),
        observation_std=np.asarray(standard_deviation(one.statistics)),
        observation_clip=np.asarray(observation_bound(choices), np.float32),
        layers=tuple((np.asarray(weights), np.asarray(bias)) for weights, bias in layers),
        log_std=np.asarray(log_std),
    )
