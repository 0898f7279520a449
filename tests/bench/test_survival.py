"""`kill -9` at random moments: nothing finished is lost or made twice, and the end is the undisturbed one.

`make soak` kills more often than `make test`.
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

from tests.conftest import command_line

CAMPAIGN = (
    *("--environments", "InvertedPendulum-v4", "Reacher-v4"),
    *("--settings", "clip-0.2", "no-clip", "--seeds", "2", "--timesteps", "40960"),
)


def modified(folder: Path) -> dict[Path, int]:
    """When each finished run was written."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("seed-*.csv")}


def start(folder: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "bench", "train", "--results", str(folder), *CAMPAIGN]
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


def csvs(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.csv")}


def test_kill_9_at_random_moments(kills: int, tmp_path: Path) -> None:
    chance = random.Random(0)
    folder, undisturbed = tmp_path / "results", tmp_path / "undisturbed"
    assert command_line("train", "--results", str(undisturbed), *CAMPAIGN).returncode == 0
    assert len(csvs(undisturbed)) == 9
    targets = itertools.cycle(["worker", "client", "group"])
    hits = 0
    while hits < kills:
        before = modified(folder)
        campaign = start(folder)
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
        else:
            # It was done before the kill: what it gave, after the kills before, is looked at, and made anew.
            assert csvs(folder) == csvs(undisturbed), folder.with_suffix(".log").read_text()
            shutil.rmtree(folder)
            before = {}
        assert before.items() <= modified(folder).items()
    before = modified(folder)
    done = command_line("train", "--results", str(folder), *CAMPAIGN)
    assert done.returncode == 0, done.stderr
    assert before.items() <= modified(folder).items()
    assert csvs(folder) == csvs(undisturbed)
