"""The lecture's settings: a run's bits are the same alone, beside PPO's rows, cut, and on other processes."""

import json
from pathlib import Path

import pytest

from bench.protocol.protocol import Protocol, Run
from bench.protocol.settings import LECTURE_SETTINGS
from bench.results.folder import open_results
from bench.training.checkpoints import from_bytes
from bench.training.training import Training, train
from tests.golden import make
from tests.golden.test_golden import LECTURE, SAME_KIND
from tests.helpers.processes import command_line
from tests.helpers.soak import mark_soak

pytestmark = pytest.mark.slow

ENVIRONMENT = "InvertedPendulum-v4"
PROTOCOL = Protocol(timesteps=3 * 2048)
PPO = ("clip-0.2", "adaptive-kl-0.01")


def contents(training: Training) -> dict[Run, tuple[str, bytes]]:
    found = {}
    for result in training.results:
        assert result.policy is not None
        found[result.run] = result.csv, result.policy.to_bytes()
    return found


@pytest.fixture(scope="module")
def mixed() -> dict[Run, tuple[str, bytes]]:
    """A job of both rules of learning and two seeds, cut after every update."""
    runs = [Run(ENVIRONMENT, setting, seed) for seed in (1, 2) for setting in (*PPO, *make.ONE_OF_EACH_RULE)]
    training = Training(runs, PROTOCOL)
    while not training.finished:
        training.advance(0)
        stored = training.checkpoint(0, []).to_bytes(PROTOCOL)
        training = Training.resumed(from_bytes(stored, PROTOCOL), PROTOCOL)
    return contents(training)


@pytest.mark.soak
@pytest.mark.parametrize("setting", make.ONE_OF_EACH_RULE)
def test_a_run_is_the_same_alone_and_beside_others_in_a_job_that_is_cut(
    setting: str, mixed: dict[Run, tuple[str, bytes]]
) -> None:
    alone = Training([Run(ENVIRONMENT, setting, 1)], PROTOCOL)
    alone.advance(float("inf"))
    for run, content in contents(alone).items():
        assert mixed[run] == content


@pytest.mark.soak
def test_ppo_s_runs_are_the_same_beside_the_lecture_s(mixed: dict[Run, tuple[str, bytes]]) -> None:
    runs = [Run(ENVIRONMENT, setting, 1) for setting in PPO]
    assert [result.csv for result in train(runs, PROTOCOL)] == [mixed[run][0] for run in runs]


@pytest.mark.skipif(not SAME_KIND, reason="needs a processor that gives the golden run's bits")
@pytest.mark.parametrize("settings", [make.ONE_OF_EACH_RULE, *mark_soak([LECTURE_SETTINGS])])
def test_golden_runs(settings: tuple[str, ...]) -> None:
    stored = LECTURE["runs"][ENVIRONMENT]
    assert make.csvs(ENVIRONMENT, settings) == {name: stored[name] for name in settings}


@pytest.mark.soak
def test_a_campaign_of_the_lecture_s_settings(tmp_path: Path) -> None:
    """On Dask's workers; the group is one word on the command line."""
    arguments = ("--results", str(tmp_path), "--seeds", "1", "--timesteps", str(PROTOCOL.timesteps))
    selection = ("--environments", ENVIRONMENT, "--settings", "lecture")
    done = command_line("train", *arguments, *selection)
    assert done.returncode == 0, done.stderr
    results = open_results(tmp_path, None, create=False)
    assert results.finished() == {Run(ENVIRONMENT, setting, 0) for setting in LECTURE_SETTINGS}
    if SAME_KIND:
        for setting, csv in LECTURE["runs"][ENVIRONMENT].items():
            assert results.csv_path(Run(ENVIRONMENT, setting, 0)).read_text() == csv
    record = json.loads(results.csv_path(Run(ENVIRONMENT, "trpo-0.01", 0)).with_suffix(".json").read_text())
    assert record["numbers"] == {"kl_radius": 0.01, "kl_tolerance": 1.5, "damping": 0.1}
    assert record["options"] == {"cg_steps": 10, "trials": 10, "value_epochs": 5, "value_stepsize": 0.001}
