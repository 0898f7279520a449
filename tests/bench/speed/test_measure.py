"""The speed measurement measures what it says: the same physics, and ratios of totals."""

from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from algorithms.hyperparameters import Hyperparameters
from bench.common.errors import UserError
from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.selection import Selection
from bench.protocol.settings import PAPER_SETTINGS
from bench.speed import measure, page, peers, scaling

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_bare_physics_repeats_what_the_suite_did(environment: str) -> None:
    """`replay` itself asserts that every simulation ends where it did, bit for bit."""
    environments = measure.RecordedEnvironments(environment, [0, 1])
    random, active = np.random.default_rng(0), np.ones(2, dtype=bool)
    for _ in range(2):
        environments.record()
        for _ in range(310):
            actions = random.normal(size=(2, environments.action_size)).astype(np.float32)
            environments.step(actions, active)
        assert environments.replay() > 0
    environments.actions[-1] = environments.actions[-1] + 1
    with pytest.raises(AssertionError):
        environments.replay()


def test_other_libraries_do_the_protocols_work() -> None:
    ours = Hyperparameters()
    work = {"n_steps": ours.horizon, "n_epochs": ours.epochs, "batch_size": ours.minibatch_size}
    assert work == peers.WORK


def test_only_libraries_that_are_there_are_measured_and_named_with_versions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    peers = {"numpy": ("numpy", "scipy"), "not-there": ("not-there",)}
    monkeypatch.setattr(measure, "PEERS", peers)
    assert measure.installed_peers() == ["numpy"]
    assert measure.versions(["numpy"]) == {"numpy": np.__version__, "scipy": metadata.version("scipy")}


def test_a_library_that_fails_says_how_to_see_why() -> None:
    with pytest.raises(UserError, match=r"to see why: .*peers\.py nonsense Hopper-v4"):
        measure.Peer("nonsense", "Hopper-v4")


def test_a_library_that_dies_says_so_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    dies = tmp_path / "peers.py"
    dies.write_text(f"print({peers.READY!r}, flush=True)\n")
    monkeypatch.setattr(peers, "__file__", str(dies))
    with measure.Peer("nonsense", "Hopper-v4") as peer:
        peer._process.wait()
        with pytest.raises(UserError, match="to see why"):
            peer.iteration()


def test_commands_are_timed_on_published_runs(tmp_path: Path) -> None:
    results = scaling._make_folder(tmp_path / "results", None, 1)
    assert results.finished() == set(Selection(ENVIRONMENTS, PAPER_SETTINGS, (0,)).runs)
    assert results.damaged(results.finished()) == {}
    assert set(results.random_scores()["environment"]) == set(ENVIRONMENTS)


def test_an_average_is_total_time_over_total_time(tmp_path: Path) -> None:
    measured = pd.DataFrame(
        [
            ("A", "physics", 10.0, 9.0, 11.0, 3, np.nan, np.nan, np.nan),
            ("A", "suite", 20.0, 19.0, 21.0, 3, 12.0, 3.0, 5.0),
            ("A", "sbx", 200.0, 190.0, 210.0, 3, np.nan, np.nan, np.nan),
            ("B", "physics", 90.0, 89.0, 91.0, 3, np.nan, np.nan, np.nan),
            ("B", "suite", 100.0, 99.0, 101.0, 3, 92.0, 3.0, 5.0),
            ("B", "sbx", 400.0, 390.0, 410.0, 3, np.nan, np.nan, np.nan),
        ],
        columns=list(measure.COLUMNS),
    )
    costs = page.compare_costs(measured)
    assert costs["physics / suite"].tolist() == pytest.approx([0.5, 0.9, 100 / 120])
    assert costs["sbx / suite"].tolist() == pytest.approx([10, 4, 600 / 120])
    growth = pd.DataFrame([("cores", 2, "seconds", 1.5)], columns=["quantity", "amount", "measure", "value"])
    with (tmp_path / "log").open("w") as log:
        page.print_costs(measured, Console(file=log, width=200))
        page.print_scaling(growth, Console(file=log, width=200))
    assert "0.83" in (tmp_path / "log").read_text()
    written = page.write_costs(measured, {"sbx-rl": "1.0"}, tmp_path)
    written += page.write_scaling(growth, tmp_path)
    assert all(Path(path).stat().st_size for path in written)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "speed.csv"), measured, check_dtype=False)
