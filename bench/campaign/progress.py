"""How far a campaign is: one bar on a terminal, plain lines elsewhere."""

import time
from contextlib import suppress
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.progress import BarColumn, Progress, TextColumn

SECONDS_BETWEEN_LINES = 60.0
# How long a campaign may be without workers before it says so.
PATIENCE = 5.0


class CampaignProgress:
    """Shows runs done, steps per second and time left; use as a context manager.

    Until the first steps are done it shows how long programs have been compiling, and at the end how long all
    took.
    """

    def __init__(self, console: Console, runs: int, steps: int, activity: str, unit: str) -> None:
        """Show a campaign of `runs` runs and `steps` steps, which starts now.

        activity: What is done, such as training.
        unit: What a step is called.
        """
        self._console, self._activity, self._unit = console, activity, unit
        self._runs, self._steps = runs, steps
        self._runs_done = 0
        self._steps_of: dict[str, int] = {}
        self._steps_before = 0
        self._start = self._last_line = time.monotonic()
        self._first_steps: float | None = None  # what precedes them says nothing about the rate
        self._last_worker = time.monotonic()  # when it was seen
        self._lack_is_told = False
        self._bar = _Bar(
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

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        self.stop()
        if error is None:
            self._print(f"{self._runs_done} runs in {duration(time.monotonic() - self._start)}")

    def stop(self) -> None:
        """Leave the bar as it is: what follows is printed below it."""
        self._bar.stop()

    def started(self, workers: str) -> None:
        """Say that the workers are there. workers: How many, and where."""
        self._print(f"{self._activity} {self._runs} runs on {workers}, compiling first")

    def resumed(self, job: str, steps: int) -> None:
        """Count the steps that an earlier campaign has made of a job."""
        self._steps_of[job] = steps
        self._steps_before += steps

    def stepped(self, job: str, steps: int) -> None:
        """Show that a job has done `steps` steps so far."""
        self._steps_of[job] = steps
        if self._first_steps is None:
            self._first_steps = time.monotonic()
            self._line(f"first {self._unit} after {duration(self._first_steps - self._start)}")
        self._show()

    def finished(self, job: str, runs: int) -> None:
        """Show that a job is done and its runs' files are written."""
        self._runs_done += runs
        self._show()
        self._line(f"{job} done")

    def tick(self, workers: int) -> float:
        """Show the time, about once a second, and after a while without `workers` say so once.

        Returns for how many seconds there was none.
        """
        now = time.monotonic()
        self._show()
        if now - self._last_line > SECONDS_BETWEEN_LINES:
            self._line(self._activity)
        if workers:
            self._last_worker, self._lack_is_told = now, False
        elif not self._lack_is_told and now - self._last_worker > PATIENCE:
            self._lack_is_told = True
            self.say("no worker is left: waiting for workers")
        return now - self._last_worker

    def say(self, message: str) -> None:
        """Print something that went wrong, above the bar."""
        self._print(message, "red")

    def _show(self) -> None:
        self._bar.update(self._task, completed=self._steps_done, state=self._state())

    def _print(self, line: str, style: str | None = None) -> None:
        # A log on a full disk must not end the campaign.
        with suppress(OSError):
            self._console.print(line, style=style, soft_wrap=True)

    @property
    def _steps_done(self) -> int:
        return sum(self._steps_of.values())

    def _state(self) -> str:
        runs = f"{self._runs_done}/{self._runs} runs"
        now = time.monotonic()
        if self._first_steps is None:
            return f"{runs}, compiling for {duration(now - self._start)}"
        elapsed = now - self._first_steps
        if elapsed < 1:
            return runs
        rate = max(1, self._steps_done - self._steps_before) / elapsed
        left = (self._steps - self._steps_done) / rate
        return f"{runs}, {rate:,.0f} {self._unit}/s, {duration(left)} left"

    def _line(self, event: str) -> None:
        if not self._console.is_terminal:
            self._last_line = time.monotonic()
            self._print(f"{event} ({self._state()})")


class _Bar(Progress):
    """A bar that leaves room behind it for the ^C that a terminal shows, which else would split it."""

    def get_renderable(self) -> RenderableType:
        return _Narrower(super().get_renderable())


@dataclass(frozen=True)
class _Narrower:
    whole: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from console.render(self.whole, options.update_width(max(1, options.max_width - len("^C"))))


def duration(seconds: float) -> str:
    """Such as 5 s, 4 min 5 s or 1 h 4 min."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
