"""The golden run: a few updates of every environment, stored so that a change of the numerics is seen.

The lecture's settings, and the objectives that came after the paper's, have files of their own, over some
of the environments.

`python -m tests.golden.make` stores it anew. That is right only for a change that means to move the bits:
raise `NUMERICS` in bench/protocol/protocol.py with it, and say so in the commit.
"""

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from algorithms.rollout import Rollout
from algorithms.update import act, action_noise
from bench.common.files import json_text, write_whole
from bench.common.provenance import processor_kind
from bench.environments.batch import Environments
from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.protocol import NUMERICS, Protocol, Run
from bench.protocol.settings import LECTURE_SETTINGS, SUCCESSOR_SETTINGS
from bench.protocol.settings import SETTINGS as ALL_SETTINGS
from bench.training.learners import Learner, start_learners
from bench.training.training import train

FOLDER = Path(__file__).parent
RUNS = FOLDER / "runs.json"
LECTURE = FOLDER / "lecture.json"
SUCCESSORS = FOLDER / "successors.json"

# One row of each kind of objective.
SETTINGS = ("no-clip", "clip-0.2", "adaptive-kl-0.01", "fixed-kl-1")
# Of the lecture's settings: one of each rule, with one action, three and six; with one action all of them.
ONE_OF_EACH_RULE = ("pg-advantage", "line-search", "trpo-0.01", "ppo-clip-algorithm-1")
LECTURE_RUNS = {
    "InvertedPendulum-v4": LECTURE_SETTINGS,
    "Hopper-v4": ONE_OF_EACH_RULE,
    "HalfCheetah-v4": ONE_OF_EACH_RULE,
}
# One rule has all of these, each in a program of its own: with one action all of them, with six actions one.
SIX_ACTIONS = "HalfCheetah-v4"
ONE_SUCCESSOR = "truly-ppo"
SUCCESSOR_RUNS = {"InvertedPendulum-v4": SUCCESSOR_SETTINGS, SIX_ACTIONS: (ONE_SUCCESSOR,)}
PROTOCOL = Protocol(timesteps=3 * 2048)
FIRST_STEPS = 50
# The stored update is of a short rollout, to keep the files small.
SHORT = dataclasses.replace(PROTOCOL.hyperparameters, horizon=256)


def csvs(environment: str, settings: Sequence[str] = SETTINGS) -> dict[str, str]:
    """The CSVs of three updates, by setting."""
    runs = [Run(environment, setting, 0) for setting in settings]
    return {result.run.setting: result.csv for result in train(runs, PROTOCOL)}


def rollout(environment: str) -> dict[str, Any]:
    """The first 256 steps of a run: the inputs of the stored update, the first 50 steps among them."""
    environments, run = start(environment)
    noise = np.asarray(action_noise(SHORT, run.state.key, environments.action_size))
    observations, actions, rewards, ends = [environments.observations], [], [], []
    for noise_now in noise:
        seen = jnp.asarray(environments.observations, jnp.float32)
        actions.append(np.asarray(act(SHORT, run.state.actor, seen, noise_now)))
        steps = environments.step(actions[-1], np.array([True]))
        observations.append(steps.observations)
        rewards.append(steps.rewards)
        ends.append(steps.ends)
    return {
        "observations": np.array(observations, np.float32),
        "actions": np.array(actions, np.float32),
        "rewards": np.array(rewards, np.float32),
        "ends": np.array(ends),
    }


def first_steps(environment: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """The first 50 steps again: the policy at the stored observations, the environment at the stored actions.

    Not one driving the other, because the physics is chaotic: 1e-7 becomes 1e-4 within these steps.
    """
    environments, run = start(environment)
    noise = np.asarray(action_noise(SHORT, run.state.key, environments.action_size))
    actions, observations, rewards = [], [], []
    for t in range(FIRST_STEPS):
        seen = jnp.asarray(inputs["observations"][t])
        actions.append(np.asarray(act(SHORT, run.state.actor, seen, noise[t])))
        observations.append(environments.observations)
        rewards.append(environments.step(inputs["actions"][t], np.array([True])).rewards)
    numbers = {"observations": observations, "actions": actions, "rewards": rewards}
    return {name: np.array(values) for name, values in numbers.items()}


def update(environment: str, inputs: dict[str, Any], setting: str = "clip-0.2") -> dict[str, Any]:
    """Parameters and diagnostics after one update from these inputs."""
    _, run = start(environment, setting)
    arrays: dict[str, Any] = {name: jnp.asarray(array) for name, array in inputs.items()}
    diagnostics = run.learn(SHORT, Rollout(**arrays), 1.0)
    leaves = jax.tree_util.tree_leaves_with_path(run.state.parameters)
    parameters = {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in leaves}
    return parameters | {name: np.asarray(value) for name, value in diagnostics.items()}


def summary(environment: str, setting: str) -> dict[str, Any]:
    """What an update from the stored inputs gives: its diagnostics, and a hash of all its bits."""
    outputs = update(environment, load(inputs_path(environment)), setting)
    bits = hashlib.sha256(b"".join(np.asarray(outputs[name]).tobytes() for name in sorted(outputs)))
    diagnostics = {name: float(array[0]) for name, array in outputs.items() if array.shape == (1,)}
    return {**diagnostics, "sha256": bits.hexdigest()}


def start(environment: str, setting: str = "clip-0.2") -> tuple[Environments, Learner]:
    """Environment and learner of a run of seed 0."""
    environments, run = Environments(environment, [0]), Run(environment, setting, 0)
    (alone,) = start_learners([run], [ALL_SETTINGS[setting]], environments, PROTOCOL)
    return environments, alone


def inputs_path(environment: str) -> Path:
    """Where the stored rollout is."""
    return FOLDER / f"{environment}.rollout.npz"


def outputs_path(environment: str) -> Path:
    """Where the stored outcome of the update is."""
    return FOLDER / f"{environment}.update.npz"


def load(path: Path) -> dict[str, Any]:
    """The arrays of a stored file."""
    with np.load(path) as file:
        return dict(file)


def main() -> None:
    """Store the golden run, and then the lecture's and the later objectives'."""
    store_table()
    store_lecture()
    store_successors()


def store_table() -> None:
    """Store what is of the table's settings."""
    runs = {}
    for environment in ENVIRONMENTS:
        runs[environment] = csvs(environment)
        inputs = rollout(environment)
        np.savez_compressed(inputs_path(environment), **inputs)
        np.savez_compressed(outputs_path(environment), **update(environment, inputs))
    write_whole(RUNS, json_text({**_made_by(), "runs": runs}))


def store_lecture() -> None:
    """Store what is of the lecture's settings."""
    runs = {environment: csvs(environment, settings) for environment, settings in LECTURE_RUNS.items()}
    updates = {
        environment: {setting: summary(environment, setting) for setting in ONE_OF_EACH_RULE}
        for environment in LECTURE_RUNS
    }
    write_whole(LECTURE, json_text({**_made_by(), "runs": runs, "updates": updates}))


def store_successors() -> None:
    """Store what is of the objectives that came after the paper's."""
    runs = {environment: csvs(environment, settings) for environment, settings in SUCCESSOR_RUNS.items()}
    updates = {SIX_ACTIONS: {ONE_SUCCESSOR: summary(SIX_ACTIONS, ONE_SUCCESSOR)}}
    write_whole(SUCCESSORS, json_text({**_made_by(), "runs": runs, "updates": updates}))


def _made_by() -> dict[str, Any]:
    return {"numerics": NUMERICS, "processor_kind": processor_kind()}


if __name__ == "__main__":
    main()
