"""Other processes: the command line as a user runs it, another checkout, and waiting for them."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

# `python -m bench` with a checkpoint after every update. SIGINT is ignored in what a shell starts in the
# background, tests among it; that is undone.
WITH_CHECKPOINTS = """
import signal, sys
from bench.campaign import campaign
from bench.__main__ import main

signal.signal(signal.SIGINT, signal.default_int_handler)
campaign.SEGMENT_SECONDS = 0.0
sys.exit(main())
"""


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


def has_checkpoint(folder: Path) -> bool:
    """Whether a job of the results folder is under way and has got somewhere."""
    return any(folder.glob("checkpoints/*.npz"))
