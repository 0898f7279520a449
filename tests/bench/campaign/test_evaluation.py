"""Evaluating stored policies: what is evaluated, what is not, and what is kept of it."""

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.campaign.evaluation import EvaluationJob, evaluation_jobs
from bench.campaign.jobs import Job
from bench.protocol.protocol import Run
from bench.results import evaluations
from bench.results.folder import Results
from tests.helpers.commands import run
from tests.helpers.processes import command_line
from tests.helpers.published import change_last_digit, published_runs, record_content

RUNS = [Run("Reacher-v4", setting, 0) for setting in ("clip-0.1", "clip-0.2", "no-clip")]


def stored(results: Results, runs: list[Run]) -> dict[Run, bytes]:
    return {each: results.policy_path(each).read_bytes() for each in runs}


def done(job: Job, results: Results, seconds: float) -> Any:
    """Do a job for a while, and save what it gave; returns the rest of it."""
    return job.write_files(results, job.do(results.protocol, seconds, lambda steps: None))


def test_a_job_is_an_environment_and_a_seed() -> None:
    runs = [Run(environment, "clip-0.2", seed) for environment in ("B-v4", "A-v4") for seed in (1, 0)]
    jobs = evaluation_jobs({each: bytes([number]) for number, each in enumerate(runs)}, 10)
    assert [str(job) for job in jobs] == ["A-v4 seed 0", "B-v4 seed 0", "A-v4 seed 1", "B-v4 seed 1"]
    assert [job.policies for job in jobs] == [(b"\3",), (b"\1",), (b"\2",), (b"\0",)]


def test_a_job_that_is_interrupted_keeps_its_lines_and_goes_on_to_the_same(tmp_path: Path) -> None:
    results = published_runs(tmp_path / "results", RUNS)
    (job,) = evaluation_jobs(stored(results, RUNS), 2)
    rest = done(job, results, 0)
    assert evaluations.read(results.path)["setting"].tolist() == ["clip-0.1", "clip-0.1"]
    assert isinstance(rest, EvaluationJob)
    assert (rest.runs, rest.steps, rest.size(results.protocol)) == (job.runs, 4, 12)
    assert done(rest, results, math.inf) is None
    lines = evaluations.read(results.path)
    assert lines["setting"].tolist() == ["clip-0.1", "clip-0.1", "clip-0.2", "clip-0.2", "no-clip", "no-clip"]
    # A policy's lines are those that it has alone.
    alone = published_runs(tmp_path / "alone", RUNS)
    (job,) = evaluation_jobs(stored(alone, RUNS[1:2]), 2)
    assert done(job, alone, math.inf) is None
    pd.testing.assert_frame_equal(evaluations.read(alone.path), lines[2:4].reset_index(drop=True))


@pytest.mark.slow
def test_policies_of_repetitions_are_evaluated_once_and_only_where_the_runs_are_the_same(
    tmp_path: Path,
) -> None:
    results = published_runs(tmp_path / "results", [*RUNS, Run("Reacher-v4", "clip-0.2", 1)])
    repeated = published_runs(tmp_path / "again", RUNS)
    for path in results.path.rglob("*.npz"):
        path.unlink()
    change_last_digit(repeated, RUNS[2])
    record_content(repeated, RUNS[2])
    arguments = ["evaluate", "--results", str(results.path), "--seeds", "2", "--environments", "Reacher-v4"]
    without = run(*arguments)
    assert without.returncode == 0
    assert without.stdout == f"nothing to evaluate: none of these 4 runs is in {results.path}/policies\n"
    arguments += ["--episodes", "2", "--repeated", str(repeated.path)]
    first = command_line(*arguments)
    assert first.returncode == 0, first.stderr
    assert f"left out: {RUNS[2]} in {repeated.path} is not the run in {results.path}" in first.stdout
    assert "Reacher-v4 seed 0 done (2/2 runs" in first.stdout
    lines = evaluations.read(results.path)
    assert lines["setting"].tolist() == ["clip-0.1", "clip-0.1", "clip-0.2", "clip-0.2"]
    assert not (repeated.path / "policies.csv").exists()
    again = run(*arguments)
    path = results.path / "policies.csv"
    assert again.stdout.splitlines()[1] == (
        f"nothing to evaluate: the policies of 2 of the 3 finished runs of this selection are in {path}"
    )


@pytest.mark.parametrize("episodes", ["1", "0", "-1", "ten", "1e3"])
def test_a_number_of_episodes_that_can_not_be_is_refused(episodes: str, tmp_path: Path) -> None:
    results = published_runs(tmp_path / "results", RUNS[:1])
    refused = run("evaluate", "--results", str(results.path), f"--episodes={episodes}")
    assert refused.returncode == 1
    assert refused.stderr == (f"error: episodes must be a whole number from 2 to 9999, not '{episodes}'\n")


def test_a_damaged_policy_is_named(tmp_path: Path) -> None:
    results = published_runs(tmp_path / "results", RUNS[:1])
    path = results.policy_path(RUNS[0])
    path.write_bytes(path.read_bytes()[:100])
    refused = run("evaluate", "--results", str(results.path), "--environments", "Reacher-v4", "--seeds", "1")
    assert (refused.returncode, refused.stderr) == (1, f"error: {path}: not a stored policy\n")
