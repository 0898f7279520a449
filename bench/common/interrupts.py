"""What Ctrl-C does. A batch system sends SIGTERM before it kills: that is Ctrl-C to us."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from pathlib import Path
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
# The exit status of a program that Ctrl-C has ended.
STATUS = 130


def exit_at_once() -> None:
    """Let Ctrl-C end the process with one line from now on, while nothing runs that must be ended."""
    _answer_by(_exit_with_a_line)


@contextmanager
def raise_on_interrupt() -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt within the context. Pressed again, it ends the process at once."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    _answer_by(_raise)
    try:
        yield
    except KeyboardInterrupt:
        before.clear()  # the process will end: `_exit` stays
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def hide_interrupts() -> Iterator[None]:
    """Hide the terminal's Ctrl-C from the threads and processes that start within the context."""
    _start_resource_tracker()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_resource_tracker() -> None:
    """Start Python's process that cleans up after others, which the first of these would start itself.

    In Python 3.11 starting it unblocks signals, so it is started before they are blocked. Its warnings about
    shared memory that `_exit` left behind are silenced.
    """
    before = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = "ignore:resource_tracker:UserWarning"
    resource_tracker.ensure_running()
    if before is None:
        del os.environ["PYTHONWARNINGS"]
    else:
        os.environ["PYTHONWARNINGS"] = before


def _answer_by(handler: Callable[[int, FrameType | None], None]) -> None:
    for number in SIGNALS:
        # What a shell starts in the background ignores Ctrl-C, and shall.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _raise(number: int, frame: FrameType | None) -> None:
    _answer_by(_exit)
    raise KeyboardInterrupt


def _exit_with_a_line(number: int, frame: FrameType | None) -> None:
    os.write(2, b"stopped\n")  # stderr; its Python object may be in use
    _exit(number, frame)


def _exit(number: int, frame: FrameType | None) -> None:
    _kill_workers()
    # Not by an exception: it could land in any library's code, which would print it or go on.
    os._exit(STATUS)


def _kill_workers() -> None:
    """End the workers that are starting, which would complain that their campaign is gone.

    Those that have started end by themselves.
    """
    pids = []
    for children in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):  # the thread has ended meanwhile
            pids += children.read_text().split()
    for pid in pids:
        with suppress(OSError):  # the process has
            if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(int(pid), signal.SIGKILL)
