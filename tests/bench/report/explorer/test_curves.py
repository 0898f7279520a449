"""The curves of the page to explore: they are those of the CSVs, and their values can be read."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.protocol.protocol import Run
from bench.protocol.settings import PAPER_SETTINGS, SETTINGS
from bench.results.folder import Results
from bench.results.reading import load_runs
from tests.helpers.browser import Page
from tests.helpers.explorable import DIVERGED, TIMESTEPS, own_lines
from tests.helpers.explorer_page import GROUP, IN_CHROMIUM, RUN, choose_column, click, count, lines_of, texts

pytestmark = IN_CHROMIUM


@pytest.mark.parametrize("name", ["return_last100", "kl", "clip_fraction", "explained_variance"])
def test_the_curves_are_those_of_the_csv(page: Page, results: Results, name: str) -> None:
    column = choose_column(page, name)
    found = page.evaluate(f"Array.from(curveOf(runsOf({GROUP})[{RUN.seed}], {column}))")
    expected = lines_of(results, RUN)[name].tolist()
    assert found[-1] == expected[-1]
    assert found == pytest.approx(expected, rel=2e-5)


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
    start = f"translate({x:.6g},{y:.6g}"[:18]
    marks = page.evaluate(
        "[...document.querySelectorAll('#panels figure:last-child .markers_marks path')]"
        ".map((mark) => [mark.getAttribute('transform'), mark.getAttribute('fill')])"
    )
    colour = page.evaluate("SETTING.get('fixed-kl-3').colour")
    assert any(transform.startswith(start) and fill == colour for transform, fill in marks), (marks, mean)


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
    # Half way from 0 to the last timestep; the axis begins at 0.
    page.move(*page.middle(plot))
    heading, _ = readout(page)
    assert heading == "30,720 timesteps"
    page.move(1, 1)
    assert count(page, ".readout:not([hidden])") == 0


@pytest.mark.parametrize("edge", ["top", "bottom"])
def test_the_pointer_finds_the_nearest_seed(page: Page, results: Results, edge: str) -> None:
    plot = "#panels figure:nth-child(1) .plot"
    click(page, "#single")
    middle, _ = page.middle(plot)
    height = page.evaluate(f"document.querySelector('{plot}').getBoundingClientRect().{edge}")
    page.move(middle, height + (1 if edge == "top" else -1))
    runs = load_runs(results.path)
    there = (runs["environment"] == "HalfCheetah-v4") & (runs["timesteps"] == 30720)
    at_middle = runs[there & runs["setting"].isin(PAPER_SETTINGS)].sort_values("return_last100")
    nearest = at_middle.iloc[-1 if edge == "top" else 0]
    label = SETTINGS[nearest["setting"]].label
    assert f"nearest: seed {nearest['seed']} of {label}, " in texts(page, ".readout:not([hidden])")[0]


def test_divergence_and_what_is_not_finite(page: Page) -> None:
    own = 'runsOf("Hopper-v4", "own")'
    column = choose_column(page, "surprise")
    assert texts(page, "#panels figure:nth-child(1) .plot") == ["No run has these values."]
    found = page.evaluate(f"{own}.map((run) => Array.from(curveOf(run, {column})).map(String))")
    assert found[0] == ["NaN", "NaN", "NaN", "-3573412790272", "0", "1.5"]
    expected = own_lines(2)["surprise"].tolist()
    assert list(map(float, found[2])) == pytest.approx(expected, rel=2e-5, abs=0)
    click(page, "#logarithmic")
    assert count(page, "#panels figure:nth-child(2) .means_marks path") == 1
    returns = choose_column(page, "return_last100")
    means = page.evaluate(f"meanCurve(curvesOf({own}, {returns}), {returns}, estimate)")
    # The run that diverged keeps its last return.
    others = [own_lines(0), own_lines(2)]
    kept = own_lines(DIVERGED.seed)["return_last100"].tolist()
    kept = [kept[0], *[kept[1]] * 5]
    for line, mean in enumerate(means):
        values = [table["return_last100"][line] for table in others] + [kept[line]]
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
