"""All runs as one table: what the files say, line by line."""

import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pytest

from bench.common import raw
from bench.common.errors import UserError
from bench.results.folder import open_results
from bench.results.reading import final_scores, load_runs, runs_table, select_runs
from bench.results.schema import COLUMNS
from tests.helpers.commands import run


def test_every_line_of_every_run(whole_table: Path) -> None:
    runs = load_runs(whole_table)
    assert list(runs) == [
        "environment",
        "setting",
        "seed",
        *COLUMNS,
        "kl_coefficient",
        "clip_fraction",
        "diverged",
    ]
    results = open_results(whole_table, None, create=False)
    parts = []
    for each in sorted(results.finished()):
        stored = results.read(each)
        table = pd.read_csv(io.StringIO(results.read_csv(each)))
        parts.append(pd.DataFrame(asdict(each), index=table.index).join(table))
        assert stored.record["diverged_at"] is None
    one_by_one = pd.concat(parts, ignore_index=True)
    pd.testing.assert_frame_equal(runs[list(one_by_one)], one_by_one)
    assert not runs["diverged"].any()
    assert len(final_scores(runs)) == 77


def test_some_runs_of_a_table_are_those_read_alone(whole_table: Path) -> None:
    results = open_results(whole_table, None, create=False)
    finished = results.finished()
    some = {run for run in finished if run.setting == "clip-0.2" or run.environment == "Reacher-v4"}
    table = load_runs(whole_table)
    pd.testing.assert_frame_equal(select_runs(table, some), runs_table(results, some))
    assert select_runs(table, finished) is table


@pytest.mark.parametrize("command", ["status", "train", "table", "curves"])
def test_a_command_walks_the_folder_and_reads_its_files_once(
    command: str, results_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    met: Counter[tuple[str, Path]] = Counter()

    iterdir, read_bytes = Path.iterdir, raw.read_bytes

    def count_walk(path: Path) -> Iterator[Path]:
        met["iterdir", path] += 1
        return iterdir(path)

    def count_read(path: Path) -> bytes:
        met["read", path] += 1
        return read_bytes(path)

    monkeypatch.setattr(Path, "iterdir", count_walk)
    monkeypatch.setattr(raw, "read_bytes", count_read)
    done = run(command, "--results", str(results_folder), "--environments", "Reacher-v4", "--seeds", "1")
    assert done.returncode == 0, done.stderr
    runs = results_folder / "runs"
    assert {
        path: count for (_, path), count in met.items() if runs in (path, *path.parents)
    } == dict.fromkeys([runs, *runs.glob("*"), *runs.glob("*/*"), *runs.glob("Reacher-v4/*/*")], 1)


def test_an_edited_run_is_named(results_folder: Path) -> None:
    edited = next(results_folder.glob("runs/Hopper-v4/clip-0.2/*.csv"))
    edited.write_text(edited.read_text().replace("2048", "2047"))
    with pytest.raises(UserError, match=r"Hopper-v4/clip-0\.2/seed-00\.csv: ends at timestep 2047"):
        load_runs(results_folder)


def test_an_empty_folder_says_what_to_do(tmp_path: Path) -> None:
    open_results(tmp_path / "new", None, create=True)
    with pytest.raises(UserError, match=r"no run is finished in .*new: train first"):
        load_runs(tmp_path / "new")
