"""What is recorded of a run while it trains: its episodes' returns and the lines of its CSV."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bench.protocol.protocol import SCORE_EPISODES
from bench.results.schema import COLUMNS, DIAGNOSTICS


@dataclass
class RunLog:
    """The record of one run. All fields are plain numbers and texts, because a checkpoint stores them.

    columns: of the run's update rule, after those that all runs have.
    timesteps: environment steps so far.
    diverged_at: the timestep at which the run diverged; None while it is active.
    episodes: ended so far.
    unfinished_return, unfinished_length: of the episode under way.
    last_returns, last_lengths: of the last 100 episodes that ended.
    lines: of the CSV, without its heading.
    """

    columns: list[str] = field(default_factory=list)
    timesteps: int = 0
    diverged_at: int | None = None
    episodes: int = 0
    unfinished_return: float = 0.0
    unfinished_length: int = 0
    last_returns: list[float] = field(default_factory=list)
    last_lengths: list[int] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    @property
    def active(self) -> bool:
        """Whether the run goes on."""
        return self.diverged_at is None

    @property
    def csv(self) -> str:
        """The content of the run's file."""
        return "".join(f"{line}\n" for line in (",".join([*COLUMNS, *self.columns]), *self.lines))

    def steps(self, rewards: NDArray[np.float64], ends: NDArray[np.bool_]) -> None:
        """Count steps of the environment, each with its reward and whether the episode ended with it."""
        self.timesteps += len(rewards)
        start = 0
        for stop in (np.flatnonzero(ends) + 1).tolist():
            self.last_returns.append(self.unfinished_return + float(rewards[start:stop].sum()))
            self.last_lengths.append(self.unfinished_length + stop - start)
            self.episodes += 1
            self.unfinished_return, self.unfinished_length, start = 0.0, 0, stop
        self.unfinished_return += float(rewards[start:].sum())
        self.unfinished_length += len(rewards) - start
        self.last_returns = self.last_returns[-SCORE_EPISODES:]
        self.last_lengths = self.last_lengths[-SCORE_EPISODES:]

    def write(self, diagnostics: Mapping[str, float]) -> None:
        """Add the line of an update. diagnostics: by name, of all rules and of the run's own."""
        self.lines.append(self._line(_number(diagnostics[name]) for name in (*DIAGNOSTICS, *self.columns)))

    def diverge(self) -> None:
        """Stop the run here, with a last line that has no diagnostics."""
        self.diverged_at = self.timesteps
        if not self.lines or not self.lines[-1].startswith(f"{self.timesteps},"):
            self.lines.append(self._line("" for _ in (*DIAGNOSTICS, *self.columns)))

    def _line(self, diagnostics: Iterable[str]) -> str:
        # Before any episode has ended, the unfinished one stands for the last ones.
        returns = self.last_returns or [self.unfinished_return]
        lengths = self.last_lengths or [self.unfinished_length]
        with np.errstate(over="ignore"):  # a spread beyond 64 bits is left empty
            episodes = [float(np.mean(returns)), float(np.std(returns)), float(np.mean(lengths))]
        return ",".join([str(self.timesteps), str(self.episodes), *map(_number, episodes), *diagnostics])


def _number(value: float) -> str:
    """Nine significant digits, which tell all 32-bit numbers apart; empty where not finite."""
    return f"{value:.9g}" if np.isfinite(value) else ""
