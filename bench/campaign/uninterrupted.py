"""Loaded by each local worker as it starts: the campaign answers Ctrl-C, and stops its workers."""

import signal

from distributed import Worker


def dask_setup(worker: Worker) -> None:
    """Ignore the interrupt that a terminal sends to all processes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
