"""The whole report, on made-up runs of three and of five seeds."""

import io
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from bench.__main__ import Table
from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.selection import select
from bench.protocol.settings import PAPER_SETTINGS
from bench.report import page
from bench.results.folder import Results
from bench.scores.grid import complete_grid
from bench.scores.report import Report, report
from bench.speed.scaling import synthetic_results


def report_on(results: Results, settings: tuple[str, ...] = PAPER_SETTINGS) -> Report:
    return report(results, select(ENVIRONMENTS, settings, None, results.finished()))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return synthetic_results(tmp_path_factory.mktemp("synthetic") / "results", None, range(3), PAPER_SETTINGS)


def test_the_table_is_the_grids_statistic(results: Results) -> None:
    found = report_on(results)
    grid = complete_grid(found.scores, results.random_scores())
    assert grid is not None
    assert found.table["score"].tolist() == pytest.approx(grid.mean(grid.scores).tolist())
    assert (found.table["ci_low"] < found.table["score"]).all()
    assert (found.table["score"] < found.table["ci_high"]).all()
    itself = found.robust.set_index("setting").loc["clip-0.2"]
    assert itself["improvement"] == 0.5
    assert np.isnan(itself["improvement_low"])
    assert len(found.returns) == 77
    assert (found.returns["runs"] == 3).all()
    assert set(found.orderings["verdict"]) <= {"supported", "contradicted", "open"}
    assert found.coverage["statistic"].tolist() == ["score", "difference"]
    assert (found.coverage["student_worst"] <= found.coverage["student"]).all()


def test_part_of_the_table_keeps_its_intervals(results: Results) -> None:
    whole, part = report_on(results), report_on(results, ("clip-0.2", "no-clip"))
    columns = ["score", "ci_low", "ci_high"]
    rows = whole.table.set_index("setting").loc[["no-clip", "clip-0.2"], columns]
    pd.testing.assert_frame_equal(part.table.set_index("setting")[columns], rows)


def test_the_page_has_everything(results: Results) -> None:
    text = "\n".join(page.sections(report_on(results)))
    assert "There are 3." in text
    assert "In 1000 simulated experiments with 3 seeds" in text
    assert "orderings of two rows" in text
    for figure in ("table1", "learning_curves", "environments", "diagnostics"):
        assert f"(figures/{figure}.png)" in text
    assert "nan" not in text


def test_a_row_of_ones_own_changes_no_other_number(results: Results, own_row: str, tmp_path: Path) -> None:
    alone = report_on(results, PAPER_SETTINGS)
    more = synthetic_results(tmp_path / "more", None, range(1), [own_row])
    folder = Path(shutil.copytree(results.path, tmp_path / "results"))
    shutil.copytree(more.path / "runs", folder / "runs", dirs_exist_ok=True)
    both = report_on(Results(folder, results.protocol), (*PAPER_SETTINGS, own_row))
    pd.testing.assert_frame_equal(both.table[both.table["setting"] != own_row], alone.table)
    mine = both.table.set_index("setting").loc[own_row]
    assert np.isfinite(mine["score"])
    assert np.isnan(mine["ci_low"])  # one seed of it
    for name in ("robust", "agreement", "orderings", "coverage"):
        pd.testing.assert_frame_equal(getattr(both, name), getattr(alone, name))


def test_an_unfinished_row_of_ones_own_holds_back_no_table(
    results: Results, own_row: str, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(results.path, tmp_path / "results"))
    more = synthetic_results(tmp_path / "more", None, range(1), [own_row])
    shutil.copytree(more.path / "runs", folder / "runs", dirs_exist_ok=True)
    both, log = Results(folder, results.protocol), io.StringIO()
    selection = select(ENVIRONMENTS, (*PAPER_SETTINGS, own_row), None, both.finished())
    Table().run(both, selection, Console(file=log, width=200))
    assert "clip-mine is not complete: its score is over fewer runs" in log.getvalue()
    assert set(pd.read_csv(folder / "table1.csv")["setting"]) == {*PAPER_SETTINGS, own_row}


def test_with_fewer_environments_there_is_no_comparison(results: Results) -> None:
    part = report(results, select(ENVIRONMENTS[:2], PAPER_SETTINGS, None, results.finished()))
    assert np.isfinite(part.table["ci_low"]).all()
    assert part.agreement.empty


def test_with_more_seeds_it_says_what_three_can_tell(tmp_path: Path) -> None:
    found = report_on(synthetic_results(tmp_path / "results", None, range(5), PAPER_SETTINGS))
    assert found.three_seeds["first"].sum() == pytest.approx(1)
    assert np.isfinite(found.three_seeds[["low", "median", "high"]]).all(axis=None)
    assert "Over choices of 3 of the 5 seeds" in "\n".join(page.sections(found))
