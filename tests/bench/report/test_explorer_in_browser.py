"""The page to explore, opened in a headless Chromium: what it shows, and how it is used."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.common.files import csv_text
from bench.options import Options
from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.protocol import Run
from bench.report.explorer import html
from bench.results.folder import Results
from bench.results.reading import load_runs
from bench.scores.report import report
from tests.helpers.browser import CHROMIUM, Page, browser
from tests.helpers.explorable import DIVERGED, LABEL, TIMESTEPS, explorable, own_lines

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (Debian's package chromium)"),
]
RUN = Run("Walker2d-v4", "fixed-kl-3", 2)
GROUP = f'"{RUN.environment}", "{RUN.setting}"'


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    made = explorable(tmp_path_factory.mktemp("explorable") / "results")
    opened = Options(made.path).open()
    found = report(*opened)
    for name, table in (("table1", found.table), ("readings", found.readings), ("scores", found.scores)):
        (made.path / f"{name}.csv").write_text(csv_text(table))
    html.save(*opened)
    return made


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture
def page(tab: Page, results: Results) -> Iterator[Page]:
    """The page, as it is when it is opened. At the end nothing must have gone wrong in it."""
    tab.resize(1280, 900)
    tab.open(results.path / "index.html")
    tab.evaluate("drawn")
    yield tab
    assert tab.problems == []


def count(page: Page, selector: str) -> int:
    return int(page.evaluate(f"document.querySelectorAll({json.dumps(selector)}).length"))


def texts(page: Page, selector: str) -> list[str]:
    found = page.evaluate(f"[...document.querySelectorAll({json.dumps(selector)})].map(e => e.textContent)")
    return [text.replace("\u00a0", " ").replace("−", "-").strip() for text in found]


def click(page: Page, selector: str) -> None:
    page.click(selector)
    page.evaluate("drawn")


def choose_column(page: Page, name: str) -> int:
    """Choose what the vertical axis shows; returns the number of the column."""
    number = page.evaluate(f"DATA.columns.findIndex((column) => column.name === '{name}')")
    page.evaluate(
        f"byId('column').value = {number};"
        " byId('column').dispatchEvent(new Event('change', {bubbles: true})); drawn"
    )
    return int(number)


def lines_of(results: Results, run: Run) -> pd.DataFrame:
    return pd.read_csv(results.csv_path(run))


def test_it_loads_nothing_else(page: Page, results: Results) -> None:
    assert page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)") == []
    assert (results.path / "index.html").stat().st_size < 5e6
    assert texts(page, "#panels figcaption") == [name.removesuffix("-v4") for name in ENVIRONMENTS]
    assert texts(page, "h2")[0] == "Table 1: average normalized score"


@pytest.mark.parametrize("name", ["return_last100", "kl", "clip_fraction", "explained_variance"])
def test_the_curves_are_those_of_the_csv(page: Page, results: Results, name: str) -> None:
    column = choose_column(page, name)
    found = page.evaluate(f"Array.from(curveOf(runsOf({GROUP})[{RUN.seed}], {column}))")
    expected = lines_of(results, RUN)[name].tolist()
    assert found[-1] == expected[-1]
    assert found[:-1] == [float(f"{value:.3e}") for value in expected[:-1]]


@pytest.mark.parametrize("kind", ["estimate", "geometricEstimate"])
def test_means_and_intervals_are_student_s(page: Page, results: Results, kind: str) -> None:
    column = choose_column(page, "kl")
    found = page.evaluate(f"meanCurve(curvesOf(runsOf({GROUP}), {column}), {column}, {kind})")
    lines = [lines_of(results, Run(RUN.environment, RUN.setting, seed)) for seed in range(3)]
    values = np.array([table["kl"] for table in lines])
    values = values if kind == "estimate" else np.log(values)
    low, high = stats.t.interval(0.95, 2, values.mean(axis=0), stats.sem(values, axis=0))
    expected = np.array([values.mean(axis=0), low, high]).T
    expected = expected if kind == "estimate" else np.exp(expected)
    # The interval feels the rounding of the curves more than the mean.
    np.testing.assert_allclose(
        [[line[part] for part in ("mean", "low", "high")] for line in found], expected, rtol=2e-3, atol=5e-3
    )
    assert [line["timesteps"] for line in found] == lines[0]["timesteps"].tolist()


def test_what_is_drawn_is_where_its_values_are(page: Page) -> None:
    """The end of a mean, of which the axis' own scale says where it must be."""
    x, y, mean = page.evaluate(
        f"""(() => {{
            const line = meanCurve(curvesOf(runsOf({GROUP}), 0), 0, estimate).at(-1), view = views.at(-1);
            return [view.scale("x")(line.timesteps), view.scale("y")(line.mean), line.mean];
        }})()"""
    )
    place = f"translate({x:.6g},{y:.6g}"[:18]
    marks = page.evaluate(
        "[...document.querySelectorAll('#panels figure:last-child .mark-symbol path')]"
        ".map((mark) => [mark.getAttribute('transform'), mark.getAttribute('fill')])"
    )
    colour = page.evaluate("SETTING.get('fixed-kl-3').colour")
    assert any(transform.startswith(place) and fill == colour for transform, fill in marks), (marks, mean)


def test_families_and_environments_are_chosen(page: Page) -> None:
    ends = "#panels figure:nth-child(2) .mark-symbol path"
    assert count(page, ends) == 12  # the paper's in Hopper, and the own one
    click(page, "#families fieldset:nth-of-type(2) legend input")  # the clipped ones
    assert count(page, ends) == 9
    assert len(texts(page, "#last tbody tr")) == 9
    click(page, "input[value='clip-0.2']")
    assert count(page, ends) == 10
    assert page.evaluate("document.querySelectorAll('#families legend input')[0].indeterminate")
    click(page, "input[value='pg-baseline']")
    assert count(page, ends) == 11
    click(page, "input[value='Hopper-v4']")
    assert texts(page, "#panels figcaption") == [
        name.removesuffix("-v4") for name in ENVIRONMENTS if name != "Hopper-v4"
    ]
    click(page, "#environments label:first-of-type input")  # all
    assert count(page, "#panels figure") == 7
    click(page, "#environments label:first-of-type input")  # none
    assert texts(page, "#panels") == ["Choose at least one environment and one setting."]


def test_a_family_has_one_colour_everywhere(page: Page) -> None:
    found = page.evaluate(
        """(() => {
            const colour = (part) => part.querySelector(".swatch path").getAttribute("stroke");
            const rows = (id) => [...document.querySelectorAll(`#${id} tbody tr`)];
            return [rows("scores").map(colour), rows("last").map(colour),
                [...document.querySelectorAll("#families label:has(.swatch)")].map(colour)];
        })()"""
    )
    scores, last, controls = found
    assert scores == last
    assert set(scores) < set(controls)
    assert scores[1] == "#d55e00"


def test_single_seeds_on_demand(page: Page) -> None:
    lines = "#panels figure:nth-child(1) .mark-line path"
    assert count(page, lines) == 11
    click(page, "#single")
    assert count(page, lines) == 11 + 33


def test_each_run_s_number_leads_to_its_csv(page: Page, results: Results) -> None:
    for name in ("return_last100", "policy_std"):
        choose_column(page, name)
        row = next(i for i, text in enumerate(texts(page, "#last tbody th")) if text == "Fixed KL, β = 3")
        cell = f"#last tbody tr:nth-child({row + 1}) td:nth-child({ENVIRONMENTS.index(RUN.environment) + 2})"
        values = [lines_of(results, Run(RUN.environment, RUN.setting, n))[name].iloc[-1] for n in range(3)]
        assert texts(page, f"{cell} summary") == [f"{np.mean(values):.2f} ± {np.std(values, ddof=1):.3g}"]
        click(page, f"{cell} summary")
        page.evaluate("new Promise(requestAnimationFrame)")
        assert texts(page, f"{cell} li") == [f"seed {n}: {value}" for n, value in enumerate(values)]
        links = page.evaluate(f"[...document.querySelectorAll('{cell} a')].map(e => e.getAttribute('href'))")
        assert [results.path / link for link in links] == [
            results.csv_path(Run(RUN.environment, RUN.setting, seed)) for seed in range(3)
        ]


def test_all_links_lead_somewhere(page: Page, results: Results) -> None:
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    page.evaluate("new Promise(requestAnimationFrame)")
    links = set(page.evaluate("[...document.querySelectorAll('a[href]')].map(e => e.getAttribute('href'))"))
    files = {link for link in links if link[0] != "#" and "." in link} - {"README.md"}
    assert len(files) == 3 + 11 * 7 * 3 + 3
    assert [link for link in files if not (results.path / link).exists()] == []
    assert page.evaluate("byId('readme').hidden")  # there is none


def test_the_table_is_sorted(page: Page, results: Results) -> None:
    table = pd.read_csv(results.path / "table1.csv")
    labels = table["algorithm"].tolist()
    assert texts(page, "#scores tbody th") == labels
    cells = texts(page, "#scores tbody tr:nth-child(2) td")
    readings = pd.read_csv(results.path / "readings.csv")
    row, other = table.iloc[1], readings.iloc[1]
    ours = f"{row.score:.2f}{row.ci_low:.2f} to {row.ci_high:.2f}"
    untrained = f"{other.untrained_run:.2f}{other.untrained_run_low:.2f} to {other.untrained_run_high:.2f}"
    expected = [f"{row.paper_score:.2f}", ours, untrained, f"{row.score_of_three:.2f}", str(row.runs)]
    assert cells[:5] == [text.replace("−", "-") for text in expected]
    click(page, "#scores thead th:nth-child(2) button")
    best_first = table.sort_values("paper_score", ascending=False, na_position="last", kind="stable")
    assert texts(page, "#scores tbody th") == best_first["algorithm"].tolist()
    page.press("Enter", "\r")  # the button has kept the focus
    worst_first = table.sort_values("paper_score", na_position="last", kind="stable")
    assert texts(page, "#scores tbody th") == worst_first["algorithm"].tolist()
    assert page.evaluate("document.querySelector('#scores thead th:nth-child(2)').ariaSort") == "ascending"
    click(page, "#scores thead th:first-child button")
    assert texts(page, "#scores tbody th") == labels


def readout(page: Page) -> tuple[str, dict[str, list[str]]]:
    """The timestep, and by setting what the one open readout says of it."""
    heading = texts(page, ".readout:not([hidden]) strong")
    rows: dict[str, list[str]] = {}
    for number in range(2, 2 + count(page, ".readout:not([hidden]) tr") - 1):
        label, *numbers = texts(page, f".readout:not([hidden]) tr:nth-child({number}) td")
        rows[label] = numbers
    assert len(heading) == 1
    return heading[0], rows


def test_values_by_pointer_and_by_keys(page: Page, results: Results) -> None:
    last = pd.concat([lines_of(results, Run(RUN.environment, RUN.setting, n)).tail(1) for n in range(3)])
    middle = load_runs(results.path).query("timesteps == 40960 and setting == 'fixed-kl-3'")
    middle = middle[middle["environment"] == RUN.environment]
    plot = "#panels figure:last-child .plot"
    page.evaluate("document.querySelector('#families fieldset:nth-of-type(4) input:last-of-type').focus()")
    page.evaluate("document.querySelector('#panels figure:nth-last-child(2) summary').focus()")
    page.press("Tab")
    assert page.evaluate(f"document.activeElement === document.querySelector('{plot}')")
    heading, rows = readout(page)
    assert heading == f"{TIMESTEPS:,} timesteps"
    mean = last["return_last100"].mean()
    assert rows["Fixed KL, β = 3"][0] == f"{mean:.{1 if mean >= 10 else 2}f}"
    assert rows["Fixed KL, β = 3"][2] == "3"
    for _ in range(2):
        page.press("ArrowLeft")
    heading, rows = readout(page)
    assert heading == "40,960 timesteps"
    assert float(rows["Fixed KL, β = 3"][0]) == pytest.approx(middle["return_last100"].mean(), abs=0.006)
    page.press("Home")
    assert readout(page)[0] == "10,240 timesteps"
    page.press("Escape")
    assert count(page, ".readout:not([hidden])") == 0
    # Between the first timestep's place and the last one's; the axis begins at 0.
    page.move(*page.middle(plot))
    heading, _ = readout(page)
    assert heading == "30,720 timesteps"
    page.move(1, 1)
    assert count(page, ".readout:not([hidden])") == 0


def test_the_pointer_finds_the_nearest_seed(page: Page) -> None:
    click(page, "#single")
    page.move(*page.middle("#panels figure:nth-child(1) .plot"))
    assert "nearest: seed " in texts(page, ".readout:not([hidden])")[0]


def test_divergence_and_what_is_not_finite(page: Page) -> None:
    own = 'runsOf("Hopper-v4", "own")'
    column = choose_column(page, "surprise")
    assert texts(page, "#panels figure:nth-child(1) .plot") == ["No run has these values."]
    found = page.evaluate(f"{own}.map((run) => Array.from(curveOf(run, {column})).map(String))")
    assert found[0] == ["NaN", "NaN", "NaN", "-3250000000000", "0", "1.5"]
    assert [float(value) for value in found[2]] == [
        float(f"{value:.3e}") if line < 5 else value for line, value in enumerate(own_lines(2)["surprise"])
    ]
    click(page, "#logarithmic")
    assert count(page, "#panels figure:nth-child(2) .mark-symbol path") == 1
    returns = choose_column(page, "return_last100")
    means = page.evaluate(f"meanCurve(curvesOf({own}, {returns}), {returns}, estimate)")
    # The run that diverged keeps its last return.
    expected = [own_lines(0), own_lines(2)]
    kept = own_lines(DIVERGED.seed)["return_last100"].tolist()
    kept = [kept[0], *[kept[1]] * 5]
    for line, mean in enumerate(means):
        values = [table["return_last100"][line] for table in expected] + [kept[line]]
        assert mean["count"] == 3
        assert mean["mean"] == pytest.approx(np.mean(values), rel=1e-3)
    # Its other columns end.
    kl = choose_column(page, "kl")
    counts = page.evaluate(f"meanCurve(curvesOf({own}, {kl}), {kl}, estimate).map((line) => line.count)")
    assert counts == [3, 2, 2, 2, 2, 2]
    assert "(diverged at 14,336)" in page.evaluate(f"runLine({own}[{DIVERGED.seed}], {kl}).textContent")
    assert texts(page, "#runs-summary")[0].endswith("1 run diverged.")


def test_an_empty_logarithmic_panel_says_why(page: Page) -> None:
    click(page, "#environments label:first-of-type input")
    click(page, "input[value='Hopper-v4']")
    for family in range(1, 5):
        selector = f"#families fieldset:nth-of-type({family}) input"
        click(page, selector)
    click(page, "#logarithmic")
    assert texts(page, ".plot") == ["No value is above 0, as a logarithmic axis needs."]
    choose_column(page, "clip_fraction")
    (text,) = texts(page, ".plot")
    assert text.startswith("Only other settings have these values: No clipping or penalty; ")


def test_labels_are_text(page: Page) -> None:
    assert LABEL in texts(page, "#scores tbody th")
    assert count(page, "b") == 0


@pytest.mark.parametrize("width", [375, 838, 1280])
def test_it_fits_its_window(page: Page, results: Results, width: int) -> None:
    page.resize(width, 800)
    page.open(results.path / "index.html")
    page.evaluate("drawn")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # The panels are drawn for their width, so that letters keep their size.
    widths = page.evaluate(
        "[...document.querySelectorAll('.plot')].map((plot) => [plot, plot.querySelector('svg')])"
        ".map(([plot, svg]) => [plot.clientWidth, Number(svg.getAttribute('width'))])"
    )
    assert len(widths) == 7
    assert all(plot >= 220 and abs(plot - svg) <= 1 for plot, svg in widths)


def test_it_prints(page: Page, tmp_path: Path) -> None:
    assert page.pdf().startswith(b"%PDF")


def test_a_folder_of_own_runs_alone(tab: Page, results: Results, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    for name in ("protocol.json", "runs/Hopper-v4/own"):
        source, target = results.path / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        files: Any = sorted(source.iterdir()) if source.is_dir() else [source]
        for file in files:
            place = target / file.name if source.is_dir() else target
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.read_bytes())
    html.save(*Options(folder).open())
    tab.open(folder / "index.html")
    tab.evaluate("drawn")
    assert texts(tab, "#panels figcaption") == ["Hopper"]
    assert count(tab, "#scores tr") == 0
    assert texts(tab, "#table-notes p")[0].startswith("There are no scores: ")
    assert count(tab, "#last li, #last details") == 1
    assert tab.problems == []
