"""What the page to explore is made of; the tests beside this one open it."""

import base64
import json
import math
import re
import shutil
import struct
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.options import Options
from bench.protocol.protocol import Run
from bench.protocol.selection import Selection
from bench.protocol.settings import LECTURE_SETTINGS, PAPER_SETTINGS
from bench.report.explorer import html, series
from bench.report.explorer.content import gather_content
from bench.results.folder import Results, open_results
from bench.results.reading import runs_table
from bench.scores.analysis import analyze
from tests.helpers.commands import run
from tests.helpers.explorable import TIMESTEPS, explorable
from tests.helpers.made_up import synthetic_results


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return explorable(tmp_path_factory.mktemp("explorable") / "results")


def opened(results: Results) -> tuple[Results, Selection]:
    return Options(results.path).open()


def copied(results: Results, folder: Path) -> Results:
    return Results(Path(shutil.copytree(results.path, folder)), results.protocol)


def data_of(path: Path) -> dict[str, Any]:
    found = re.search(
        r'<script type="application/json" id="data">(.*?)</script>', path.read_text(), re.DOTALL
    )
    assert found
    return json.loads(found[1])


def unpacked(text: str) -> list[float]:
    """By the description in `series.py`."""
    data = base64.b64decode(text)
    words = [data[start : start + 3] + b"\0" for start in range(0, len(data), 3)]
    return [struct.unpack(">f", word)[0] for word in words]


@pytest.mark.slow
def test_runs_in_another_environment_have_curves_and_no_part_of_the_table(results_folder: Path) -> None:
    before = gather_content(*Options(results_folder).open())
    synthetic_results(results_folder, 1, range(1), ["clip-0.2"], environments=("Ant-v4",))
    after = gather_content(*Options(results_folder).open())
    assert after["environments"][0]["title"] == "Ant"
    assert after["table"]["rows"] == before["table"]["rows"]
    assert after["table"]["notes"] == ["No part of the table: the runs in Ant-v4.", *before["table"]["notes"]]


@pytest.mark.slow
def test_settings_are_counted_by_their_seeds(results: Results) -> None:
    summary = gather_content(*opened(results))["summary"]["runs"]
    assert summary.startswith(
        "248 runs in 7 environments: 12 settings with seeds 0-2 and 2 settings with seed 0; 61,440 timesteps"
    )


def test_packed_numbers_by_hand() -> None:
    # 1234.56 in 32 bits is 449a51ec, which is 449a52 in 24.
    assert series.pack([1234.56]) == base64.b64encode(bytes.fromhex("449a52")).decode()
    assert all(map(math.isnan, unpacked(series.pack([math.nan, math.inf, -math.inf, 1e39]))))
    assert unpacked(series.pack([0.0, -1.0, 5e-324, 9999.6])) == [0, -1, 0, 9999.5]


@given(st.lists(st.floats(-(2.0**127), 2.0**127, allow_subnormal=False, width=32), min_size=1))
def test_packed_numbers_have_sixteen_binary_digits(values: list[float]) -> None:
    assert unpacked(series.pack(values)) == pytest.approx(values, rel=2**-16, abs=0)


def test_lines_are_left_out_where_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = {"timesteps": range(1, 8), "kl": range(7), "beta": 3.0, "other": math.nan}
    runs = pd.DataFrame({"environment": "E", "setting": "s", "seed": 0, **lines, "diverged": False})
    columns = ["kl", "beta", "other"]
    assert series.choose_stride(runs, columns) == 1  # 7 numbers: only one of the columns varies
    monkeypatch.setattr(series, "MOST_NUMBERS", 3)
    assert series.choose_stride(runs, columns) == 3
    found = series.pack_runs(runs, columns, 3)
    assert found["axes"] == [[3, 6, 7]]  # every third line, and the last
    (only,) = found["runs"]
    assert [unpacked(curve) for curve in only["curves"]] == [[2, 5, 6], [3], []]
    assert only["last"] == [6, 3, None]


@pytest.mark.slow
def test_every_last_line_is_exact(results: Results) -> None:
    found = gather_content(*opened(results))
    names = [column["name"] for column in found["columns"]]
    assert len(found["runs"]) == len(results.finished()) == 11 * 7 * 3 + 2 * 7 + 3
    for line in found["runs"]:
        path = results.csv_path(Run(line["environment"], line["setting"], line["seed"]))
        heading, *_, last = path.read_text().splitlines()
        cells = dict(zip(heading.split(","), last.split(","), strict=True))
        for name, value in zip(names, line["last"], strict=True):
            cell = float(cells.get(name) or "nan")
            assert value == (cell if math.isfinite(cell) else None), (path, name)
        assert found["axes"][line["axis"]][-1] == int(cells["timesteps"])


@pytest.mark.slow
def test_columns_are_those_of_all_rules(results: Results) -> None:
    found = gather_content(*opened(results))
    names = [column["name"] for column in found["columns"]]
    assert set(names) == set(runs_table(results, results.finished())) - {
        *("environment", "setting", "seed", "timesteps", "diverged")
    }
    assert {"clip_fraction", "step_fraction", "surprise"} <= set(names)
    assert [each["name"] for each in found["settings"] if not each["shown"]] == ["pg-baseline", "trpo-0.01"]


def test_the_table_has_the_numbers_of_the_report(results: Results) -> None:
    rows = {row["setting"]: row for row in gather_content(*opened(results))["table"]["rows"]}
    expected = analyze(*opened(results))
    table, readings = expected.table.set_index("setting"), expected.readings.set_index("setting")
    assert rows.keys() == {*PAPER_SETTINGS, "own"}
    for name in PAPER_SETTINGS:
        for column in ("paper_score", "score", "ci_low", "ci_high", "score_of_three", "runs"):
            assert rows[name][column] == table.loc[name, column]
        for column, reading in (("", ""), ("_low", "_low"), ("_high", "_high")):
            assert rows[name][f"untrained{column}"] == readings.loc[name, f"untrained_run{reading}"]
    assert rows["own"]["ci_low"] is None  # it is in one environment only
    assert rows["own"]["diverged"] == 1


@pytest.mark.slow
def test_the_same_runs_give_the_same_bytes(results: Results, tmp_path: Path) -> None:
    pages = []
    for name in ("one", "other"):
        copy = copied(results, tmp_path / name)
        done = run("page", "--results", str(copy.path))
        assert done.returncode == 0, done.stderr
        assert f"written: {copy.path / 'index.html'}" in done.stdout
        pages.append((copy.path / "index.html").read_bytes())
    assert pages[0] == pages[1]
    assert data_of(tmp_path / "one" / "index.html") == gather_content(*opened(results))
    assert str(tmp_path).encode() not in pages[0]


@pytest.mark.slow
def test_a_label_cannot_end_the_data(results: Results) -> None:
    content, label = gather_content(*opened(results)), "</script><!--"
    content["settings"][0]["label"] = label
    page = html.format_page(content)
    assert label not in page
    assert page.count("</script>") == 3


def test_an_incomplete_table_says_so(results: Results, tmp_path: Path) -> None:
    copy = copied(results, tmp_path / "results")
    for path in copy.path.glob("runs/Reacher-v4/*/seed-0[12].csv"):
        path.unlink()
    shutil.rmtree(copy.path / "runs" / "Swimmer-v4" / "clip-0.1")
    found = gather_content(*opened(copy))
    assert found["table"]["notes"][0] == (
        "Not the whole table: 206 of the 231 runs of the paper's settings are there."
    )
    assert {row["setting"]: row["ci_low"] for row in found["table"]["rows"]}["clip-0.1"] is None


@pytest.mark.parametrize("settings", [("trpo-0.01",), ("clip-0.2", "trpo-0.01")])
def test_without_a_scale_there_is_a_page_without_scores(settings: tuple[str, ...], tmp_path: Path) -> None:
    results = synthetic_results(tmp_path / "results", TIMESTEPS, range(1), settings)
    (results.path / "random.csv").unlink()
    found = gather_content(*opened(results))
    assert found["table"]["rows"] == []
    assert found["table"]["notes"][0].startswith("There are no scores: ")
    shown = [each["name"] for each in found["settings"] if each["shown"]]
    # All of the lecture's, where there are no others.
    assert shown == [name for name in settings if name not in LECTURE_SETTINGS or len(settings) == 1]


def test_a_folder_without_runs_or_with_a_damaged_one_has_no_page(results: Results, tmp_path: Path) -> None:
    open_results(tmp_path / "empty", TIMESTEPS, create=True)
    done = run("page", "--results", str(tmp_path / "empty"))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "no run is finished" in done.stderr
    copy = copied(results, tmp_path / "results")
    path = copy.csv_path(Run("Hopper-v4", "clip-0.1", 1))
    path.write_text(path.read_text().replace("1", "2"))
    done = run("page", "--results", str(copy.path))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert str(path) in done.stderr
