"""A page to explore, opened in a headless Chromium."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from bench.common.files import csv_text
from bench.options import Options
from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.selection import Selection
from bench.report.explorer import html
from bench.results.folder import Results, open_results
from bench.scores import lecture, pairs
from bench.scores.analysis import analyze
from bench.scores.lecture import LectureTables
from tests.conftest import made_once
from tests.helpers.browser import Page, browser
from tests.helpers.explorable import explorable


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = made_once(tmp_path_factory, "explorable", make_explorable)
    return open_results(folder, None, create=False)


def make_explorable(folder: Path) -> None:
    made = explorable(folder)
    opened = Options(made.path).open()
    found = analyze(*opened)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "PERMUTATIONS", 999)
        tables = {name: getattr(found, name) for name in ("readings", "scores", "pairs")}
    shown = Selection(ENVIRONMENTS, lecture.SHOWN, (0, 1, 2))
    tables |= {"table1": found.table, "lecture": LectureTables(analyze(made, shown)).comparison}
    for name, table in tables.items():
        (made.path / f"{name}.csv").write_text(csv_text(table))
    (made.path / "README.md").write_text("# What came out\n\n<b>Not bold</b>, [in short](#what-came-out).\n")
    (made.path / "videos").mkdir()
    Image.new("RGB", (4, 2)).save(made.path / "videos" / "Hopper-v4.webp")
    html.write_page(*opened)


@pytest.fixture(scope="session")
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
