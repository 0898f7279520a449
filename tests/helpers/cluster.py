"""A Dask cluster of separate processes on loopback, started with Dask's own commands."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.helpers.processes import wait_until

DASK = str(Path(sys.executable).with_name("dask"))


@contextmanager
def process(*command: str, **options: Any) -> Iterator[subprocess.Popen]:
    """A process of the cluster, killed with its children at the end."""
    started = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, **options
    )
    try:
        yield started
    finally:
        with suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)
        started.wait()


@contextmanager
def running_scheduler(
    folder: Path, *options: str, protocol: str = "tcp", **others: Any
) -> Iterator[tuple[str, subprocess.Popen]]:
    """The address of a scheduler without workers, and its process."""
    file = folder / "scheduler.json"
    address = ("--host", f"{protocol}://127.0.0.1", "--port", "0", "--no-dashboard")
    with process(
        DASK, "scheduler", *address, "--scheduler-file", str(file), *options, cwd=folder, **others
    ) as started:
        wait_until(lambda: file.exists() and f"{protocol}://" in file.read_text())
        yield next(part for part in file.read_text().split('"') if part.startswith(f"{protocol}://")), started


def worker(scheduler: str, *options: str, **others: Any) -> Any:
    """A worker's process; without a nanny it stays away once it is killed."""
    arguments = ("worker", scheduler, "--nthreads", "1", "--no-nanny", "--no-dashboard", *options)
    return process(DASK, *arguments, **others)


def wait_for_workers(scheduler: str, count: int) -> None:
    from distributed import Client

    with Client(scheduler) as client:
        client.wait_for_workers(count, timeout=60)
