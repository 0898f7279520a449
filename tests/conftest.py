"""What several tests need: a results folder of real runs, and a row that the paper doesn't have."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# The first example compiles; a deadline would time the compiler.
settings.register_profile("table1", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("table1")


def pytest_report_header() -> str:
    """Say what the golden test compares."""
    from bench.common.provenance import processor_kind
    from tests.golden.test_golden import RECORD, SAME_KIND, TOLERANCE

    if SAME_KIND:
        return f"golden run: bit for bit, as on every processor of the kind {processor_kind()}"
    made = RECORD["processor_kind"]
    return f"golden run: within {TOLERANCE:g}, made on {made}, this is {processor_kind()}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs the trained folder is slow, wherever it stands."""
    for item in items:
        if {"trained", "results_folder"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("slow")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--kills", type=int, default=3, help="how often tests/bench/campaign/test_survival.py kills"
    )
    parser.addoption("--cases", type=int, default=60, help="how many cases tests/bench/test_fuzz.py tries")


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("kills"))


@pytest.fixture
def cases(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("cases"))


@pytest.fixture
def own_row(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a row that the paper doesn't have."""
    from bench.protocol.settings import SETTINGS, Setting

    mine = Setting("clip-mine", "Mine", "mine", SETTINGS["clip-0.2"].numbers)
    monkeypatch.setitem(SETTINGS, mine.name, mine)
    return mine.name


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with all 77 runs of one seed, one update each. Copy it before changing it.

    The test process that needs it first makes it for all of them, and the others wait.
    """
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder, made = shared / "trained", shared / "trained-is-made"
    with (shared / "trained.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            arguments = ("train", "--results", str(folder), "--seeds", "1", "--timesteps", "1")
            # On all cores, because the other test processes wait for it.
            command = [sys.executable, "-m", "bench", *arguments]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            made.touch()
    return folder


@pytest.fixture
def results_folder(trained: Path, tmp_path: Path) -> Path:
    """A copy of it, to change."""
    return Path(shutil.copytree(trained, tmp_path / "results"))
