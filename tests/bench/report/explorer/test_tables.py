"""The tables of the page to explore: they are those of the CSVs, and lead to them."""

import numpy as np
import pandas as pd

from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.protocol import Run
from bench.results.folder import Results
from tests.helpers.browser import Page
from tests.helpers.explorable import LABEL
from tests.helpers.explorer_page import IN_CHROMIUM, RUN, choose_column, click, count, lines_of, texts

pytestmark = IN_CHROMIUM


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


def test_the_table_is_sorted(page: Page, results: Results) -> None:
    table = pd.read_csv(results.path / "table1.csv")
    labels = table["algorithm"].tolist()
    assert texts(page, "#scores tbody th") == labels
    cells = texts(page, "#scores tbody tr:nth-child(2) td")
    readings = pd.read_csv(results.path / "readings.csv")
    row, other = table.iloc[1], readings.iloc[1]
    ours = f"{row.score:.2f}{row.ci_low:.2f} to {row.ci_high:.2f}"
    untrained = f"{other.untrained_run:.2f}{other.untrained_run_low:.2f} to {other.untrained_run_high:.2f}"
    expected = [f"{row.paper_score:.2f}", f"{row.score_of_three:.2f}", ours, untrained, str(row.runs)]
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


def test_labels_are_text(page: Page) -> None:
    assert LABEL in texts(page, "#scores tbody th")
    assert count(page, "b") == 0


def test_the_intervals_are_drawn_once_more_where_most_scores_are(page: Page) -> None:
    """A dot for each of two readings, on the whole scale and enlarged."""
    dots = page.evaluate(
        "[...document.querySelectorAll('#scores tbody tr')].map(row => row.querySelectorAll('circle').length)"
    )
    shown = page.evaluate("NEAR_ROWS.map((row) => DATA.table.rows.indexOf(row))")
    assert len(shown) > 1
    assert [dots[index] for index in shown] == [4] * len(shown)
    labels = texts(page, "#scores thead svg text")
    assert {"0", "1"} < set(labels)
    enlarged = page.evaluate("SPANS[1].ticks.map(String)")
    assert set(enlarged) < {label.replace("−", "-") for label in labels}
