"""The golden run: a few updates of every environment, stored so that a change of the numerics is seen.

`python -m tests.golden.make` stores it anew. That is right only for a change that means to move the bits:
raise `NUMERICS` in bench/protocol/protocol.py with it, and say so in the commit.
"""

import dataclasses
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from algorithms import learner
from algorithms.types import Rollout
from bench.common.files import json_text, write_whole
from bench.common.provenance import processor_kind
from bench.environments.batch import Environments
from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.protocol import NUMERICS, Protocol, Run
from bench.protocol.settings import SETTINGS as PPO_SETTINGS
from bench.training.learners import Learner, learners
from bench.training.training import train

FOLDER = Path(__file__).parent
RUNS = FOLDER / "runs.json"

# One row of each kind of objective.
SETTINGS = ("no-clip", "clip-0.2", "adaptive-kl-0.01", "fixed-kl-1")
PROTOCOL = Protocol(timesteps=3 * 2048)
FIRST_STEPS = 50
# The stored update is of a short rollout, to keep the files small.
SHORT = dataclasses.replace(PROTOCOL.hyperparameters, horizon=256)


def csvs(environment: str) -> dict[str, str]:
    """The CSVs of three updates, by setting."""
    runs = [Run(environment, setting, 0) for setting in SETTINGS]
    return {result.run.setting: result.csv for result in train(runs, PROTOCOL)}


def rollout(environment: str) -> dict[str, Any]:
    """The first 256 steps of a run: the inputs of the stored update, the first 50 steps among them."""
    environments, run = start(environment)
    noise = np.asarray(learner.action_noise(SHORT, run.states.key, environments.action_size))
    observations, actions, rewards, ends = [environments.observations], [], [], []
    for noise_now in noise:
        seen = jnp.asarray(environments.observations, jnp.float32)
        actions.append(np.asarray(learner.act(SHORT, run.states.actor, seen, noise_now)))
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
    noise = np.asarray(learner.action_noise(SHORT, run.states.key, environments.action_size))
    actions, observations, rewards = [], [], []
    for t in range(FIRST_STEPS):
        seen = jnp.asarray(inputs["observations"][t])
        actions.append(np.asarray(learner.act(SHORT, run.states.actor, seen, noise[t])))
        observations.append(environments.observations)
        rewards.append(environments.step(inputs["actions"][t], np.array([True])).rewards)
    numbers = {"observations": observations, "actions": actions, "rewards": rewards}
    return {name: np.array(values) for name, values in numbers.items()}


def update(environment: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """Parameters and diagnostics after one update from these inputs."""
    _, run = start(environment)
    rollouts = Rollout(**{name: jnp.asarray(array) for name, array in inputs.items()})
    diagnostics = run.learn(SHORT, rollouts)
    leaves = jax.tree_util.tree_leaves_with_path(run.states.parameters)
    return {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in leaves} | diagnostics


def start(environment: str) -> tuple[Environments, Learner]:
    """Environment and learner of the run `clip-0.2`, seed 0."""
    environments, run = Environments(environment, [0]), Run(environment, "clip-0.2", 0)
    (alone,) = learners([run], [PPO_SETTINGS[run.setting]], environments, PROTOCOL)
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
    """Store the golden run."""
    runs = {}
    for environment in ENVIRONMENTS:
        runs[environment] = csvs(environment)
        inputs = rollout(environment)
        np.savez_compressed(inputs_path(environment), **inputs)
        np.savez_compressed(outputs_path(environment), **update(environment, inputs))
    record = {"numerics": NUMERICS, "processor_kind": processor_kind(), "runs": runs}
    write_whole(RUNS, json_text(record))


if __name__ == "__main__":
    main()
