"""A page to explore, opened in a headless Chromium."""

from collections.abc import Iterator

import pytest

from bench.common.files import csv_text
from bench.options import Options
from bench.report.explorer import html
from bench.results.folder import Results
from bench.scores.analysis import analyze
from tests.helpers.browser import Page, browser
from tests.helpers.explorable import explorable


@pytest.fixture(scope="package")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    made = explorable(tmp_path_factory.mktemp("explorable") / "results")
    opened = Options(made.path).open()
    found = analyze(*opened)
    for name, table in (("table1", found.table), ("readings", found.readings), ("scores", found.scores)):
        (made.path / f"{name}.csv").write_text(csv_text(table))
    html.write_page(*opened)
    return made


@pytest.fixture(scope="package")
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
