"""Repeating shipped runs, and saying what is done."""

import io
import json
import os
import re
import shutil
from importlib import metadata
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from bench.campaign.verify import compare, require_repeated, verify
from bench.common.errors import UserError
from bench.common.files import digest
from bench.common.provenance import processor_kind
from bench.protocol.protocol import Run
from bench.protocol.selection import Selection
from bench.results import verified
from bench.results.folder import Results, open_results
from tests.helpers.commands import run
from tests.helpers.made_up import synthetic_results
from tests.helpers.processes import command_line
from tests.helpers.training import train_into

pytestmark = pytest.mark.slow

SETTINGS = ("clip-0.2", "no-clip")


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seeds of two rows, long enough for two lines each."""
    folder = tmp_path_factory.mktemp("shipped")
    train_into(folder, Selection(("InvertedPendulum-v4",), SETTINGS, (0, 1)).runs, 20480)
    return folder


def edit(folder: Path, kind: str | None, change: float, setting: str = "clip-0.2") -> None:
    """Make a setting's runs ones that another processor, or a mistake, could have made."""
    for csv in (folder / "runs" / "InvertedPendulum-v4" / setting).glob("*.csv"):
        heading, *lines = csv.read_text().splitlines()
        cells = [line.split(",") for line in lines]
        for line in cells:
            line[2] = repr(float(line[2]) + change)
        csv.write_text("\n".join([heading, *(",".join(line) for line in cells), ""]))
        path = csv.with_suffix(".json")
        record = json.loads(path.read_text())
        record["csv_sha256"] = digest(csv.read_text())
        record["processor"]["kind"] = kind or record["processor"]["kind"]
        path.write_text(json.dumps(record))


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The first half of one seed of the same runs, trained again."""
    runs = Selection(("InvertedPendulum-v4",), SETTINGS, (0,)).runs
    return train_into(tmp_path_factory.mktemp("prefix"), runs, 10240)


def compared(folder: Path, repeated: Results) -> tuple[str, str]:
    """What is printed of seed 0, and the error that it ends with, if any."""
    results = open_results(folder, None, create=False)
    console = Console(file=io.StringIO(), width=200)
    runs = sorted(run for run in results.finished() if run.seed == 0)
    outcomes = {run: compare(run, results, repeated, console) for run in runs}
    error = ""
    try:
        require_repeated(outcomes, results)
    except UserError as refused:
        error = str(refused)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue(), error


def test_runs_repeat_bit_for_bit_and_that_is_recorded(shipped: Path, prefix: Results, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(shipped, tmp_path / "results"))
    done = command_line("verify", "InvertedPendulum-v4", "--results", str(folder), "--record")
    assert done.returncode == 0, done.stderr
    runs = [Run("InvertedPendulum-v4", setting, 0) for setting in SETTINGS]
    for each in runs:
        assert f"{each}: bit-identical in 2 lines" in done.stdout
    # A prefix has lines of its own, which don't take those of the whole.
    verified.record(open_results(folder, None, create=False), prefix, dict.fromkeys(runs, "identical"))
    table = pd.read_csv(folder / "verified.csv")
    assert table[["setting", "timesteps", "outcome"]].to_numpy().tolist() == [
        ["clip-0.2", 10240, "identical"],
        ["clip-0.2", 20480, "identical"],
        ["no-clip", 10240, "identical"],
        ["no-clip", 20480, "identical"],
    ]
    assert (table["made_on"] == table["repeated_on"]).all()
    assert set(table["jax"]) == {metadata.version("jax")}


def test_on_the_same_kind_of_processor_any_difference_counts(
    shipped: Path, prefix: Results, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(shipped, tmp_path / "results"))
    edit(folder, None, 1e-6)
    printed, error = compared(folder, prefix)
    assert "DIFFERENT" in printed
    assert error == "1 of 2 runs differ: InvertedPendulum-v4 clip-0.2 seed 0"


@pytest.mark.parametrize(("changes", "different"), [((0.01, 0.01), 0), ((1000, 0.01), 1), ((1000, -1000), 2)])
def test_on_another_kind_the_spread_of_seeds_decides(
    changes: tuple[float, float], different: int, shipped: Path, prefix: Results, tmp_path: Path
) -> None:
    """A few runs may differ more than that, most may not."""
    folder = Path(shutil.copytree(shipped, tmp_path / "results"))
    for setting, change in zip(SETTINGS, changes, strict=True):
        edit(folder, "aarch64-0123456789ab", change, setting)
    printed, error = compared(folder, prefix)
    assert printed.count("made on aarch64-0123456789ab") == 2
    assert printed.count("DIFFERENT") == different
    assert bool(error) == (different == 2)


def test_a_run_that_diverged_is_not_repeated_by_one_that_goes_on(
    shipped: Path, prefix: Results, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(shipped, tmp_path / "results"))
    csv = folder / "runs" / "InvertedPendulum-v4" / "clip-0.2" / "seed-00.csv"
    heading, first, _ = csv.read_text().splitlines()
    csv.write_text(f"{heading}\n{first}\n14336,99,20.5,3.5,22.7,,,,,,\n")
    path = csv.with_suffix(".json")
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "csv_sha256": digest(csv.read_text()), "diverged_at": 14336}))
    # Repeated are the runs as they were.
    _, error = compared(folder, open_results(shipped, None, create=False))
    assert error == "1 of 2 runs differ: InvertedPendulum-v4 clip-0.2 seed 0"
    # Until then it is the same.
    assert compared(folder, prefix)[1] == ""


def test_a_run_that_diverged_before_its_first_line_differs_on_another_kind(
    shipped: Path, prefix: Results, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(shipped, tmp_path / "results"))
    edit(folder, "aarch64-0123456789ab", 0)
    csv = folder / "runs" / "InvertedPendulum-v4" / "clip-0.2" / "seed-00.csv"
    heading, *_ = csv.read_text().splitlines()
    csv.write_text(f"{heading}\n4096,99,20.5,3.5,22.7,,,,,,\n")
    path = csv.with_suffix(".json")
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "csv_sha256": digest(csv.read_text()), "diverged_at": 4096}))
    printed, _ = compared(folder, prefix)
    assert printed.count("DIFFERENT") == 1


@pytest.mark.soak
def test_what_is_repeated_is_recorded_also_where_another_job_fails(own_row: str, tmp_path: Path) -> None:
    """Workers don't know the setting that is of this process alone."""
    good, bad = Run("InvertedPendulum-v4", "clip-0.2", 0), Run("InvertedPendulum-v4", own_row, 1)
    results = train_into(tmp_path, [good, bad], 10240)
    selection = Selection(("InvertedPendulum-v4",), ("clip-0.2", own_row), (0, 1))
    with pytest.raises(UserError, match="1 of 2 jobs failed"):
        verify(results, selection, None, Console(file=io.StringIO()), record=True)
    (line,) = pd.read_csv(tmp_path / "verified.csv").itertuples()
    assert (line.setting, line.seed, line.outcome) == ("clip-0.2", 0, "identical")


@pytest.fixture
def damaged(shipped: Path, tmp_path: Path) -> Path:
    """A CSV of another seed than the one that is repeated, in a copy of the folder."""
    folder = Path(shutil.copytree(shipped, tmp_path / "results"))
    damaged = folder / "runs" / "InvertedPendulum-v4" / "clip-0.2" / "seed-01.csv"
    damaged.write_text(damaged.read_text().replace("20480", "20481"))
    return damaged


@pytest.mark.soak
def test_a_damaged_seed_that_is_not_needed_does_not_matter(damaged: Path) -> None:
    folder = str(damaged.parents[3])
    assert command_line("verify", "--results", folder, "--timesteps", "10240").returncode == 0


def test_a_damaged_seed_is_found_before_training_where_it_is_needed(damaged: Path) -> None:
    folder = damaged.parents[3]
    arguments = ("verify", "InvertedPendulum-v4", "--results", str(folder), "--timesteps", "10240")
    path = damaged.with_name("seed-00.json")
    record = json.loads(path.read_text())
    record["processor"]["kind"] = "aarch64-0123456789ab"
    path.write_text(json.dumps(record))
    done = run(*arguments)
    assert done.returncode == 1
    assert str(damaged) in done.stderr
    record["processor"]["kind"] = processor_kind()
    path.write_text(json.dumps(record))
    (folder / "verified.csv").write_text("seed\n")
    done = run(*arguments, "--record")
    assert "verified.csv: its first line must be environment,setting,seed," in done.stderr
    assert "done" not in done.stdout


def test_one_seed_of_another_kind_tells_nothing(shipped: Path, prefix: Results, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(shipped, tmp_path / "results"))
    for path in folder.glob("runs/*/*/seed-01.*"):
        path.unlink()
    edit(folder, "aarch64-0123456789ab", 1000)
    printed, error = compared(folder, prefix)
    assert error == ""
    assert "no other seed to compare with" in printed


def test_runs_whose_updates_depend_on_their_length_are_repeated_whole_or_not_at_all(tmp_path: Path) -> None:
    environments, settings = ("Hopper-v4",), ("preferences",)
    results = synthetic_results(tmp_path, 40 * 2048, (0,), settings, environments=environments)
    selection = Selection(environments, settings, (0,))
    with pytest.raises(UserError, match="all these runs depend on their length: leave out --timesteps"):
        verify(results, selection, 10_240, Console(file=io.StringIO()))


def test_too_short_a_prefix_is_refused(shipped: Path) -> None:
    done = run("verify", "--results", str(shipped), "--timesteps", "2048")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "the first line to compare is at timestep 10,240" in done.stderr


def test_status_says_what_is_done_and_how_long_the_rest_takes(shipped: Path) -> None:
    done = run("status", "--results", str(shipped), "--environments", "InvertedPendulum-v4")
    assert done.returncode == 0, done.stderr
    assert "33 runs: 4 done, 29 missing, 0 diverged" in done.stdout
    assert "left on this machine's" in done.stdout
    whole = run("status", "--results", str(shipped), "--seeds", "2")
    assert "154 runs: 4 done, 150 missing" in whole.stdout


def test_status_says_that_a_campaign_is_running(shipped: Path) -> None:
    arguments = ("status", "--results", str(shipped), "--environments", "InvertedPendulum-v4")
    with open_results(shipped, None, create=False).locked():
        running = run(*arguments)
    assert running.returncode == 0, running.stderr
    assert re.search(
        rf"^a campaign is running on {shipped}: process {os.getpid()} on \S+ since 2",
        running.stdout,
        re.MULTILINE,
    )
    assert "a campaign is running" not in run(*arguments).stdout
