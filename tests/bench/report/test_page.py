"""The pages and tables of an analysis, on made-up runs of few seeds."""

import io
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from bench.commands.reports import Table
from bench.common.files import read_text
from bench.options import Options
from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.selection import select
from bench.protocol.settings import LECTURE_SETTINGS, PAPER_SETTINGS, SETTINGS
from bench.report import figures, page
from bench.results.folder import Results
from bench.scores.analysis import Analysis, analyze, save_tables
from tests.helpers.links import anchors, links
from tests.helpers.made_up import synthetic_results
from tests.helpers.processes import ROOT
from tests.helpers.soak import mark_soak

FIGURES = (
    *("table1", "learning_curves", "environments", "variance", "differences"),
    *("by_seeds", "outcomes", "profiles", "diagnostics"),
)


def analyze_all(results: Results, settings: tuple[str, ...] = PAPER_SETTINGS) -> Analysis:
    return analyze(results, select(ENVIRONMENTS, settings, None, results.finished()))


def has_no_comparison(analysis: Analysis) -> bool:
    names = ("figure_3", "robustness", "seeds_left_out", "power", "seeds_needed", "predictions", "agreement")
    return all(getattr(analysis, name).empty for name in (*names, "heterogeneity", "new_tables"))


def text_of(analysis: Analysis) -> str:
    return "\n".join(page.render_pages(analysis, Path("nowhere")).values())


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return synthetic_results(tmp_path_factory.mktemp("synthetic") / "results", None, range(3), PAPER_SETTINGS)


@pytest.fixture
def with_own(results: Results, own_row: str, tmp_path: Path) -> Results:
    """These results and one seed of a setting that the paper doesn't have."""
    more = synthetic_results(tmp_path / "more", None, range(1), [own_row])
    folder = Path(shutil.copytree(results.path, tmp_path / "results"))
    shutil.copytree(more.path / "runs", folder / "runs", dirs_exist_ok=True)
    return Results(folder, results.protocol)


def test_part_of_the_table_keeps_its_numbers(results: Results) -> None:
    whole, part = analyze_all(results), analyze_all(results, ("clip-0.2", "no-clip"))
    for name in ("table", "readings", "outcomes"):
        rows = getattr(whole, name).set_index("setting").loc[["no-clip", "clip-0.2"]]
        pd.testing.assert_frame_equal(getattr(part, name).set_index("setting"), rows)


@pytest.mark.slow
def test_a_setting_of_ones_own_changes_no_other_number(
    results: Results, with_own: Results, own_row: str, tmp_path: Path
) -> None:
    alone, both = analyze_all(results, PAPER_SETTINGS), analyze_all(with_own, (*PAPER_SETTINGS, own_row))
    for name, analysis in (("alone", alone), ("both", both)):
        save_tables(analysis, tmp_path / name)
    files = sorted((tmp_path / "alone").glob("*.csv"))
    assert len(files) == 20
    for path in files:
        lines = (tmp_path / "both" / path.name).read_text().splitlines()
        assert [line for line in lines if own_row not in line] == path.read_text().splitlines()
    mine = both.table.set_index("setting").loc[own_row]
    assert np.isfinite(mine["score"])
    assert np.isnan(mine["ci_low"])  # one seed of it
    assert "Mine | Clipping, ε = 0.2" in text_of(both)


def test_the_differences_of_a_few_settings_are_printed(tmp_path: Path) -> None:
    results = synthetic_results(tmp_path / "results", None, range(3), ("clip-0.1", "clip-0.2"))
    settings = ("clip-0.1", "clip-0.2")
    printed, sentences = [], []
    for seeds in ((0, 1, 2), (0,)):
        log = io.StringIO()
        selection = select(ENVIRONMENTS, settings, seeds, results.finished())
        Table().run(results, selection, Console(file=log, width=200))
        printed.append(
            re.findall(r"Clipping, ε = 0\.1 +│ Clipping, ε = 0\.2 +│ +(-?[\d.]+) │", log.getvalue())
        )
        sentences.append("without an interval: it takes two seeds or more" in log.getvalue())
    (difference,), (of_one_seed,) = printed
    score = analyze_all(results, settings).table.set_index("setting")["score"]
    assert float(difference) == pytest.approx(score["clip-0.1"] - score["clip-0.2"], abs=0.0051)
    assert float(of_one_seed) != float(difference)
    assert sentences == [False, True]


def test_a_part_of_the_table_is_printed_without_simulation(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    selection = select(ENVIRONMENTS, PAPER_SETTINGS, (0, 1), results.finished())
    monkeypatch.delattr(np.random, "default_rng")
    Table().run(results, selection, Console(file=log, width=200))
    assert "Clipping, ε = 0.2" in log.getvalue()
    assert "printed only" in log.getvalue()


def test_a_folder_with_one_setting_has_no_differences(tmp_path: Path) -> None:
    results = synthetic_results(tmp_path / "results", None, range(2), ("clip-0.2",))
    log = io.StringIO()
    selection = select(ENVIRONMENTS, ("clip-0.2",), None, results.finished())
    Table().run(results, selection, Console(file=log, width=200))
    assert "Clipping, ε = 0.2" in log.getvalue()
    assert "Differences" not in log.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [1, *mark_soak([2, 4, 51])])
def test_the_page_has_what_can_be_said(seeds: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    analysis = analyze_all(synthetic_results(tmp_path / "results", None, range(seeds), PAPER_SETTINGS))
    text = text_of(analysis)
    assert not re.search(r"\bnan\b", text)
    assert ("## In short" in text) == (seeds > 2)
    assert (f"Interim: {seeds} of the planned 21 seeds." in text) == (seeds < 21)
    assert ("choices of 3 seeds, drawn at random in each environment" in text) == (seeds > 50)
    assert f"{77 * seeds:,} runs of {seeds} seed{'s' if seeds > 1 else ''}." in text
    heading = next(line for line in text.splitlines() if line.startswith("| algorithm | paper | ours |"))
    assert ("as of 3 seeds" in heading) == (seeds > 2)
    assert "interval" in heading or seeds == 1
    assert "don't compare them" not in text  # these runs are as long as the paper's
    assert "lecture.md)" not in text  # there is no such page beside this one
    assert ("How alike the 10 constrained scores are" in text) == (seeds > 2)
    assert ("Beside the paper's Figure 3" in text) == (seeds > 1)
    assert ("With the paper's 3 seeds" in text) == (seeds > 2)
    assert ("2,000 simulated experiments" in text) == (seeds > 1)
    assert all(f"(figures/{name}.png)" in text for name in FIGURES)
    monkeypatch.setattr(page, "PLANNED_SEEDS", seeds)
    page.write_pages(analysis, tmp_path)
    pages = {name: (tmp_path / name).read_text() for name in ("README.md", "details.md")}
    assert "Interim" not in pages["README.md"]
    for name, written in pages.items():
        targets = [link.partition("#") for link in links(written) if "#" in link]
        assert [(file, to) for file, _, to in targets if to not in anchors(pages[file or name])] == []
    if seeds == 1:  # where least can be drawn
        figures.write_figures(analysis, tmp_path)
        assert {path.stem for path in (tmp_path / "figures").iterdir()} == set(FIGURES)


@pytest.mark.slow
def test_the_published_pages_are_those_of_the_runs() -> None:
    """After a change of runs, tables or templates: make table1."""
    folder = ROOT / "results"
    pages = page.render_pages(analyze(*Options(folder).open()), folder)
    assert pages == {name: read_text(folder / name) for name in pages}


def test_incomplete_runs_are_told_as_far_as_they_go(results: Results, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(results.path, tmp_path / "results"))
    shutil.rmtree(folder / "runs" / "Hopper-v4" / "clip-0.1")  # a setting without an environment
    (folder / "runs" / "Swimmer-v4" / "clip-0.3" / "seed-02.csv").unlink()  # and one without a run
    analysis = analyze(
        Results(folder, results.protocol),
        select(ENVIRONMENTS, (), (0, 1, 2), Results(folder, results.protocol).finished()),
    )
    table = analysis.table.set_index("setting")
    assert table["score"].notna().all()
    assert table.index[table["ci_low"].isna()].tolist() == ["clip-0.1"]
    assert table.loc["clip-0.3", "runs"] == 20
    assert analysis.pairs.set_index(["setting", "other"])["p"].isna().sum() == 10
    assert has_no_comparison(analysis)


def test_with_fewer_environments_there_is_no_comparison(results: Results) -> None:
    part = analyze(results, select(ENVIRONMENTS[:2], PAPER_SETTINGS, None, results.finished()))
    assert np.isfinite(part.table["ci_low"]).all()
    assert has_no_comparison(part)


@pytest.mark.slow
def test_unreliable_intervals_are_in_brackets(results: Results) -> None:
    analysis = analyze_all(results)
    coverage = analysis.coverage
    coverage.loc[coverage["setting"] == "clip-0.2", "score"] = [0.95, 0.95, 0.89]
    coverage.loc[coverage["setting"] != "clip-0.2", "score"] = 0.95
    assert analysis.unreliable == {"clip-0.2"}
    text = text_of(analysis)
    in_brackets = [line for line in text.splitlines() if line.startswith("| ") and " | (" in line]
    assert [line.split(" | ")[0] for line in in_brackets if line.count("|") == 8] == ["| Clipping, ε = 0.2"]
    assert "The interval of clip-0.2 is in brackets, and dotted in the figure, because" in text


def test_the_area_is_the_mean_over_time(results: Results) -> None:
    analysis = analyze_all(results)
    run = analysis.runs.query("environment == 'Hopper-v4' and setting == 'clip-0.2' and seed == 1")
    steps = np.diff(run["timesteps"], prepend=0)
    line = analysis.scores.query("environment == 'Hopper-v4' and setting == 'clip-0.2' and seed == 1")
    assert line["mean_return"].item() == pytest.approx(np.average(run["return_last100"], weights=steps))


@pytest.mark.soak
def test_the_lecture_s_page_is_written_with_the_table_and_no_unfinished_setting_holds_them_back(
    with_own: Results, own_row: str, tmp_path: Path
) -> None:
    folder = with_own.path
    settings = [name for name in LECTURE_SETTINGS if name != "trpo-0.01"]
    more = synthetic_results(tmp_path / "more", None, range(2), settings)
    shutil.copytree(more.path / "runs", folder / "runs", dirs_exist_ok=True)
    log = io.StringIO()
    selection = select(ENVIRONMENTS, (*PAPER_SETTINGS, own_row), None, with_own.finished())
    Table().run(with_own, selection, Console(file=log, width=200))
    assert "clip-mine is not complete: its score is over fewer runs" in log.getvalue()
    text = (folder / "lecture.md").read_text()
    table = pd.read_csv(folder / "lecture.csv").set_index("setting")
    assert table.index.tolist() == ["no-clip", "clip-0.2", *settings]
    for setting in settings:
        assert f"| {SETTINGS[setting].label} | {table.loc[setting, 'score']:.2f} |" in text
    # Claims that no run can speak of are left out.
    assert "The estimator Ψ" in text
    assert "A line search asks" not in text
    for link in re.findall(r"\]\((figures/[^)]+)\)", text):
        assert (folder / link).is_file()
    # The table does not know of them.
    assert set(pd.read_csv(folder / "table1.csv")["setting"]) == {*PAPER_SETTINGS, own_row}
