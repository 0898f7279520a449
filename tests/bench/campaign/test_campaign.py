"""Campaigns of real runs on real worker processes."""

import json
import os
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from dask.system import CPU_COUNT

from bench.protocol.selection import Selection
from bench.protocol.settings import PAPER_SETTINGS
from bench.results.folder import open_results
from bench.results.reading import final_scores, runs_table
from bench.training.checkpoints import CheckpointFolder
from bench.training.random_policies import measure
from bench.training.training import train
from tests.conftest import ENVIRONMENTS
from tests.helpers.commands import run as run_command
from tests.helpers.processes import ROOT, WITH_CHECKPOINTS, command_line, is_alive, wait_until
from tests.helpers.soak import mark_soak

pytestmark = pytest.mark.slow

SMALL = ("--environments", "InvertedPendulum-v4", "--settings", "clip-0.2", "no-clip", "--timesteps", "4096")
WHOLE = Selection(ENVIRONMENTS, PAPER_SETTINGS, (0,))
CHOSEN = ("--environments", *ENVIRONMENTS, "--seeds", "1")


def made_alike(folder: Path) -> dict[Path, bytes]:
    """All files below a folder but the provenance, which tells when and where."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder): path.read_bytes()
        for path in files
        if path.suffix != ".json" or path.name == "protocol.json"
    }


def test_a_campaign_trains_every_run_and_measures_random_policies(trained: Path) -> None:
    results = open_results(trained, None, create=False)
    assert results.finished() == set(WHOLE.runs)
    scores = final_scores(runs_table(results, WHOLE.runs))
    assert len(scores) == 22
    assert scores["score"].notna().all()
    random = results.random_scores()
    assert random.groupby("policy")["episodes"].agg(["count", "min"]).to_dict("index") == {
        "uniform": {"count": 2, "min": 100},
        "untrained": {"count": 2, "min": 100},
    }


def test_workers_give_the_bits_that_this_process_gives(trained: Path) -> None:
    results = open_results(trained, None, create=False)
    run = next(run for run in WHOLE.runs if run.environment == "Reacher-v4" and run.setting == "fixed-kl-3")
    assert train([run], results.protocol)[0].csv == results.csv_path(run).read_text()


def test_provenance_says_what_made_a_run(trained: Path) -> None:
    results = open_results(trained, None, create=False)
    record = json.loads(results.csv_path(WHOLE.runs[0]).with_suffix(".json").read_text())
    assert record["versions"].keys() >= {"python", "jax", "jaxlib", "mujoco", "gymnasium", "numpy"}
    assert record["processor"]["kind"].count("-") >= 1
    assert record["job_runs"] == 11
    assert record["diverged_at"] is None
    assert record["physics_warnings"] == 0
    assert timedelta() < datetime.now(UTC) - datetime.fromisoformat(record["finished"]) < timedelta(hours=1)
    assert record["command"] == (
        f"python -m bench train --results {trained} --seeds 1 --timesteps 1"
        f" --environments {' '.join(ENVIRONMENTS)}"
    )


def test_random_policies_repeat(trained: Path) -> None:
    """The campaign's again, and the published ones, which are of the same protocol."""
    results = open_results(trained, None, create=False)
    again = measure("InvertedPendulum-v4", results.protocol)
    for folder in (trained, ROOT / "results"):
        stored = open_results(folder, None, create=False).random_scores()
        stored = stored.query("environment == 'InvertedPendulum-v4'").reset_index(drop=True)
        pd.testing.assert_frame_equal(again, stored, rtol=1e-8)


def test_published_random_policies_match_the_field() -> None:
    published = open_results(ROOT / "results", None, create=False).random_scores()
    random = published.set_index(["environment", "policy"])
    # Uniformly random actions on v4, as measured elsewhere; the standard errors here are up to 8.
    elsewhere = {"HalfCheetah-v4": -285, "Hopper-v4": 18.4, "Reacher-v4": -43.0, "Walker2d-v4": 2.7}
    for environment, score in elsewhere.items():
        ours = random.loc[(environment, "uniform")]
        assert abs(ours["score"] - score) < 4 * ours["standard_error"] + 0.05 * abs(score)


def test_what_is_finished_is_not_trained_again(results_folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in results_folder.rglob("seed-*")}
    done = run_command("train", "--results", str(results_folder), "--seeds", "1")
    assert done.returncode == 0, done.stderr
    assert "nothing to train" in done.stdout
    assert {path: path.stat().st_mtime_ns for path in results_folder.rglob("seed-*")} == before


def test_a_campaign_goes_on_with_what_is_missing(trained_folder: Path) -> None:
    folder = trained_folder
    expected = made_alike(folder)
    kept = {path: path.stat().st_mtime_ns for path in folder.rglob("seed-*.csv")}
    for setting in ("no-clip", "fixed-kl-10"):
        lost = folder / "runs/InvertedPendulum-v4" / setting / "seed-00.csv"
        lost.unlink()
        del kept[lost]
    done = command_line("train", "--results", str(folder), *CHOSEN)
    assert done.returncode == 0, done.stderr
    assert "InvertedPendulum-v4 seed 0 done (2/2 runs" in done.stdout
    assert made_alike(folder) == expected
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


@pytest.mark.parametrize("stop", [signal.SIGINT, *mark_soak([signal.SIGTERM])])
def test_an_interrupted_campaign_leaves_nothing_half_done(stop: signal.Signals, tmp_path: Path) -> None:
    """A million steps take minutes: it is stopped in the middle of its first job, whose checkpoint stays."""
    folder = tmp_path / "results"
    arguments = ["train", "--results", str(folder), *SMALL[:-1], "1000000"]
    campaign = subprocess.Popen(
        [sys.executable, "-c", WITH_CHECKPOINTS, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    # All workers train: one that is still starting would tell of the interrupt.
    wait_until(lambda: len(list(folder.glob("checkpoints/*.npz"))) == min(CPU_COUNT, 3))
    os.killpg(campaign.pid, stop)
    try:
        output, errors = campaign.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(campaign.pid, signal.SIGKILL)
        raise
    assert campaign.returncode != 0
    assert "stopped: 0 of 6 runs are finished and kept" in output
    assert re.search(r"and the checkpoints of [246]; the same command goes on", output)
    assert errors == ""
    left = sorted(path.name for path in folder.rglob("*") if path.is_file() and path.suffix != ".npz")
    assert left == ["protocol.json", "random.csv"]
    checkpoints, refused = CheckpointFolder(open_results(folder, None, create=False)).load()
    assert checkpoints
    assert refused == []
    wait_until(lambda: not is_alive(campaign.pid))
