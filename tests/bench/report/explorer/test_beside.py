"""Differences, scores of other methods, videos and texts on the page to explore."""

import pandas as pd

from bench.results.folder import Results
from tests.helpers.browser import Page
from tests.helpers.explorer_page import IN_CHROMIUM, count, texts

pytestmark = IN_CHROMIUM


def choose_pair(page: Page, first: str, second: str) -> None:
    page.evaluate(
        f"byId('first').value = '{first}'; byId('second').value = '{second}';"
        " byId('second').dispatchEvent(new Event('change'))"
    )


def difference(page: Page) -> dict[str, str]:
    return dict(zip(texts(page, "#difference th"), texts(page, "#difference td"), strict=True))


def test_two_settings_are_compared_either_way_and_the_link_keeps_them(page: Page, results: Results) -> None:
    pairs = pd.read_csv(results.path / "pairs.csv").set_index(["setting", "other"])
    line = pairs.loc[("clip-0.2", "fixed-kl-1")]
    choose_pair(page, "clip-0.2", "fixed-kl-1")
    found = difference(page)
    assert found["difference"] == f"{line.difference:.2f}"
    assert found["95 % interval"] == f"{line.ci_low:.2f} to {line.ci_high:.2f}"
    assert found["p, Holm"] == ("< 0.001" if line.p_holm < 0.001 else f"{line.p_holm:.3f}")
    assert found["the paper’s difference"] == "0.11"
    choose_pair(page, "fixed-kl-1", "clip-0.2")
    turned = difference(page)
    assert turned["difference"] == f"{-line.difference:.2f}"
    assert turned["95 % interval"] == f"{-line.ci_high:.2f} to {-line.ci_low:.2f}"
    assert turned["p, Holm"] == found["p, Holm"]
    link = page.evaluate("location.hash")
    assert link == "#pair=fixed-kl-1,clip-0.2"
    page.open(results.path / "protocol.json")
    page.open(results.path / "index.html", link)
    page.evaluate("drawn")
    assert difference(page) == turned
    choose_pair(page, "clip-0.2", "clip-0.2")
    assert texts(page, "#difference") == ["Choose two different settings."]


def test_other_scores_are_those_of_their_files(page: Page, results: Results) -> None:
    table = pd.read_csv(results.path / "lecture.csv")
    assert texts(page, "#beside h3") == ["The lecture’s other methods"]
    rows = "#beside tbody tr"
    assert count(page, rows) == len(table)
    trpo = table.set_index("setting").loc["trpo-0.01"]
    cells = texts(page, f"{rows}:nth-child({table['setting'].tolist().index('trpo-0.01') + 1}) td")
    assert cells[0].startswith(f"{trpo.score:.2f}")
    assert cells[-1] == f"{trpo.runs:.0f}"


def test_videos_are_loaded_when_unfolded_and_texts_are_html(page: Page, results: Results) -> None:
    assert page.evaluate("document.querySelector('#films img').naturalWidth") == 0
    page.click("#videos summary")
    page.evaluate("document.querySelector('#films img').decode()")
    alt = page.evaluate("document.querySelector('#films img').alt")
    assert alt == "Hopper: left No clipping or penalty, right Clipping, ε = 0.2"
    assert texts(page, "#texts a") == ["What came out"]
    page.open(results.path / "README.html", "#what-came-out")
    assert texts(page, ":target") == ["What came out"]
    assert count(page, "b") == 0
    assert "<b>Not bold</b>" in texts(page, "main p")[0]
