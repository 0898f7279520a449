"""What several tests need: the command line as a user runs it, and a results folder of real runs."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]

# The first example compiles; a deadline would time the compiler.
settings.register_profile("table1", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("table1")


def pytest_report_header() -> str:
    """Say what the golden test compares."""
    from bench.provenance import processor_kind
    from tests.golden.test_golden import RECORD, SAME_KIND, TOLERANCE

    if SAME_KIND:
        return f"golden run: bit for bit, as on every processor of the kind {processor_kind()}"
    made = RECORD["processor_kind"]
    return f"golden run: within {TOLERANCE:g}, made on {made}, this is {processor_kind()}"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=3, help="how often tests/bench/test_survival.py kills")


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("kills"))


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def command_line(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `python -m bench` as a user does."""
    command = [sys.executable, "-m", "bench", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def copy_source(folder: Path) -> Path:
    """Copy the two packages there, as another checkout; returns the folder."""
    for package in ("algorithms", "bench"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture
def own_row(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a row that the paper doesn't have."""
    from bench.protocol import SETTINGS, Setting

    monkeypatch.setitem(SETTINGS, "clip-mine", Setting("clip-mine", "Mine", SETTINGS["clip-0.2"].surrogate))
    return "clip-mine"


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with all 77 runs of one seed, one update each. Copy it before changing it."""
    folder = tmp_path_factory.mktemp("trained")
    done = command_line("train", "--results", str(folder), "--seeds", "1", "--timesteps", "1")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def results_folder(trained: Path, tmp_path: Path) -> Path:
    """A copy of it, to change."""
    return Path(shutil.copytree(trained, tmp_path / "results"))
