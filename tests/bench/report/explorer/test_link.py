"""The view is in the page's address: a link keeps it."""

from bench.results.folder import Results
from tests.helpers.browser import Page
from tests.helpers.explorer_page import IN_CHROMIUM, choose_column, click, texts

pytestmark = IN_CHROMIUM

VIEW = "JSON.stringify(viewNow())"


def fragment(page: Page) -> str:
    return str(page.evaluate("location.hash"))


def go(page: Page, new: str) -> None:
    """Change the fragment, and wait until that is drawn."""
    page.evaluate(
        "new Promise((done) => { addEventListener('hashchange', done, {once: true});"
        f" location.hash = {new!r}; }}).then(() => drawn)"
    )


def test_a_link_keeps_all_choices(page: Page, results: Results) -> None:
    assert fragment(page) == ""
    first = page.evaluate(VIEW)
    choose_column(page, "kl")
    for selector in ("#single", "#intervals", "input[value='Hopper-v4']", "input[value='trpo-0.01']"):
        click(page, selector)
    click(page, "#scores thead th:nth-child(2) button")
    page.press("Enter", "\r")  # ascending
    view, link, order = page.evaluate(VIEW), fragment(page), texts(page, "#scores tbody th")
    assert "column=kl&logarithmic=1&intervals=0&single=1&environments=HalfCheetah-v4,Inverted" in link
    assert link.endswith("&sort=-paper_score")
    page.open(results.path / "protocol.json")  # so that the page is loaded anew
    page.open(results.path / "index.html", link)
    page.evaluate("drawn")
    assert page.evaluate(VIEW) == view
    assert fragment(page) == link
    assert len(texts(page, "#panels figcaption")) == 6
    assert texts(page, "#scores tbody th") == order
    # A part of the page is gone to without losing the view.
    go(page, "#runs")
    assert (page.evaluate(VIEW), fragment(page)) == (view, link)
    # Another link is followed while the page is open; what it does not say is as at first.
    go(page, "#environments=Hopper-v4")
    assert texts(page, "#panels figcaption") == ["Hopper"]
    assert page.evaluate("byId('column').value") == "0"
    assert page.evaluate("document.querySelector('#environments legend + label input').indeterminate")
    click(page, "#environments legend + label input")
    assert (page.evaluate(VIEW), fragment(page)) == (first, "")


def test_bad_fragments_are_ignored(page: Page) -> None:
    first = page.evaluate(VIEW)
    for bad in (
        "#column=nothing",
        "#%ff%",
        "#environments=Moon-v4",
        "#single=yes",
        "#__proto__=1",
        "#sort=-",
        "#=",
    ):
        go(page, bad)
        assert page.evaluate(VIEW) == first, bad
    go(page, "#column=nothing&environments=Moon-v4,Hopper-v4&single=1")
    assert texts(page, "#panels figcaption") == ["Hopper"]
    assert page.evaluate("[byId('single').checked, byId('column').value]") == [True, "0"]
