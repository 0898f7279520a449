"""How far a campaign is: one bar on a terminal, plain lines elsewhere."""

import time
from contextlib import suppress
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

SECONDS_BETWEEN_LINES = 60.0
# How long a campaign may be without workers before it says so.
PATIENCE = 5.0


class CampaignProgress:
    """Shows runs done, steps per second and time left; use as a context manager."""

    def __init__(self, console: Console, runs: int, steps: int, activity: str, unit: str) -> None:
        """Show a campaign of `runs` runs and `steps` steps.

        activity: What is done, such as training.
        unit: What a step is called.
        """
        self._console, self._activity, self._unit = console, activity, unit
        self._runs, self._steps = runs, steps
        self._runs_done = 0
        self._steps_of: dict[str, int] = {}
        self._steps_before = 0
        self._start: float | None = None  # of the first steps: what precedes them says nothing about the rate
        self._last_line = time.monotonic()
        self._last_worker = time.monotonic()  # when it was seen
        self._lack_is_told = False
        self._bar = Progress(
            TextColumn(activity),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[state]}", markup=False),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task(activity, total=max(steps, 1), state=self._state())

    def __enter__(self) -> "CampaignProgress":
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def resumed(self, job: str, steps: int) -> None:
        """Count the steps that an earlier campaign has made of a job."""
        self._steps_of[job] = steps
        self._steps_before += steps

    def stepped(self, job: str, steps: int) -> None:
        """Show that a job has done `steps` steps so far."""
        self._start = self._start or time.monotonic()
        self._steps_of[job] = steps
        self._bar.update(self._task, completed=self._steps_done, state=self._state())
        if time.monotonic() - self._last_line > SECONDS_BETWEEN_LINES:
            self._line(self._activity)

    def finished(self, job: str, runs: int) -> None:
        """Show that a job is done and its runs' files are written."""
        self._runs_done += runs
        self._bar.update(self._task, completed=self._steps_done, state=self._state())
        self._line(f"{job} done")

    def workers(self, count: int) -> float:
        """Take the number of workers. After a while without any, say so once.

        Returns for how many seconds there was none.
        """
        now = time.monotonic()
        if count:
            self._last_worker, self._lack_is_told = now, False
        elif not self._lack_is_told and now - self._last_worker > PATIENCE:
            self._lack_is_told = True
            self.say("no worker is left: waiting for workers")
        return now - self._last_worker

    def say(self, message: str) -> None:
        """Print something that went wrong, above the bar."""
        self._print(message, "red")

    def _print(self, line: str, style: str | None = None) -> None:
        # A log on a full disk must not end the campaign.
        with suppress(OSError):
            self._console.print(line, style=style, soft_wrap=True)

    @property
    def _steps_done(self) -> int:
        return sum(self._steps_of.values())

    def _state(self) -> str:
        runs = f"{self._runs_done}/{self._runs} runs"
        elapsed = time.monotonic() - self._start if self._start else 0.0
        if elapsed < 1:
            return runs
        rate = max(1, self._steps_done - self._steps_before) / elapsed
        left = (self._steps - self._steps_done) / rate
        return f"{runs}, {rate:,.0f} {self._unit}/s, {duration(left)} left"

    def _line(self, event: str) -> None:
        if not self._console.is_terminal:
            self._last_line = time.monotonic()
            self._print(f"{event} ({self._state()})")


def duration(seconds: float) -> str:
    """Such as 5 s, 4 min 5 s or 1 h 4 min."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
