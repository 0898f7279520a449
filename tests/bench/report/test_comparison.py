"""Two settings compared: the sentence that their difference supports, and its files."""

import io
import re
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from bench.commands.reports import Table
from bench.common.errors import UserError
from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.selection import Selection
from bench.results.folder import Results, open_results
from bench.scores.estimates import correct_by_holm
from tests.helpers.made_up import synthetic_results
from tests.helpers.processes import ROOT

pytestmark = pytest.mark.slow


def printed(table: Table, results: Results, *settings: str, seeds: int = 21) -> str:
    log = io.StringIO()
    table.run(results, Selection(ENVIRONMENTS, settings, tuple(range(seeds))), Console(file=log, width=400))
    return log.getvalue()


@pytest.fixture(scope="module")
def published() -> Results:
    return open_results(ROOT / "results", None, create=False)


def test_a_significant_difference_is_said_to_be_one(published: Results) -> None:
    text = printed(Table(), published, "no-clip", "clip-0.2")
    found = re.search(
        r"Clipping, ε = 0\.2 scores ([\d.]+) above No clipping or penalty \(95 % interval", text
    )
    assert found, text
    scores = pd.read_csv(ROOT / "results" / "table1.csv").set_index("setting")["score"]
    assert float(found[1]) == pytest.approx(scores["clip-0.2"] - scores["no-clip"], abs=0.005)
    assert "They differ significantly." in text


def test_another_is_not_said_to_be_none(published: Results) -> None:
    """The seeds that it takes are more than there are."""
    text = printed(Table(), published, "fixed-kl-1", "fixed-kl-3")
    found = re.search(r"a true difference of ([\d.]+) takes ([\d,]+) seeds of each", text)
    assert found, text
    assert "not shown to differ, nor to be alike" in text
    assert int(found[2].replace(",", "")) > 21


def test_any_selection_has_files_when_they_are_asked_for(tmp_path: Path) -> None:
    settings = ("clip-0.1", "clip-0.2", "fixed-kl-1")
    results = synthetic_results(tmp_path / "results", None, range(3), settings)
    text = printed(Table(output=tmp_path / "out"), results, *settings, seeds=3)
    assert f"written: {tmp_path}/out/scores.csv, table.csv, differences.csv, returns.csv" in text
    tables = {path.stem: pd.read_csv(path) for path in (tmp_path / "out").glob("*.csv")}
    assert tables["table"]["setting"].tolist() == list(settings)
    assert set(tables["scores"]["setting"]) == set(settings)
    differences = tables["differences"]
    assert len(differences) == 3
    # Corrected for these three, and not for all pairs of the table.
    assert differences["p_holm"].tolist() == pytest.approx(correct_by_holm(differences["p"].to_numpy()))
    assert {path.name for path in (tmp_path / "out").glob("learning_curves*")} == {
        *("learning_curves.png", "learning_curves.svg")
    }
    assert not (results.path / "table1.csv").exists()


def test_no_results_folder_is_written_over(published: Results) -> None:
    with pytest.raises(UserError, match="is a results folder: choose another for --output"):
        printed(Table(output=published.path), published, "clip-0.1", "clip-0.2")


def test_one_setting_of_the_paper_has_files_without_differences(tmp_path: Path) -> None:
    results = synthetic_results(tmp_path / "results", None, range(2), ("clip-0.2",))
    printed(Table(output=tmp_path / "out"), results, "clip-0.2", seeds=2)
    assert pd.read_csv(tmp_path / "out" / "differences.csv").empty
    assert len(pd.read_csv(tmp_path / "out" / "scores.csv")) == 14


def test_without_a_setting_of_the_paper_nothing_is_written_unsaid(tmp_path: Path) -> None:
    results = synthetic_results(tmp_path / "results", None, range(1), ("trpo-0.01",))
    with pytest.raises(UserError, match="--output needs runs of one of the paper's settings"):
        printed(Table(output=tmp_path / "out"), results, "trpo-0.01", seeds=1)
