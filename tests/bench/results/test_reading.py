"""All runs as one table: what the files say, line by line."""

import io
from pathlib import Path

import pandas as pd
import pytest

from bench.common.errors import UserError
from bench.results.folder import open_results
from bench.results.reading import final_scores, load_runs
from bench.results.schema import COLUMNS


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
    for run in sorted(results.finished()):
        stored = results.read(run)
        table = pd.read_csv(io.StringIO(stored.text))
        keys = {"environment": run.environment, "setting": run.setting, "seed": run.seed}
        parts.append(pd.DataFrame(keys, index=table.index).join(table))
        assert stored.record["diverged_at"] is None
    one_by_one = pd.concat(parts, ignore_index=True)
    pd.testing.assert_frame_equal(runs[list(one_by_one)], one_by_one)
    assert not runs["diverged"].any()
    assert len(final_scores(runs)) == 77


def test_an_edited_run_is_named(results_folder: Path) -> None:
    edited = next(results_folder.glob("runs/Hopper-v4/clip-0.2/*.csv"))
    edited.write_text(edited.read_text().replace("2048", "2047"))
    with pytest.raises(UserError, match=r"Hopper-v4/clip-0\.2/seed-00\.csv: ends at timestep 2047"):
        load_runs(results_folder)


def test_an_empty_folder_says_what_to_do(tmp_path: Path) -> None:
    open_results(tmp_path / "new", None, create=True)
    with pytest.raises(UserError, match=r"no run is finished in .*new: train first"):
        load_runs(tmp_path / "new")
