"""The page to explore as a browser has it: what it shows, and how it is used."""

import json

import pandas as pd
import pytest

from bench.protocol.protocol import Run
from bench.results.folder import Results
from tests.helpers.browser import CHROMIUM, Page

IN_CHROMIUM = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (Debian's package chromium)"),
]
# One run, and its setting and environment as the page's functions take them.
RUN = Run("Walker2d-v4", "fixed-kl-3", 2)
GROUP = f'"{RUN.environment}", "{RUN.setting}"'


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
