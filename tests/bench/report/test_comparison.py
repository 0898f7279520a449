"""Two settings compared: the sentence that their difference supports, and its files."""

import io
import re
import shutil
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


OTHERS = ("line-search", "trpo-0.01")


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Runs of one of the paper's settings and of two that are compared as one's own are."""
    path = tmp_path_factory.mktemp("others") / "results"
    return synthetic_results(path, 20 * 2048, range(3), ("clip-0.2", *OTHERS))


def test_settings_that_the_paper_does_not_have_are_compared_with_each_other(
    others: Results, tmp_path: Path
) -> None:
    text = printed(Table(output=tmp_path / "out"), others, "clip-0.2", *OTHERS, seeds=3)
    assert re.search(r"│ Line search +│ TRPO, δ = 0\.01 +│", text)
    differences = pd.read_csv(tmp_path / "out" / "differences.csv")
    assert set(zip(differences["setting"], differences["other"], strict=True)) == {
        *(("clip-0.2", "line-search"), ("clip-0.2", "trpo-0.01"), ("line-search", "trpo-0.01"))
    }
    assert differences["p_holm"].tolist() == pytest.approx(correct_by_holm(differences["p"].to_numpy()))
    two = printed(Table(), others, *OTHERS, seeds=3)
    assert re.search(r"(Line search|TRPO, δ = 0\.01) scores [\d.]+ above (Line search|TRPO)", two)
    assert "The scale is that of these runs alone" not in two


def test_without_a_run_of_the_paper_s_the_scale_is_that_of_the_runs(others: Results, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(others.path, tmp_path / "results"))
    for path in folder.glob("runs/*/clip-0.2"):
        shutil.rmtree(path)
    text = printed(Table(output=tmp_path / "out"), Results(folder, others.protocol), *OTHERS, seeds=3)
    assert "Mean return of the last 100 episodes" in text
    assert "The scale is that of these runs alone" in text
    assert re.search(r"(Line search|TRPO, δ = 0\.01) scores [\d.]+ above", text)
    assert pd.read_csv(tmp_path / "out" / "scores.csv")["normalized"].max() == pytest.approx(1)


def test_a_single_seed_has_no_interval_and_no_test(others: Results) -> None:
    text = printed(Table(), others, "clip-0.2", "trpo-0.01", seeds=1)
    assert re.search(r"scores [\d.]+ above .*, without an interval: it takes two seeds or more", text)
    assert "differ significantly" not in text
    assert "Where there is no interval: it takes two" in printed(
        Table(), others, "clip-0.2", *OTHERS, seeds=1
    )


def test_seeds_need_not_be_equal_in_number_but_environments_be_the_same(
    others: Results, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(others.path, tmp_path / "results"))
    for path in folder.glob("runs/*/line-search/seed-02.csv"):
        path.unlink()
    shutil.rmtree(folder / "runs" / "Hopper-v4" / "trpo-0.01")
    text = printed(Table(), Results(folder, others.protocol), "clip-0.2", *OTHERS, seeds=3)
    assert "Differences of normalized scores, unpaired" in text
    assert "TRPO, δ = 0.01 has no run in Hopper-v4: its score is over the other environments" in text
    assert re.search(r"scores [\d.]+ above .* \(95 % interval", text)
    assert not re.search(r"│ TRPO.*│ Line search|│ Line search.*│ TRPO", text)
