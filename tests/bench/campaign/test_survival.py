"""`kill -9` at random moments: nothing stored is lost or made twice, and the end is the undisturbed one.

A job leaves a checkpoint after every update here. `make soak` kills more often than `make test`.
"""

import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from bench.protocol.protocol import Run
from bench.protocol.selection import Selection
from bench.results.folder import open_results
from bench.training.checkpoints import CheckpointFolder
from tests.helpers.processes import WITH_CHECKPOINTS, command_line, wait_until
from tests.helpers.training import train_into

pytestmark = pytest.mark.slow

SELECTION = Selection(("InvertedPendulum-v4", "Reacher-v4"), ("clip-0.2",), (0,))
UPDATES = 16
TIMESTEPS = UPDATES * 2048
CAMPAIGN = (
    *("--environments", *SELECTION.environments, "--settings", *SELECTION.settings),
    *("--seeds", "1", "--timesteps", str(TIMESTEPS)),
)

# Kills itself where `die` takes the place of a function.
DYING = """
import os, signal
from bench.training.checkpoints import CheckpointFolder

def die(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)

{}
"""
MOMENTS = {
    "while protocol.json is first written": "os.fsync = die",
    "after the last CSV, before the checkpoint goes": "CheckpointFolder.clear = die",
}


def modified(folder: Path) -> dict[Path, int]:
    """When each finished run was written."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("seed-*.csv")}


def updates(folder: Path) -> dict[Run, int]:
    """How many updates of each run are stored, in its file or in a checkpoint."""
    if not (folder / "protocol.json").exists():
        return {}
    results = open_results(folder, None, create=False)
    checkpoints, refused = CheckpointFolder(results).load()
    assert refused == []
    stored = {run: checkpoint.updates for checkpoint in reversed(checkpoints) for run in checkpoint.runs}
    return stored | dict.fromkeys(results.finished(), results.protocol.updates)


def start(folder: Path, moment: str = "") -> subprocess.Popen:
    code = DYING.format(moment) + WITH_CHECKPOINTS
    command = [sys.executable, "-c", code, "train", "--results", str(folder), *CAMPAIGN]
    with folder.with_suffix(".log").open("w") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)


def kill(campaign: subprocess.Popen, target: str, chance: random.Random) -> None:
    """Kill one of its workers, the campaign's own process, or both and all."""
    if target == "client":
        campaign.kill()
    elif target == "group":
        os.killpg(campaign.pid, signal.SIGKILL)
    else:
        children = psutil.Process(campaign.pid).children(recursive=True)
        workers = [child for child in children if "spawn_main" in " ".join(child.cmdline())]
        if workers:
            chance.choice(workers).kill()


def wait_for_progress(folder: Path, stored: dict[Run, int], campaign: subprocess.Popen) -> None:
    """Until more is stored, or the campaign is done."""
    wait_until(lambda: updates(folder) != stored or campaign.poll() is not None, seconds=120)


def files(folder: Path) -> dict[Path, bytes]:
    """The CSVs and the policies; there is nothing else but provenance."""
    kinds = {path.suffix for path in folder.rglob("*") if path.is_file()}
    assert kinds == {".csv", ".json", ".npz"}
    paths = [*folder.rglob("*.csv"), *folder.rglob("*.npz")]
    return {path.relative_to(folder): path.read_bytes() for path in paths}


@pytest.mark.soak
def test_kill_9_at_random_moments(kills: int, tmp_path: Path) -> None:
    chance = random.Random(0)
    folder, undisturbed = tmp_path / "results", tmp_path / "undisturbed"
    train_into(undisturbed, SELECTION.runs, TIMESTEPS)
    assert len(files(undisturbed)) == 3 + 2
    targets = itertools.cycle(["worker", "client", "group"])
    hits = resumed = 0
    while hits < kills:
        before, stored = modified(folder), updates(folder)
        campaign = start(folder)
        if hits % 3 < 2:
            # Between two checkpoints of a job, or while files are written.
            wait_for_progress(folder, stored, campaign)
            time.sleep(chance.uniform(0, 0.5))
        else:
            time.sleep(chance.uniform(2, 9))
        if campaign.poll() is None:
            hits += 1
            target = next(targets)
            kill(campaign, target, chance)
            if target == "worker":
                # The campaign goes on without the user's doing.
                time.sleep(chance.uniform(1, 3))
                assert campaign.poll() in (None, 0), folder.with_suffix(".log").read_text()
                with suppress(ProcessLookupError):  # it may be done
                    os.killpg(campaign.pid, signal.SIGKILL)
            campaign.wait()
            assert before.items() <= modified(folder).items()
            now = updates(folder)
            assert all(now[run] >= count for run, count in stored.items())
            resumed += any(0 < count < UPDATES for count in now.values())
        else:
            # It was done before the kill: what it gave, after the kills before, is looked at, and made anew.
            assert campaign.returncode == 0, folder.with_suffix(".log").read_text()
            assert files(folder) == files(undisturbed), folder.with_suffix(".log").read_text()
            shutil.rmtree(folder)
    before = modified(folder)
    done = command_line("train", "--results", str(folder), *CAMPAIGN)
    assert done.returncode == 0, done.stderr
    assert before.items() <= modified(folder).items()
    assert files(folder) == files(undisturbed)
    # Some of the kills hit between two checkpoints of a job.
    assert resumed


@pytest.mark.soak
@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_kill_9_at_a_chosen_moment(moment: str, tmp_path: Path) -> None:
    folder, undisturbed = tmp_path / "results", tmp_path / "undisturbed"
    train_into(undisturbed, SELECTION.runs, TIMESTEPS)
    # At the end of each of two jobs, in the longest case.
    for _ in SELECTION.runs:
        dying = start(folder, moment)
        dying.wait(timeout=240)
        assert dying.returncode == -signal.SIGKILL, folder.with_suffix(".log").read_text()
    done = command_line("train", "--results", str(folder), *CAMPAIGN)
    assert done.returncode == 0, done.stderr
    assert files(folder) == files(undisturbed)
    assert not (folder / "checkpoints").exists()
