"""Other processes: the command line as a user runs it, another checkout, and waiting for them."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.training.determinism import PINNED

ROOT = Path(__file__).parents[2]

# SIGINT is ignored in what a shell starts in the background, tests among it; that is undone.
INTERRUPTIBLE = """
import signal, sys
from bench.__main__ import main

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main())
"""

# `python -m bench` with a checkpoint after every update.
WITH_CHECKPOINTS = f"""
from bench.campaign import campaign

campaign.SEGMENT_SECONDS = 0.0
{INTERRUPTIBLE}"""


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def command_line(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `python -m bench` as a user does, on one core: so a campaign has one worker.

    The other cores are for the tests beside this one. What `pin` set for this process is not passed on.
    """
    command = [*_on_one_core(), sys.executable, "-m", "bench", *arguments]
    options.setdefault("env", {name: value for name, value in os.environ.items() if name not in PINNED})
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def _on_one_core() -> list[str]:
    """What a command is to begin with; nothing where a process can't be kept on a core."""
    if shutil.which("taskset") is None:
        return []
    cores = sorted(os.sched_getaffinity(0))
    number = re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or "0"
    return ["taskset", "--cpu-list", str(cores[int(number) % len(cores)])]


def limited(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m bench` as a user whom permissions stop, also where the tests are run by root."""
    command = [sys.executable, "-m", "bench", *arguments]
    if os.geteuid() == 0:
        command = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", *command]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def environment_with(**variables: str) -> dict[str, str]:
    """The environment of this process, with other variables."""
    return {**os.environ, **variables}


def is_alive(process_group: int) -> bool:
    try:
        os.killpg(process_group, 0)
    except ProcessLookupError:
        return False
    return True


def contents(folder: Path) -> dict[Path, bytes]:
    """All files below a folder; what is no file or folder counts as empty."""
    return {
        path.relative_to(folder): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
        if not path.is_dir()
    }


def copy_source(folder: Path) -> Path:
    """Copy the two packages and the demonstrations there, as another checkout; returns the folder."""
    for package in ("algorithms", "bench"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "results" / "demonstrations", folder / "results" / "demonstrations")
    return folder


def has_checkpoint(folder: Path) -> bool:
    """Whether a job of the results folder is under way and has got somewhere."""
    return any(folder.glob("checkpoints/*.npz"))
