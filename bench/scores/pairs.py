"""Differences between settings: intervals, permutation tests, and their correction for many tests."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.protocol.settings import PAPER_SETTINGS, SETTINGS
from bench.scores.estimates import ALPHA, Estimate, interquartile_mean, mean
from bench.scores.grid import Grid
from bench.scores.scale import READINGS, Floats, Reading

# The standard error of a corrected p of 0.05, k times a p, is √(0.05 k / 200,000): 0.004 at most, for k = 55.
PERMUTATIONS = 199_999
# So many at once: they stay in the processor's caches.
CHUNK = 2_000
# Differences of scores below this are rounding, which differs between processors.
ROUNDING = 1e-9
# How many runs the first of two settings has, all runs of both, [run, pair], and what labels are drawn with.
Urn = tuple[int, Floats, np.random.Generator]


def pairs(grid: Grid) -> pd.DataFrame:
    """All pairs of the paper's settings; and each further setting with each of the paper's.

    Columns setting, other, paper_difference, difference, ci_low and ci_high (setting less other, unpaired), p
    (of the permutation test) and p_holm: corrected for all pairs of the paper's settings, or for all pairs of
    the further setting, which thus moves no other number; and significant_readings: under how many of the
    readings of the scale the corrected p is below 0.05.
    """
    families = [list(combinations([name for name in PAPER_SETTINGS if name in grid.settings], 2))]
    others = [name for name in grid.settings if name not in PAPER_SETTINGS]
    families += [[(own, name) for name in grid.settings if name in PAPER_SETTINGS] for own in others]
    tables = []
    for family in filter(None, families):
        first, second = _runs(grid, family)
        # All at once, because the permutations are the same.
        readings = [_runs(grid, family, reading) for reading in READINGS]
        p = permutation_test(*map(np.concatenate, zip(*readings, strict=True))).reshape(len(READINGS), -1)
        table = _table(family, mean(first) - mean(second), p[0])
        significant = np.sum([holm(each) < ALPHA for each in p], axis=0)
        tables.append(table.assign(significant_readings=significant))
    table = pd.concat(tables, ignore_index=True)
    paper = [_paper_score(row.setting) - _paper_score(row.other) for row in table.itertuples()]
    table.insert(2, "paper_difference", paper)
    return table.rename(columns={"low": "ci_low", "high": "ci_high"})


def differences(grid: Grid, pairs: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """One line a pair: setting, other, difference of their scores, low, high, p and p_holm.

    low, high: Welch's interval of 95 %. p: of his test. p_holm: corrected for these pairs. Permutations would
    not do where settings have other numbers of runs and other spreads.
    """
    first, second = _runs(grid, pairs)
    difference = mean(first) - mean(second)
    return _table(pairs, difference, difference.p)


def _runs(
    grid: Grid, pairs: Sequence[tuple[str, str]], reading: Reading = READINGS[0]
) -> tuple[Floats, Floats]:
    """The normalized runs of the pairs' first and of their second settings, `[pair, environment, run]`."""
    first, second = zip(*pairs, strict=True)
    return grid.only(first).normalized(reading), grid.only(second).normalized(reading)


def _table(pairs: Sequence[tuple[str, str]], difference: Estimate, p: Floats) -> pd.DataFrame:
    """The columns of `differences`."""
    low, high = difference.interval
    columns = {"difference": difference.value, "low": low, "high": high, "p": p, "p_holm": holm(p)}
    return pd.DataFrame(pairs, columns=["setting", "other"]).assign(**columns)


def _paper_score(setting: str) -> float:
    score = SETTINGS[setting].paper_score if setting in SETTINGS else None
    return np.nan if score is None else score


def permutation_test(first: Floats, second: Floats, *, middle: bool = False) -> Floats:
    """Two-sided p of the difference of mean scores, `[pair]`; NaN where an environment lacks runs.

    Were two settings equal, which runs are whose would not matter: labels are permuted within each
    environment. p = (1 + permutations at least as far from 0) / (1 + permutations).

    first, second: runs of the pairs' settings, `[pair, environment, run]`, NaN where there is none.
    middle: whether the interquartile mean in each environment takes the place of the mean.
    """
    sizes = np.stack([np.isfinite(runs).sum(axis=-1) for runs in (first, second)], axis=-1)
    score = middle_score if middle else _score
    with np.errstate(invalid="ignore"):
        observed = np.abs(score(first) - score(second)) - ROUNDING
    urns = _urns(first, second, sizes, middle)
    # All pooled runs in one matrix, [pooled run, pair], because one product is faster than many.
    pooled = np.concatenate([pool for _, pool, _ in urns]) if urns else np.zeros((0, len(first)))
    further = np.ones(len(first))
    for done in range(0, PERMUTATIONS, CHUNK):
        count = min(CHUNK, PERMUTATIONS - done)
        weights = [_labels(one, len(pool), count, random, middle) for one, pool, random in urns]
        shuffled = np.concatenate([np.zeros((count, 0)), *weights], axis=1) @ pooled
        further += (np.abs(shuffled) >= observed).sum(axis=0)
    return np.where(sizes.all(axis=(1, 2)), further / (1 + PERMUTATIONS), np.nan)


def _score(runs: Floats) -> Floats:
    return mean(runs).value


def middle_score(runs: Floats) -> Floats:
    """The mean over environments of the interquartile mean in each. runs: `[..., environment, run]`."""
    return np.asarray(interquartile_mean(runs[..., None, :]).value.mean(axis=-1))


def _urns(first: Floats, second: Floats, sizes: NDArray[np.int_], middle: bool) -> list[Urn]:
    """Of each environment, the pairs with as many runs: these pooled, and 0 for the other pairs."""
    urns = []
    for environment in range(first.shape[1]):
        for one, other in np.unique(sizes[:, environment], axis=0):
            if not one or not other:
                continue
            chosen = (sizes[:, environment] == (one, other)).all(axis=-1)
            # NaN comes last.
            runs = [np.sort(first[:, environment])[:, :one], np.sort(second[:, environment])[:, :other]]
            pool = np.concatenate(runs, axis=1)
            pool = np.sort(pool) if middle else pool
            pool = np.where(chosen, pool.T / first.shape[1], 0)
            urns.append((int(one), pool, np.random.default_rng([environment, one, other])))
    return urns


def _labels(one: int, count: int, permutations: int, random: np.random.Generator, middle: bool) -> Floats:
    """Weights that make pooled runs a difference of means, permuted, `[permutation, run]`."""
    first = random.random((permutations, count)).argsort(axis=1) < one
    return _weights(first, one, middle) - _weights(~first, count - one, middle)


def _weights(chosen: NDArray[np.bool_], size: int, middle: bool) -> Floats:
    """Those of the mean of the chosen runs, or of its middle half where runs are sorted."""
    if not middle:
        return chosen / size
    rank, cut = chosen.cumsum(axis=1), size // 4
    return (chosen & (cut < rank) & (rank <= size - cut)) / (size - 2 * cut)


def holm(p: Floats) -> Floats:
    """Corrected so that the chance of any false rejection stays below the level (Holm 1979)."""
    tested = np.flatnonzero(np.isfinite(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    corrected = np.full(len(p), np.nan)
    corrected[order] = np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)).clip(max=1)
    return corrected


def seed_correlation(grid: Grid) -> float:
    """The mean correlation of two settings' returns over the seeds of an environment; NaN below two seeds."""
    parts = grid.returns - grid.returns.mean(axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = parts / np.sqrt((parts**2).sum(axis=-1, keepdims=True))
    count = len(parts)
    # The square of a sum is its members' squares, of 1, and their products, the correlations.
    sums = (parts.sum(axis=0) ** 2).sum(axis=-1)
    return float(np.nanmean((sums - count) / (count * (count - 1))))
