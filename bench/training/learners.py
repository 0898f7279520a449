"""Learners: the runs of a job that one update rule improves, and their states."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key
from numpy.typing import NDArray

from algorithms import learner as learning
from algorithms.hyperparameters import Hyperparameters
from algorithms.rules import UpdateRule
from algorithms.types import Actor, Rollout, RunState
from bench.environments.batch import Environments
from bench.protocol.protocol import Protocol, Run
from bench.protocol.settings import Setting
from bench.training.own import OwnFile, rule_of


@dataclass
class Learner:
    """Runs that one update rule improves.

    rule: with its options.
    places: of the runs in their job.
    states: with a leading axis `run`, in the places' order.
    """

    rule: UpdateRule
    places: NDArray[np.intp]
    states: RunState

    def learn(
        self, hyperparameters: Hyperparameters, rollouts: Rollout, remaining: float
    ) -> dict[str, NDArray[Any]]:
        """Update the states from the rollouts of all runs of the job; returns diagnostics by name.

        remaining: the share of the runs' updates that are not yet made, this one among them.
        """
        if len(self.places) < rollouts.rewards.shape[1]:
            rollouts = jax.tree.map(lambda array: array[:, self.places], rollouts)
        self.states, diagnostics = learning.update(
            hyperparameters, self.rule, self.states, rollouts, remaining
        )
        named = vars(diagnostics) | dict(zip(self.rule.columns, diagnostics.of_rule, strict=True))
        return {name: np.asarray(values) for name, values in named.items() if name != "of_rule"}

    def arrays(self, row: int) -> dict[str, NDArray[Any]]:
        """The state of one run as arrays by their place in the tree, the random key as its words."""
        return {
            jax.tree_util.keystr(path): np.asarray(jax.random.key_data(leaf) if _is_key(leaf) else leaf)[row]
            for path, leaf in jax.tree_util.tree_leaves_with_path(self.states)
        }

    def restore(self, arrays: Sequence[dict[str, NDArray[Any]]]) -> None:
        """Take the states that `arrays` gave, one for each run."""

        def stored(path: Any, leaf: Any) -> Any:
            array = jnp.asarray(np.stack([run[jax.tree_util.keystr(path)] for run in arrays]))
            return jax.random.wrap_key_data(array) if _is_key(leaf) else array

        self.states = jax.tree_util.tree_map_with_path(stored, self.states)


def learners(
    runs: Sequence[Run],
    settings: Sequence[Setting],
    environments: Environments,
    protocol: Protocol,
    own: OwnFile | None = None,
) -> list[Learner]:
    """The learners of a job's runs before their first step, one for each update rule and its options.

    settings: of each run.
    """
    places_of: dict[UpdateRule, list[int]] = {}
    for place, setting in enumerate(settings):
        places_of.setdefault(rule_of(setting, own), []).append(place)
    return [
        Learner(
            rule,
            np.array(places),
            _stacked(
                [
                    learning.init(
                        protocol.hyperparameters,
                        rule,
                        runs[place].seed,
                        dict(settings[place].numbers),
                        environments.observation_size,
                        environments.action_size,
                    )
                    for place in places
                ]
            ),
        )
        for rule, places in places_of.items()
    ]


def in_job_order(learners: Sequence[Learner]) -> tuple[Actor, Key[Array, "run"]]:
    """What acting needs of all runs of a job, in their order: acting is one program, whatever the rules."""
    if len(learners) == 1:
        return learners[0].states.actor, learners[0].states.key
    order = np.argsort(np.concatenate([learner.places for learner in learners]))
    parts = [(learner.states.actor, learner.states.key) for learner in learners]
    joined: tuple[Actor, Key[Array, run]] = jax.tree.map(
        lambda *leaves: jnp.concatenate(leaves)[order], *parts
    )
    return joined


def _stacked(states: Sequence[RunState]) -> RunState:
    stacked: RunState = jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)
    return stacked


def _is_key(leaf: Any) -> bool:
    return bool(jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key))
