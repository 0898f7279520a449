"""What is recorded of a run while it trains: its episodes' returns and the lines of its CSV."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.protocol import SCORE_EPISODES, Run

DIAGNOSTICS = (
    "kl",
    "kl_coefficient",
    "clip_fraction",
    "policy_std",
    "value_loss",
    "explained_variance",
)
COLUMNS = ("timesteps", "episodes", "return_last100", *DIAGNOSTICS)


@dataclass(frozen=True)
class RunResult:
    """What a run gave.

    csv: the content of its file, columns `COLUMNS`.
    diverged_at: the timestep at which it diverged, or None.
    physics_warnings: how often MuJoCo reported unstable physics.
    """

    run: Run
    csv: str
    diverged_at: int | None
    physics_warnings: int


class RunLog:
    """The record of one run.

    timesteps: environment steps so far.
    diverged_at: the timestep at which the run diverged; None while it is active.
    """

    def __init__(self) -> None:
        """A run that has not made a step."""
        self.timesteps = 0
        self.diverged_at: int | None = None
        self._episodes = 0
        self._return = 0.0
        self._last_returns: deque[float] = deque(maxlen=SCORE_EPISODES)
        self._lines: dict[int, str] = {}

    @property
    def active(self) -> bool:
        """Whether the run goes on."""
        return self.diverged_at is None

    def steps(self, rewards: NDArray[np.float64], ends: NDArray[np.bool_]) -> None:
        """Count steps of the environment, each with its reward and whether the episode ended with it."""
        self.timesteps += len(rewards)
        start = 0
        for stop in (np.flatnonzero(ends) + 1).tolist():
            self._last_returns.append(self._return + float(rewards[start:stop].sum()))
            self._episodes += 1
            self._return, start = 0.0, stop
        self._return += float(rewards[start:].sum())

    def write(self, diagnostics: Mapping[str, float]) -> None:
        """Add the line of an update. diagnostics: by the names in `DIAGNOSTICS`."""
        self._lines[self.timesteps] = self._line(_number(diagnostics[name]) for name in DIAGNOSTICS)

    def diverge(self) -> None:
        """Stop the run here, with a last line that has no diagnostics."""
        self.diverged_at = self.timesteps
        self._lines.setdefault(self.timesteps, self._line("" for _ in DIAGNOSTICS))

    @property
    def csv(self) -> str:
        """The content of the run's file."""
        return "".join(f"{line}\n" for line in (",".join(COLUMNS), *self._lines.values()))

    def _line(self, diagnostics: Iterable[str]) -> str:
        # Before any episode has ended, what the unfinished one has returned stands for the score.
        returns = self._last_returns or [self._return]
        return ",".join(
            [str(self.timesteps), str(self._episodes), _number(float(np.mean(returns))), *diagnostics]
        )


def _number(value: float) -> str:
    """Nine significant digits, which tell all 32-bit numbers apart; empty where not finite."""
    return f"{value:.9g}" if np.isfinite(value) else ""
