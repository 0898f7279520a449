"""Learners: the runs of a job, each with the update rule that improves it.

A run learns alone, as a batch of one run. So a rule's program is compiled once, whatever runs a job has, and
a run's bits can't depend on the others. Acting takes all runs of a job together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, UInt32
from numpy.typing import NDArray

from algorithms.demonstrations import Demonstrations
from algorithms.hyperparameters import Hyperparameters
from algorithms.rollout import Rollout
from algorithms.rules import FeedbackRule, UpdateRule, imitates
from algorithms.update import Actor, RunState, initial_state, update
from bench.environments.batch import Environments
from bench.protocol.protocol import Protocol, Run
from bench.protocol.settings import Setting
from bench.results.demonstrations import read_demonstrations
from bench.training.own import OwnFiles, find_rule_of


@dataclass
class Learner:
    """A run and what it has learned.

    rule: with its options.
    state: with a leading axis `run` of length 1. Without the axis XLA's program has other last bits.
    demonstrations: the SHA-256 of the file of demonstrations that it started from, or None.
    """

    rule: UpdateRule
    state: RunState
    demonstrations: str | None = None

    def learn(self, hyperparameters: Hyperparameters, rollout: Rollout, remaining: float) -> dict[str, Array]:
        """Update the state from a rollout of this run alone; returns diagnostics by name, each `[run]`.

        They are not waited for, so that the next run's update can be prepared meanwhile.

        remaining: the share of the run's updates that are not yet made, this one among them.
        """
        self.state, diagnostics = update(hyperparameters, self.rule, self.state, rollout, remaining)
        return diagnostics

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The state as arrays by their path in the tree."""
        return {
            jax.tree_util.keystr(path): np.asarray(leaf)[0]
            for path, leaf in jax.tree_util.tree_leaves_with_path(self.state)
        }

    def restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take the state that `arrays` gave."""
        self.state = jax.tree_util.tree_map_with_path(
            lambda path, _: jnp.asarray(arrays[jax.tree_util.keystr(path)][None]), self.state
        )


def start_learners(
    runs: Sequence[Run],
    settings: Sequence[Setting],
    environments: Environments,
    protocol: Protocol,
    own: OwnFiles = (),
    *,
    restored: bool = False,
) -> list[Learner]:
    """The learners of a job's runs before their first step, in the runs' order.

    settings: of each run.
    restored: whether `Learner.restore` will replace the states, so that no policy imitates in vain.
    """

    @cache
    def demonstrated() -> tuple[Demonstrations, str]:
        """The demonstrations of the job's environment, read once, and the SHA-256 of their file."""
        stored, sha256 = read_demonstrations(runs[0].environment)
        return Demonstrations(jnp.asarray(stored.observations), jnp.asarray(stored.actions)), sha256

    def start(run: Run, setting: Setting) -> Learner:
        rule = find_rule_of(setting, own)
        if isinstance(rule, FeedbackRule):
            # What is cut from an episode must fit into a rollout, too.
            longest = min(environments.time_limit, protocol.hyperparameters.horizon)
            rule = rule.with_time_limit(longest)
        sizes = environments.observation_size, environments.action_size
        demonstrations, sha256 = demonstrated() if imitates(rule) else (None, None)
        numbers = dict(setting.numbers)
        imitated = None if restored else demonstrations
        state = initial_state(protocol.hyperparameters, rule, run.seed, numbers, *sizes, imitated)
        return Learner(rule, jax.tree.map(lambda leaf: leaf[None], state), sha256)

    return [start(run, setting) for run, setting in zip(runs, settings, strict=True)]


def join_actors(learners: Sequence[Learner]) -> tuple[Actor, UInt32[Array, "run 2"]]:
    """What acting needs of all runs: their actors and keys, joined along the axis `run`.

    By NumPy, because JAX would compile a program for every number of runs.
    """

    def join(*leaves: Array) -> Array:
        return jnp.asarray(np.concatenate([np.asarray(leaf) for leaf in leaves]))

    found: tuple[Actor, Array] = jax.tree.map(
        join, *((learner.state.actor, learner.state.key) for learner in learners)
    )
    return found
