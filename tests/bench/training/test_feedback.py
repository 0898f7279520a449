"""Runs of human feedback: the same bits alone, beside others and cut; and their demonstrations."""

import json
from pathlib import Path

import numpy as np
import pytest

from algorithms.hyperparameters import Hyperparameters
from bench.campaign.jobs import DemonstrationJob
from bench.common.errors import UserError
from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.protocol import Protocol, Run
from bench.protocol.settings import RLHF_SETTINGS
from bench.results.demonstrations import StoredDemonstrations, path_of, read_demonstrations
from bench.results.folder import open_results
from bench.training.checkpoints import from_bytes
from bench.training.own import OwnFile
from bench.training.training import Training
from tests.golden import feedback
from tests.golden.test_golden import SAME_KIND
from tests.helpers.processes import command_line
from tests.helpers.soak import mark_soak

pytestmark = pytest.mark.slow

ENVIRONMENT = "InvertedPendulum-v4"
PROTOCOL = Protocol(timesteps=5 * 256, hyperparameters=Hyperparameters(horizon=256))
OWN = """
from algorithms.rules import rlhf
from bench.protocol.settings import SETTINGS, Setting

rule = rlhf.Rule(
    demonstrations=True, value_rollouts=1, labels=40, label_rollouts=2, window=10, model_epochs=2
)
numbers = SETTINGS["rlhf"].numbers
SETTINGS = [
    Setting("few", "Few", "mine", numbers),
    Setting("mistaken", "Mistaken", "mine", {**numbers, "mistake_chance": 0.5}),
]
"""


def contents(training: Training) -> dict[Run, tuple[str, bytes]]:
    return {
        result.run: (result.csv, result.policy.to_bytes() if result.policy else b"")
        for result in training.results
    }


def test_a_run_is_the_same_alone_and_beside_others_in_a_job_that_is_cut() -> None:
    own = (OwnFile("few.py", OWN),)
    runs = [Run(ENVIRONMENT, name, 1) for name in ("few", "mistaken", "clip-0.2")]
    mixed = Training(runs, PROTOCOL, own)
    while not mixed.finished:
        mixed.advance(0)
        stored = mixed.checkpoint(0, []).to_bytes(PROTOCOL)
        mixed = Training.resumed(from_bytes(stored, PROTOCOL), PROTOCOL, own)
    alone = Training([runs[0]], PROTOCOL, own)
    alone.advance(float("inf"))
    assert contents(alone).items() <= contents(mixed).items()
    assert alone.results[0].demonstrations == read_demonstrations(ENVIRONMENT)[1]
    # A labeler that errs every other time gives another model.
    assert mixed.results[0].csv != mixed.results[1].csv


def test_a_window_fits_into_an_episode_and_into_a_rollout() -> None:
    runs = [Run("Reacher-v4", "preferences", 0)]
    for horizon, window in ((2048, 25), (32, 16)):
        protocol = Protocol(horizon, Hyperparameters(horizon, minibatch_size=32))
        (learner,) = Training(runs, protocol).learners
        assert learner.state.rule_state.comparisons.windows.exists.shape[-1] == window


@pytest.mark.skipif(not SAME_KIND, reason="needs a processor that gives the golden run's bits")
@pytest.mark.parametrize("name", ["rlhf", *mark_soak([each for each in RLHF_SETTINGS if each != "rlhf"])])
def test_golden_updates(name: str) -> None:
    assert feedback.summary(name) == json.loads(feedback.FEEDBACK.read_text())["updates"][name]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_published_demonstrations_are_those_of_their_json(environment: str) -> None:
    demonstrations, sha256 = read_demonstrations(environment)
    record = json.loads(path_of(environment).with_suffix(".json").read_text())
    assert record["sha256"] == sha256
    assert (record["setting"], record["seed"], record["timesteps"]) == ("clip-0.2", 100, 204_800)
    assert record["episodes"] == len(demonstrations.lengths) == 10
    assert record["mean_return"] == pytest.approx(demonstrations.returns.mean())


def test_an_environment_without_demonstrations_is_named() -> None:
    with pytest.raises(UserError, match="demonstrate --environments Nowhere-v0"):
        read_demonstrations("Nowhere-v0")


def test_demonstrations_whose_arrays_do_not_fit_are_refused() -> None:
    stored, _ = read_demonstrations("Reacher-v4")
    shorter = StoredDemonstrations(stored.observations[:-1], stored.actions, stored.lengths, stored.returns)
    with pytest.raises(ValueError, match="fit"):
        StoredDemonstrations.from_bytes(shorter.to_bytes())
    wrong = StoredDemonstrations(
        stored.observations, np.full_like(stored.actions, np.nan), stored.lengths, stored.returns
    )
    with pytest.raises(ValueError, match="finite"):
        StoredDemonstrations.from_bytes(wrong.to_bytes())


def test_a_campaign_counts_a_demonstrator_as_one_run() -> None:
    assert DemonstrationJob("Hopper-v4").runs == (Run("Hopper-v4", "clip-0.2", 100),)


@pytest.mark.soak
@pytest.mark.skipif(not SAME_KIND, reason="needs a processor that gives the golden run's bits")
def test_demonstrations_repeat_to_the_bit() -> None:
    from bench.training.demonstrations import demonstrate

    made, _ = demonstrate("Reacher-v4")
    assert made.to_bytes() == path_of("Reacher-v4").read_bytes()


@pytest.mark.soak
def test_a_campaign_of_all_settings(tmp_path: Path) -> None:
    """On Dask's workers; the group is one word on the command line, and verify repeats what it can."""
    arguments = ("--results", str(tmp_path), "--seeds", "1", "--timesteps", str(28 * 2048))
    done = command_line("train", *arguments, "--environments", ENVIRONMENT, "--settings", "rlhf")
    assert done.returncode == 0, done.stderr
    results = open_results(tmp_path, None, create=False)
    assert results.finished() == {Run(ENVIRONMENT, name, 0) for name in RLHF_SETTINGS}
    record = json.loads(results.json_path(Run(ENVIRONMENT, "rlhf", 0)).read_text())
    assert record["demonstrations_sha256"] == read_demonstrations(ENVIRONMENT)[1]
    done = command_line("verify", ENVIRONMENT, "--results", str(tmp_path), "--settings", "rlhf")
    assert done.returncode == 0, done.stderr
    assert "identical" in done.stdout
