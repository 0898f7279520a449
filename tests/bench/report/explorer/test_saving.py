"""Panels are saved as pictures that explain themselves, and what is shown as CSV."""

import time
from pathlib import Path

import pandas as pd
import pytest

from bench.protocol.settings import PAPER_SETTINGS, SETTINGS
from bench.results.folder import Results
from bench.results.reading import load_runs
from tests.helpers.browser import Page
from tests.helpers.explorer_page import IN_CHROMIUM, click

pytestmark = IN_CHROMIUM


def saved(path: Path) -> Path:
    """A file, once the browser has it whole."""
    end = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < end, f"{path} was not saved"
        time.sleep(0.05)
    return path


@pytest.mark.parametrize("form", ["SVG", "PNG"])
def test_a_panel_is_saved_as_a_picture(page: Page, tmp_path: Path, form: str) -> None:
    page.save_into(tmp_path)
    page.evaluate("void views[0].data('cursor', [{timesteps: 20480}]).run()")
    click(page, "#panels .save summary")
    click(page, f"#panels .save button:nth-of-type({1 if form == 'SVG' else 2})")
    picture = saved(tmp_path / f"HalfCheetah-v4-return_last100.{form.lower()}").read_bytes()
    if form == "PNG":
        assert picture.startswith(b"\x89PNG")
        assert int.from_bytes(picture[16:20]) > 1280  # twice its width, and the legend's
        return
    text = picture.decode()
    for words in (">HalfCheetah<", ">timesteps<", ">return, last 100 episodes<"):
        assert words in text
    assert [name for name in PAPER_SETTINGS if f">{SETTINGS[name].label}<" not in text] == []
    cursor = text.split("cursor_marks")[1].split("</g>")[0]
    assert "<line" not in cursor  # that of the pointer


def test_the_data_shown_are_saved(page: Page, results: Results, tmp_path: Path) -> None:
    page.save_into(tmp_path)
    click(page, "#single")
    click(page, "input[value='HalfCheetah-v4']")
    click(page, "#save-shown")
    found = pd.read_csv(saved(tmp_path / "return_last100.csv"))
    assert set(found["column"]) == {"return_last100"}
    assert "HalfCheetah-v4" not in set(found["environment"])
    runs = load_runs(results.path).query("setting == 'clip-0.2' and environment == 'Reacher-v4'")
    expected = runs.pivot_table(index="timesteps", columns="seed", values="return_last100")
    line = found.query("setting == 'clip-0.2' and environment == 'Reacher-v4'").set_index("timesteps")
    for seed in range(3):
        assert line[f"seed_{seed}"].tolist() == pytest.approx(expected[seed].tolist(), rel=2e-5)
    assert line["mean"].tolist() == pytest.approx(expected.mean(axis=1).tolist(), rel=2e-5)
    assert (line["low"] < line["mean"]).all()
    assert set(line["runs"]) == {3}
