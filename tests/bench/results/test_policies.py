"""A stored policy acts as the one that was trained, without JAX."""

import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from algorithms.update import act
from bench.common.archives import pack_arrays, unpack_arrays
from bench.common.errors import UserError
from bench.protocol.protocol import Protocol, Run
from bench.protocol.variants import VARIANTS
from bench.results.folder import open_results
from bench.results.policies import Policy, load_policy
from bench.training.training import Training
from tests.helpers.processes import ROOT

pytestmark = pytest.mark.slow

PROTOCOL = Protocol(timesteps=2048)


@pytest.mark.parametrize(
    ("environment", "protocol"),
    [
        ("Hopper-v4", PROTOCOL),
        ("Reacher-v4", replace(VARIANTS["no-observation-filter"], timesteps=2048)),
    ],
)
def test_it_is_the_mean_of_acting(environment: str, protocol: Protocol, tmp_path: Path) -> None:
    """At observations of training, some of them so large that a filter clips them."""
    training = Training([Run(environment, "clip-0.2", seed) for seed in (0, 1)], protocol)
    training.advance(0)
    path = tmp_path / "policy.npz"
    path.write_bytes(training.policies[1].to_bytes())
    policy = load_policy(path)
    seen = np.asarray(training.collect().rollouts.observations[:50, 1]) * np.linspace(1, 20, 50)[:, None]
    noise = np.zeros((1, training.environments.action_size), np.float32)
    for observation in seen.astype(np.float32):
        actor = training.learners[1].state.actor
        (expected,) = act(protocol.hyperparameters, actor, observation[None], noise)
        np.testing.assert_allclose(policy(observation), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(policy(seen), [policy(each) for each in seen], rtol=1e-4, atol=1e-5)


def test_every_run_leaves_one_and_is_finished_without_it(trained: Path) -> None:
    results = open_results(trained, None, create=False)
    runs = results.finished()
    assert all(results.policy_path(run).exists() for run in runs)
    policy = load_policy(results.policy_path(Run("Reacher-v4", "clip-0.2", 0)))
    assert policy(np.zeros(11)).shape == (2,)
    assert policy.log_std.shape == (2,)


def test_a_missing_policy_makes_no_run_unfinished(trained_folder: Path) -> None:
    results = open_results(trained_folder, None, create=False)
    runs = results.finished()
    for run in runs:
        results.policy_path(run).unlink()
    assert results.finished() == runs


def test_it_needs_numpy_alone(trained: Path) -> None:
    code = (
        "import sys\n"
        "from bench.results.policies import load_policy\n"
        f"load_policy({str(trained / 'policies/Reacher-v4/clip-0.2/seed-00.npz')!r})([0.0] * 11)\n"
        "print(sorted({'jax', 'mujoco', 'gymnasium', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_what_is_no_policy_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "policy.npz"
    with pytest.raises(UserError, match=r"cannot read .*policy\.npz: No such file"):
        load_policy(path)
    path.write_bytes(b"not an archive")
    with pytest.raises(UserError, match=r"policy\.npz: not a stored policy"):
        load_policy(path)


PUBLISHED = ROOT / "results/policies/Hopper-v4/clip-0.2/seed-00.npz"


def test_sampled_actions_have_the_policy_s_mean_and_deviation() -> None:
    policy, observation = load_policy(PUBLISHED), np.linspace(-1, 1, 11)
    many = policy.sample(np.tile(observation, (20_000, 1)), np.random.default_rng(0))
    deviation = np.exp(policy.log_std)
    np.testing.assert_allclose(many.mean(axis=0), policy(observation), atol=4 * deviation.max() / 20_000**0.5)
    np.testing.assert_allclose(many.std(axis=0), deviation, rtol=0.03)
    (one, again) = (policy.sample(observation, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(one, again)
    assert one.shape == (3,)


def test_a_policy_whose_arrays_are_others_is_refused(tmp_path: Path) -> None:
    stored = unpack_arrays(PUBLISHED.read_bytes())
    weights = stored["weights_0"]
    path = tmp_path / "policy.npz"
    changes: list[dict[str, Any]] = [
        {"weights_0": weights[:5]},
        {"weights_0": weights.T},
        {"weights_0": weights.astype(np.float64)},
        {"weights_0": np.full_like(weights, np.nan)},
        {"bias_1": stored["bias_1"][None]},
        {"log_std": stored["log_std"][:1]},
        {"observation_mean": np.float32(0)},
        {"luck": weights},
        {"weights_9": weights},
    ]
    for change in changes:
        path.write_bytes(pack_arrays({**stored, **change}))
        with pytest.raises(UserError, match=r"policy\.npz: not a stored policy"):
            load_policy(path)
    for name in stored:
        path.write_bytes(pack_arrays({key: value for key, value in stored.items() if key != name}))
        with pytest.raises(UserError, match=r"policy\.npz: not a stored policy"):
            load_policy(path)


def test_no_flipped_bit_raises_anything_else(tmp_path: Path) -> None:
    stored, random = PUBLISHED.read_bytes(), np.random.default_rng(0)
    for index in random.integers(len(stored), size=500).tolist():
        with suppress(ValueError):  # some bytes say nothing, such as a date
            Policy.from_bytes(stored[:index] + bytes([stored[index] ^ 0x55]) + stored[index + 1 :])
