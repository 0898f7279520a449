"""The whole report, on made-up runs of three and of five seeds."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench import readme
from bench.grid import complete_grid
from bench.protocol import ENVIRONMENTS, SETTINGS
from bench.report import Report, report
from bench.results import Results
from bench.scaling import synthetic_results
from bench.selection import select


def report_on(results: Results, settings: tuple[str, ...] = tuple(SETTINGS)) -> Report:
    return report(results, select(ENVIRONMENTS, settings, None, results.finished()))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return synthetic_results(tmp_path_factory.mktemp("synthetic") / "results", range(3))


def test_the_table_is_the_grids_statistic(results: Results) -> None:
    found = report_on(results)
    grid = complete_grid(found.scores, results.random_scores())
    assert grid is not None
    assert found.table["score"].tolist() == pytest.approx(grid.mean(grid.scores).tolist())
    assert (found.table["ci_low"] < found.table["score"]).all()
    assert (found.table["score"] < found.table["ci_high"]).all()
    assert found.robust.set_index("setting").loc["clip-0.2", "improvement":].tolist() == [0.5, 0.5, 0.5]
    assert len(found.returns) == 77
    assert (found.returns["runs"] == 3).all()
    assert set(found.orderings["verdict"]) <= {"supported", "contradicted", "open"}
    assert found.coverage["seeds"].tolist() == [3]


def test_part_of_the_table_keeps_its_intervals(results: Results) -> None:
    whole, part = report_on(results), report_on(results, ("clip-0.2", "no-clip"))
    columns = ["score", "ci_low", "ci_high"]
    rows = whole.table.set_index("setting").loc[["no-clip", "clip-0.2"], columns]
    pd.testing.assert_frame_equal(part.table.set_index("setting")[columns], rows)


def test_the_page_has_everything(results: Results) -> None:
    text = "\n".join(readme.sections(report_on(results)))
    assert "There are 3." in text
    assert "orderings of two rows" in text
    for figure in ("table1", "learning_curves", "environments", "diagnostics"):
        assert f"(figures/{figure}.png)" in text
    assert "nan" not in text


def test_with_more_seeds_it_says_what_three_can_tell(tmp_path: Path) -> None:
    found = report_on(synthetic_results(tmp_path / "results", range(5)))
    assert found.three_seeds["first"].sum() == pytest.approx(1)
    assert np.isfinite(found.three_seeds[["low", "median", "high"]]).all(axis=None)
    assert "Over all choices of 3 of the 5 seeds" in "\n".join(readme.sections(found))
