"""XLA on a core that is so busy that a program compiles for minutes."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tests.helpers.processes import ROOT

# Compiles for seconds, and not from a cache.
COMPILING = """
from bench.training.determinism import pin
pin()
import os, sys
os.environ |= {"JAX_ENABLE_COMPILATION_CACHE": "false", **dict(each.split("=") for each in sys.argv[1:])}
import jax, jax.numpy as jnp
def long(x):
    for _ in range(3000):
        x = jnp.sin(x) @ x
    return x
lowered = jax.jit(long).lower(jnp.ones((3, 3)))
print("compiling", flush=True)
lowered.compile()
"""
# XLA complains after two minutes, by the clock.
MINUTES = 2.1


def wait_for_work(process: int) -> None:
    """Return once a process has worked for two seconds of a core: its compiler has begun."""
    times, begin = psutil.Process(process).cpu_times, time.monotonic()
    done = times().user
    while times().user < done + 2:
        assert time.monotonic() < begin + 300
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.soak
def test_nobody_is_asked_to_file_a_bug() -> None:
    """A process that is stopped meanwhile compiles slowly. Without what is pinned XLA does ask."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", COMPILING, *variables],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for variables in ([], ["TF_CPP_MIN_LOG_LEVEL=1"])
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "compiling\n"
        wait_for_work(process.pid)
        os.kill(process.pid, signal.SIGSTOP)
    time.sleep(60 * MINUTES)
    for process in processes:
        os.kill(process.pid, signal.SIGCONT)
    (_, pinned), (_, unpinned) = [process.communicate() for process in processes]
    assert "file a bug" in unpinned
    assert pinned == ""
