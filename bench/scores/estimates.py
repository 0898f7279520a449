"""What runs tell of a setting, with 95 % intervals: mean, interquartile mean, probability of improvement.

The scale is held fixed: an interval says what other seeds would have scored on this very scale. Environments
are strata: each adds the variance of its own runs, and nothing is said of other environments.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri, stdtr, stdtrit

from bench.scores.scale import Floats

# The level of all tests, and the share of cases that intervals leave out.
ALPHA = 0.05
TAIL = 1 - ALPHA / 2
# The fewest runs in each environment that give an interval.
RUNS_FOR_INTERVAL = 2
# Halvings of [0, 1]: beyond the nine digits that are published.
BISECTIONS = 40


@dataclass(frozen=True)
class Estimate:
    """Estimates whose variance is a sum over environments, with Student's interval.

    value: of any shape; variance and spread have the shape of value.
    variance: of the estimates, Σ v over environments.
    spread: Σ v² / (n - 1), which gives the degrees of freedom of Welch (1938) and Satterthwaite (1946).
    """

    value: Floats
    variance: Floats
    spread: Floats

    def __sub__(self, other: "Estimate") -> "Estimate":
        """The difference of independent estimates."""
        variance, spread = self.variance + other.variance, self.spread + other.spread
        return Estimate(self.value - other.value, variance, spread)

    def __getitem__(self, index: Any) -> "Estimate":
        return Estimate(self.value[index], self.variance[index], self.spread[index])

    def mean(self) -> "Estimate":
        """The mean of independent estimates, those along the first axis."""
        count = len(self.value)
        variance, spread = self.variance.sum(axis=0) / count**2, self.spread.sum(axis=0) / count**4
        return Estimate(self.value.mean(axis=0), variance, spread)

    @property
    def freedom(self) -> Floats:
        """Degrees of freedom; NaN where nothing varies, or an environment has one run."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.variance**2 / self.spread

    @property
    def interval(self) -> tuple[Floats, Floats]:
        """Low and high end of the interval of 95 %; NaN without degrees of freedom."""
        return self._find_ends(TAIL)

    @property
    def interval_90(self) -> tuple[Floats, Floats]:
        """Low and high end of the interval of 90 %.

        It lies within bounds where two one-sided tests at 0.05 say that the true value does.
        """
        return self._find_ends(1 - ALPHA)

    def _find_ends(self, tail: float) -> tuple[Floats, Floats]:
        """The low end, which the true value is above with this probability, and the high end."""
        half = stdtrit(self.freedom, tail) * np.sqrt(self.variance)
        return self.value - half, self.value + half

    def as_columns(self, name: str, ends: tuple[str, str] | None = None) -> dict[str, Floats]:
        """The estimates and their interval of 95 % as columns of a table.

        name: the column of the estimates.
        ends: the columns of the interval's low and high end; if not given, `NAME_low` and `NAME_high`.
        """
        columns = (name, *(ends or (f"{name}_low", f"{name}_high")))
        return dict(zip(columns, (self.value, *self.interval), strict=True))

    @property
    def p(self) -> Floats:
        """Two-sided p of Welch's test that the true value is 0; NaN without degrees of freedom."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(2 * stdtr(self.freedom, -np.abs(self.value) / np.sqrt(self.variance)))


def split_variance(runs: Floats) -> Floats:
    """The variance that each environment adds to the mean over environments, `[..., environment]`.

    runs: `[..., environment, run]`, NaN where there is none.
    """
    count = np.isfinite(runs).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = np.nansum(runs, axis=-1, keepdims=True) / count[..., None]
        return np.nansum((runs - means) ** 2, axis=-1) / (count - 1) / count / runs.shape[-2] ** 2


def split_variance_of_one_run(runs: Floats) -> Floats:
    """The variance that each environment adds to a score of one run an environment, `[..., environment]`.

    runs: `[..., environment, run]`, NaN where there is none.
    """
    return split_variance(runs) * np.isfinite(runs).sum(axis=-1)


def estimate_mean(runs: Floats) -> Estimate:
    """The mean over environments of the mean over runs: the score of a setting.

    This is the mean over all runs where all environments have the same number of them. A setting that lacks
    an environment has the mean over the others, and no interval.

    runs: `[..., environment, run]`, NaN where there is none.
    """
    count, parts = np.isfinite(runs).sum(axis=-1), split_variance(runs)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = np.nansum(runs, axis=-1) / count
        value = np.nansum(means, axis=-1) / (count > 0).sum(axis=-1)
        return Estimate(value, parts.sum(axis=-1), (parts**2 / (count - 1)).sum(axis=-1))


def estimate_iqm(runs: Floats) -> Estimate:
    """The mean of the middle half of all runs of a setting (IQM; Agarwal et al. 2021).

    Its variance is that of a trimmed mean (Yuen 1974): of the runs, each moved to the nearest that is kept,
    and here summed over environments; over the share of runs that is kept.

    runs: `[..., environment, run]`, NaN where there is none.
    """
    ordered = np.sort(runs.reshape(*runs.shape[:-2], -1), axis=-1)  # NaN comes last
    count = np.isfinite(ordered).sum(axis=-1, keepdims=True)
    cut, rank = count // 4, np.arange(ordered.shape[-1])
    kept = (cut <= rank) & (rank < count - cut)
    value = np.where(kept, ordered, 0).sum(axis=-1) / kept.sum(axis=-1)
    ends = (np.take_along_axis(ordered, end, axis=-1)[..., None] for end in (cut, count - cut - 1))
    moved, share = estimate_mean(np.clip(runs, *ends)), (kept.sum(axis=-1, keepdims=True) / count)[..., 0]
    return Estimate(value, moved.variance / share**2, moved.spread / share**4)


def estimate_improvement(runs: Floats, others: Floats) -> tuple[Floats, Floats]:
    """The probability that a run beats one of another setting in the same environment (Agarwal et al. 2021).

    Over all pairs of runs, ties counting half. The interval of an environment is Newcombe's (2006, method 5),
    of Wilson's kind: it exists where all runs of one are ahead, too. That of the mean over environments comes
    from theirs (MOVER; Zou and Donner 2008).

    runs, others: `[..., environment, run]` of equally many axes, which broadcast but for the last; NaN where
        there is no run.

    Returns value, low and high of the mean, `[3, ...]`, and of each environment, `[3, ..., environment]`.
    """
    counts = [np.isfinite(each).sum(axis=-1) for each in (runs, others)]
    with np.errstate(divide="ignore", invalid="ignore"):
        value = count_wins(runs, others) / (counts[0] * counts[1])
    low, high = 1 - _find_improvement_end(1 - value, *counts), _find_improvement_end(value, *counts)
    below, above = (np.sqrt(((end - value) ** 2).sum(axis=-1)) / value.shape[-1] for end in (low, high))
    middle = value.mean(axis=-1)
    return np.stack([middle, middle - below, middle + above]), np.stack([value, low, high])


def count_wins(runs: Floats, others: Floats) -> Floats:
    """In how many pairs of runs that of the first setting returns more, `[..., environment]`; a tie is half.

    runs, others: as `estimate_improvement` has them.
    """
    wins = np.zeros(np.broadcast_shapes(runs.shape[:-1], others.shape[:-1]))
    # One run of the others at a time: all pairs at once would take much memory.
    for other in np.moveaxis(others, -1, 0)[..., None]:
        wins += ((runs > other).sum(axis=-1) + (runs >= other).sum(axis=-1)) / 2
    return wins


def _find_improvement_end(value: Floats, first: Floats, second: Floats) -> Floats:
    """The probability that is 1.96 of its own standard errors above a value: the interval's high end."""
    low, high, most = value, np.ones_like(value), (first + second) / 2 - 1
    for _ in range(BISECTIONS):
        end = (low + high) / 2
        variance = end * (1 - end) * (1 + most * ((1 - end) / (2 - end) + end / (1 + end)))
        beyond = (end - value) ** 2 > ndtri(TAIL) ** 2 * variance / (first * second)
        low, high = np.where(beyond, low, end), np.where(beyond, end, high)
    return np.where(np.isfinite(value), high, np.nan)


def correct_by_holm(p: Floats) -> Floats:
    """The p values, corrected so that the chance of any false rejection stays below the level (Holm 1979).

    p: `[test]`, NaN where there is no test.
    """
    tested = np.flatnonzero(np.isfinite(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    corrected = np.full(len(p), np.nan)
    corrected[order] = np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)).clip(max=1)
    return corrected
