"""Comparing published runs with repetitions in another folder, of which nothing is trained here."""

import json
from pathlib import Path

import pandas as pd
import pytest

from bench.protocol.protocol import Run
from bench.results.folder import Results
from tests.helpers.commands import Done, run
from tests.helpers.published import change_last_digit, change_record, published_runs, record_content

RUNS = [Run("Reacher-v4", setting, seed) for setting in ("clip-0.2", "trpo-0.01") for seed in (0, 1)]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def repetitions(folder: Path, runs: list[Run]) -> Results:
    """Copies that say that another checkout made them."""
    repeated = published_runs(folder, runs)
    for each in runs:
        change_record(repeated, each, git_commit=COMMIT)
    return repeated


def compared(tmp_path: Path, *arguments: str) -> Done:
    folders = ("--results", str(tmp_path / "results"), "--repeated", str(tmp_path / "again"))
    return run("verify", *folders, *arguments)


def test_all_that_the_other_folder_has_finished_is_compared_and_recorded(tmp_path: Path) -> None:
    published_runs(tmp_path / "results", RUNS)
    repetitions(tmp_path / "again", RUNS[:3])
    done = compared(tmp_path, "--record")
    assert done == (0, "3 of 3 runs are identical\n", "")
    table = pd.read_csv(tmp_path / "results" / "verified.csv")
    columns = ["setting", "seed", "timesteps", "repeated_by", "outcome"]
    assert table[columns].to_numpy().tolist() == [
        ["clip-0.2", 0, 1_000_000, COMMIT, "identical"],
        ["clip-0.2", 1, 1_000_000, COMMIT, "identical"],
        ["trpo-0.01", 0, 1_000_000, COMMIT, "identical"],
    ]
    record = json.loads((tmp_path / "again/runs/Reacher-v4/clip-0.2/seed-00.json").read_text())
    assert table["repeated_on"][0] == f"{record['processor']['name']} {record['processor']['model']}"
    assert table["jax"][0] == record["versions"]["jax"]
    one = compared(tmp_path, "Reacher-v4", "--seed", "1")
    assert one.stdout == "1 of 1 runs are identical\n"


def test_a_changed_byte_is_a_difference(tmp_path: Path) -> None:
    published_runs(tmp_path / "results", RUNS[:2])
    repeated = repetitions(tmp_path / "again", RUNS[:2])
    path = change_last_digit(repeated, RUNS[1])
    damaged = compared(tmp_path)
    assert damaged.stderr.startswith(f"error: {path}: its content is not what was written")
    record_content(repeated, RUNS[1])
    done = compared(tmp_path, "--record")
    assert done.returncode == 1
    assert done.stdout == "1 of 2 runs are identical\n"
    assert done.stderr == "error: 1 of 2 runs differ: Reacher-v4 clip-0.2 seed 1\n"
    outcomes = pd.read_csv(tmp_path / "results" / "verified.csv")["outcome"]
    assert outcomes.tolist() == ["identical", "different"]


def test_a_copy_is_no_repetition(tmp_path: Path) -> None:
    published_runs(tmp_path / "results", RUNS[:1])
    published_runs(tmp_path / "again", RUNS[:1])
    done = compared(tmp_path, "--record")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "has repeated no finished run of this selection" in done.stderr
    assert not (tmp_path / "results" / "verified.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--variant", "annealed"), "no results in"),
        (("--timesteps", "10240"), "--repeated compares whole runs of all settings"),
        (("Hopper-v4",), "has repeated no finished run of this selection"),
    ],
)
def test_what_can_not_be_compared_is_refused_in_one_line(
    arguments: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    published_runs(tmp_path / "results", RUNS[:1])
    repetitions(tmp_path / "again", RUNS[:1])
    done = compared(tmp_path, *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert message in done.stderr


def test_a_folder_of_another_protocol_is_refused(tmp_path: Path) -> None:
    results = published_runs(tmp_path / "results", RUNS[:1])
    annealed = Path(__file__).parents[3] / "results" / "variants" / "annealed"
    for command in ("verify", "evaluate"):
        done = run(command, "--results", str(results.path), "--repeated", str(annealed))
        assert done.returncode == 1
        assert "holds results of protocol" in done.stderr
        assert "stepsize_schedule linear_with_clip_range, not constant" in done.stderr
