"""The page by keys, in forced colours, and on a phone."""

from collections.abc import Iterator

import pytest

from bench.results.folder import Results
from tests.helpers.browser import Page
from tests.helpers.explorer_page import IN_CHROMIUM, choose_column, count, texts

pytestmark = IN_CHROMIUM

FIRST_PLOT = "#panels figure:first-of-type .plot"
OPEN_READOUT = ".readout:not([hidden])"


@pytest.fixture
def phone(page: Page, results: Results) -> Iterator[Page]:
    page.resize(390, 844)
    page.open(results.path / "protocol.json")  # so that the page is loaded anew
    page.open(results.path / "index.html")
    page.evaluate("drawn")
    yield page
    page.resize(1280, 900)


def box(page: Page, selector: str) -> dict[str, float]:
    found = page.evaluate(f"document.querySelector('{selector}').getBoundingClientRect().toJSON()")
    return {name: float(number) for name, number in found.items()}


def test_the_first_panel_is_three_keys_away(page: Page) -> None:
    page.press("Tab")
    assert page.evaluate("document.activeElement.id") == "skip"
    assert box(page, "#skip")["height"] > 10
    page.press("Enter", "\r")
    page.press("Tab")
    assert page.evaluate(f"document.activeElement === document.querySelector('{FIRST_PLOT}')")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_drawings_are_on_white_in_any_colours(page: Page, scheme: str) -> None:
    page.show_as("screen", forced_colors="active", prefers_color_scheme=scheme)
    try:
        found = page.evaluate(
            "['#panels svg', '#scores .swatch svg', '#scores .drawn svg']"
            ".map((each) => getComputedStyle(document.querySelector(each)).backgroundColor)"
        )
        assert found == ["rgb(255, 255, 255)"] * 3
    finally:
        page.show_as("screen")


def test_opened_cells_stay_open(page: Page) -> None:
    cell = "#last tbody tr:nth-child(2) td:nth-child(3)"
    page.click(f"{cell} summary")
    page.evaluate("new Promise(requestAnimationFrame)")
    before = texts(page, f"{cell} li")
    choose_column(page, "kl")
    page.evaluate("new Promise(requestAnimationFrame)")
    assert len(texts(page, f"{cell} li")) == len(before) == 3
    assert texts(page, f"{cell} li") != before
    assert count(page, "#last details[open]") == 1
    assert page.evaluate(f"getComputedStyle(document.querySelector('{cell}')).textAlign") == "right"


def test_a_tap_shows_values_until_the_next(phone: Page) -> None:
    phone.tap(*phone.middle(FIRST_PLOT))
    assert texts(phone, f"{OPEN_READOUT} strong") == ["30,720 timesteps"]
    readout = box(phone, OPEN_READOUT)
    assert readout["left"] >= 0
    assert readout["right"] <= 390
    phone.tap(*phone.middle("#curves-heading"))
    assert count(phone, OPEN_READOUT) == 0


def test_a_phone_shows_the_first_curves_and_their_legend_at_once(phone: Page) -> None:
    assert phone.evaluate("scrollY") == 0
    assert (
        box(phone, FIRST_PLOT)["bottom"] < 844 + 2 * 24
    )  # a summary of more kinds of runs than are published
    assert box(phone, "#legend")["bottom"] < box(phone, FIRST_PLOT)["top"]
    assert texts(phone, "#legend .setting")[:2] == ["no-clip", "clip-0.1"]
    assert not phone.evaluate("byId('column').checkVisibility()")
    phone.click("#choices > summary")
    assert phone.evaluate("byId('column').checkVisibility()")


def test_the_table_of_a_phone_scrolls_and_compares(phone: Page) -> None:
    assert not phone.evaluate("byId('scores').checkVisibility()")
    phone.click("nav a[href='#table']")
    phone.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert texts(phone, "#scores thead th")[1:3] == ["paper", "as of 3 seeds"]
    assert box(phone, "#scores thead th:nth-child(3)")["right"] <= 390
    assert phone.evaluate("document.querySelector('#table .scroll').classList.contains('more')")
    phone.evaluate(
        "new Promise((done) => { const table = document.querySelector('#table .scroll');"
        " table.scrollLeft = 9999; requestAnimationFrame(() => requestAnimationFrame(done)) })"
    )
    assert not phone.evaluate("document.querySelector('#table .scroll').classList.contains('more')")
