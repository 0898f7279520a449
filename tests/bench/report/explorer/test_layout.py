"""The page to explore as a whole: what it loads, what is chosen, its colours, links and sizes."""

import shutil
from pathlib import Path

import pytest

from bench.options import Options
from bench.protocol.environments import ENVIRONMENTS
from bench.report.explorer import html
from bench.results.folder import Results
from tests.helpers.browser import Page
from tests.helpers.explorer_page import IN_CHROMIUM, click, count, texts

pytestmark = IN_CHROMIUM


def test_it_loads_nothing_else(page: Page, results: Results) -> None:
    assert page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)") == []
    assert (results.path / "index.html").stat().st_size < 5e6
    assert texts(page, "#panels figcaption") == [name.removesuffix("-v4") for name in ENVIRONMENTS]
    assert texts(page, "h2")[0] == "Table 1: average normalized score"


def test_families_and_environments_are_chosen(page: Page) -> None:
    ends = "#panels figure:nth-child(2) .means_marks path"
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
    lines = "#panels figure:nth-child(1) .seeds_marks path"
    assert count(page, lines) == 0
    click(page, "#single")
    assert count(page, lines) == 33


def test_all_links_lead_somewhere(page: Page, results: Results) -> None:
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    page.evaluate("new Promise(requestAnimationFrame)")
    links = set(page.evaluate("[...document.querySelectorAll('a[href]')].map(e => e.getAttribute('href'))"))
    files = {link for link in links if link[0] != "#" and "." in link}
    assert len(files) == 5 + 1 + 11 * 7 * 3 + 3  # tables, a text, and runs
    assert [link for link in files if not (results.path / link).exists()] == []


@pytest.mark.parametrize("width", [375, 838, 1280])
def test_it_fits_its_window(page: Page, results: Results, width: int) -> None:
    page.resize(width, 800)
    page.open(results.path / "index.html")
    page.evaluate("drawn")
    assert_drawn_for(width, page)


def test_it_follows_its_window(page: Page) -> None:
    for width in (838, 375, 1280):
        page.resize(width, 800)
        page.evaluate("new Promise((done) => setTimeout(done, 200))")
        assert_drawn_for(width, page)


def assert_drawn_for(width: int, page: Page) -> None:
    """The panels are drawn for their width, so that letters keep their size."""
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    widths = page.evaluate(
        "[...document.querySelectorAll('.plot')].map((plot) => [plot, plot.querySelector('svg')])"
        ".map(([plot, svg]) => [plot.clientWidth, Number(svg.getAttribute('width'))])"
    )
    assert len(widths) == 7
    assert all(plot >= 220 and abs(plot - svg) <= 1 for plot, svg in widths)


def test_it_prints_without_controls_and_within_the_paper(page: Page) -> None:
    def shown(selector: str) -> bool:
        return bool(page.evaluate(f"document.querySelector('{selector}').checkVisibility()"))

    controls = ("nav", "#environments", "#controls input")
    assert all(map(shown, controls))
    page.show_as("print")
    page.resize(720, 1000)  # A4 less its margins
    page.evaluate("drawn")
    try:
        assert not any(map(shown, controls))
        assert shown("#panels .plot svg")
        assert shown("#legend .swatch")  # the legend
        assert page.evaluate("document.documentElement.scrollWidth") <= 720
    finally:
        page.show_as("screen")


def test_a_folder_of_own_runs_alone(tab: Page, results: Results, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    shutil.copytree(results.path / "runs/Hopper-v4/own", folder / "runs/Hopper-v4/own")
    shutil.copy(results.path / "protocol.json", folder)
    html.write_page(*Options(folder).open())
    tab.open(folder / "index.html")
    tab.evaluate("drawn")
    assert texts(tab, "#panels figcaption") == ["Hopper"]
    assert count(tab, "#scores tr") == 0
    assert texts(tab, "#table-notes p")[0].startswith("There are no scores: ")
    assert count(tab, "#last li, #last details") == 1
    assert tab.problems == []
