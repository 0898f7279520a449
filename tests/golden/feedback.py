"""The golden run of human feedback: updates from a stored rollout, with few comparisons and short fits.

`python -m tests.golden.feedback` stores it anew, as `tests/golden/make.py` says.
"""

import dataclasses
import hashlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from algorithms.rollout import Rollout
from bench.common.files import json_text, write_whole
from bench.common.provenance import processor_kind
from bench.environments.batch import Environments
from bench.protocol.protocol import NUMERICS, Run
from bench.protocol.settings import RLHF_SETTINGS, SETTINGS
from bench.training.learners import start_learners
from tests.golden.make import FOLDER, PROTOCOL, SHORT, inputs_path, load

FEEDBACK = FOLDER / "feedback.json"
ENVIRONMENT = "HalfCheetah-v4"
UPDATES = 10
# Windows of two rollouts are compared, then V is fitted, then the policy learns.
FEWER = {"labels": 40, "label_rollouts": 2, "value_rollouts": 1, "model_epochs": 2}


def summary(name: str) -> dict[str, Any]:
    """The diagnostics of the last of ten updates from the stored rollout, and a hash of the state's bits."""
    setting = SETTINGS[name]
    options = {key: FEWER.get(key, value) for key, value in setting.options.items()}
    environments, run = Environments(ENVIRONMENT, [0]), Run(ENVIRONMENT, name, 0)
    smaller = dataclasses.replace(setting, options=options)
    (learner,) = start_learners([run], [smaller], environments, PROTOCOL)
    inputs: dict[str, Any] = {
        name: jnp.asarray(array) for name, array in load(inputs_path(ENVIRONMENT)).items()
    }
    rollout = Rollout(**inputs)
    for update in range(UPDATES):
        diagnostics = learner.learn(SHORT, rollout, 1 - update / UPDATES)
    arrays = [np.asarray(leaf) for leaf in jax.tree.leaves(learner.state)]
    bits = hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()
    return {**{key: float(value[0]) for key, value in diagnostics.items()}, "sha256": bits}


def main() -> None:
    """Store the golden run."""
    made_by = {"numerics": NUMERICS, "processor_kind": processor_kind()}
    updates = {name: summary(name) for name in RLHF_SETTINGS}
    write_whole(FEEDBACK, json_text({**made_by, "updates": updates}))


if __name__ == "__main__":
    main()
