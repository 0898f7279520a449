"""Ctrl-C at any moment: one line, and all processes are gone."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.helpers.processes import INTERRUPTIBLE, WITH_CHECKPOINTS, has_checkpoint, is_alive, wait_until
from tests.helpers.soak import mark_soak

pytestmark = pytest.mark.slow

LONG = ("--environments", "InvertedPendulum-v4", "--settings", "clip-0.2", "--seeds", "2")


def start(code: str, folder: Path) -> subprocess.Popen[str]:
    """A campaign of minutes, in a process group of its own, as a terminal has it."""
    return subprocess.Popen(
        [sys.executable, "-c", code, "train", "--results", str(folder), *LONG],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def answers_sigterm(pid: int) -> bool:
    """Whether a process has a handler for it, which Python has not by itself."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = re.search(r"SigCgt:\s*([0-9a-f]+)", status)
    return caught is not None and bool(int(caught[1], 16) >> (signal.SIGTERM - 1) & 1)


@pytest.mark.parametrize("seconds", [0.6, *mark_soak([0.0, 1.3, 2.5])])
def test_while_it_starts(seconds: float, tmp_path: Path) -> None:
    """During imports, while workers start, or during the first updates."""
    campaign = start(INTERRUPTIBLE, tmp_path / "results")
    wait_until(lambda: answers_sigterm(campaign.pid))
    time.sleep(seconds)  # the moment is what is tested
    os.killpg(campaign.pid, signal.SIGINT)
    output, errors = campaign.communicate(timeout=30)
    assert campaign.returncode == 130
    assert re.fullmatch(r"(stopped(: .*)?\n)?", errors), errors
    assert len(re.findall("^stopped", output + errors, re.MULTILINE)) == 1
    wait_until(lambda: not is_alive(campaign.pid))


@pytest.mark.soak
def test_pressed_twice_it_ends_at_once(tmp_path: Path) -> None:
    campaign = start(WITH_CHECKPOINTS, tmp_path / "results")
    wait_until(lambda: has_checkpoint(tmp_path / "results"))
    os.killpg(campaign.pid, signal.SIGINT)
    # It says so before it stops the workers.
    assert campaign.stdout is not None
    lines = iter(campaign.stdout.readline, "")
    assert any(line.startswith("stopped: 0 of 2 runs are finished and kept") for line in lines)
    os.killpg(campaign.pid, signal.SIGINT)
    output, errors = campaign.communicate(timeout=5)
    assert (campaign.returncode, output, errors) == (130, "", "")
    wait_until(lambda: not is_alive(campaign.pid))
