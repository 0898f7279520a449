"""What several tests need: results folders, made once for all test processes, and what `make soak` adds."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# The first example compiles; a deadline would time the compiler.
settings.register_profile("table1", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("table1")

# What a campaign of `trained` has.
ENVIRONMENTS = ("InvertedPendulum-v4", "Reacher-v4")


def pytest_report_header() -> str:
    """Say what the golden test compares."""
    from bench.common.provenance import processor_kind
    from tests.golden.test_golden import RECORD, SAME_KIND, TOLERANCE

    if SAME_KIND:
        return f"golden run: bit for bit, as on every processor of the kind {processor_kind()}"
    made = RECORD["processor_kind"]
    return f"golden run: within {TOLERANCE:g}, made on {made}, this is {processor_kind()}"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--soak", action="store_true", help="run the tests marked soak, too: rare faults, slowly"
    )
    parser.addoption(
        "--kills", type=int, default=1, help="how often tests/bench/campaign/test_survival.py kills"
    )
    parser.addoption("--cases", type=int, default=60, help="how many cases tests/bench/test_fuzz.py tries")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is for `make soak`. What needs the trained folder is slow, wherever it stands."""
    for item in items:
        if "trained" in getattr(item, "fixturenames", ()):
            item.add_marker("slow")
    if not config.getoption("--soak"):
        left_out = [item for item in items if item.get_closest_marker("soak")]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)


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
    """A results folder of a campaign: the paper's settings in two environments, a seed and an update each.

    Copy it before changing it.
    """

    def train(folder: Path) -> None:
        arguments = ("--results", str(folder), "--seeds", "1", "--timesteps", "1")
        # On all cores, because other test processes may wait for it.
        command = [sys.executable, "-m", "bench", "train", *arguments, "--environments", *ENVIRONMENTS]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    return made_once(tmp_path_factory, "trained", train)


@pytest.fixture
def trained_folder(trained: Path, tmp_path: Path) -> Path:
    """A copy of it, to change."""
    return Path(shutil.copytree(trained, tmp_path / "results"))


@pytest.fixture(scope="session")
def whole_table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder of made-up runs: all 77 of a seed, a line each. Copy it before changing it."""

    def make_up(folder: Path) -> None:
        from bench.protocol.settings import PAPER_SETTINGS
        from tests.helpers.made_up import synthetic_results

        synthetic_results(folder, 1, range(1), PAPER_SETTINGS)

    return made_once(tmp_path_factory, "whole-table", make_up)


@pytest.fixture(scope="session")
def written_table(whole_table: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of it after the command `table`, which draws for seconds. Copy it before changing it."""

    def write(folder: Path) -> None:
        from tests.helpers.commands import run

        shutil.copytree(whole_table, folder)
        done = run("table", "--results", str(folder))
        assert done.returncode == 0, done.stderr

    return made_once(tmp_path_factory, "written-table", write)


@pytest.fixture
def results_folder(whole_table: Path, tmp_path: Path) -> Path:
    """A copy of it, to change."""
    return Path(shutil.copytree(whole_table, tmp_path / "results"))


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder of this name, which the test process that needs it first makes while the others wait."""
    own = factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder, made = shared / name, shared / f"{name}-is-made"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)  # half made by a test process that failed
            make(folder)
            made.touch()
    return folder
