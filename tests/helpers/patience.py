"""How long a command that is tried may take."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

import pytest

# Seconds of a processor core that no command takes, whatever else the machine does.
CORE_SECONDS = 10
# Seconds that no command takes even on a busy machine: one that waits needs no core.
SECONDS = 300


@contextlib.contextmanager
def patience() -> Iterator[None]:
    """Fail where what is done takes too long."""

    def hangs(number: int, frame: FrameType | None) -> None:
        pytest.fail(f"hangs: {signal.Signals(number).name}")

    timers = (
        (signal.SIGPROF, signal.ITIMER_PROF, CORE_SECONDS),
        (signal.SIGALRM, signal.ITIMER_REAL, SECONDS),
    )
    before = {number: signal.signal(number, hangs) for number, _, _ in timers}
    for _, timer, seconds in timers:
        signal.setitimer(timer, seconds)
    try:
        yield
    finally:
        for number, timer, _ in timers:
            signal.setitimer(timer, 0)
            signal.signal(number, before[number])
