"""Differences between settings: intervals, permutation tests, and their correction for many tests."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.special import stdtr

from bench.protocol.settings import PAPER_SETTINGS, SETTINGS
from bench.scores.estimates import Estimate, mean
from bench.scores.grid import Grid
from bench.scores.scale import Floats

# Enough for a corrected p of 55 / 20,000.
PERMUTATIONS = 19_999
# Differences of scores below this are rounding, which differs between processors.
ROUNDING = 1e-9


def pairs(grid: Grid) -> pd.DataFrame:
    """All pairs of the paper's settings; and each further setting with each of the paper's.

    Columns setting, other, paper_difference, difference, ci_low and ci_high (setting less other, unpaired), p
    (of the permutation test) and p_holm: corrected for all pairs of the paper's settings, or for all pairs of
    the further setting, which thus moves no other number.
    """
    families = [list(combinations([name for name in PAPER_SETTINGS if name in grid.settings], 2))]
    others = [name for name in grid.settings if name not in PAPER_SETTINGS]
    families += [[(own, name) for name in grid.settings if name in PAPER_SETTINGS] for own in others]
    tables = []
    for family in families:
        first, second = _runs(grid, family)
        p = permutation_test(first, second)
        tables.append(_table(family, mean(first) - mean(second), p))
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
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * stdtr(difference.freedom, -np.abs(difference.value) / np.sqrt(difference.variance))
    return _table(pairs, difference, p)


def _runs(grid: Grid, pairs: Sequence[tuple[str, str]]) -> tuple[Floats, Floats]:
    """The normalized runs of the pairs' first and of their second settings, `[pair, environment, run]`."""
    first, second = zip(*pairs, strict=True)
    return grid.only(first).normalized(), grid.only(second).normalized()


def _table(pairs: Sequence[tuple[str, str]], difference: Estimate, p: Floats) -> pd.DataFrame:
    """The columns of `differences`."""
    low, high = difference.interval
    columns = {"difference": difference.value, "low": low, "high": high, "p": p, "p_holm": holm(p)}
    return pd.DataFrame(pairs, columns=["setting", "other"]).assign(**columns)


def _paper_score(setting: str) -> float:
    score = SETTINGS[setting].paper_score if setting in SETTINGS else None
    return np.nan if score is None else score


def permutation_test(first: Floats, second: Floats) -> Floats:
    """Two-sided p of the difference of mean scores, `[pair]`; NaN where an environment lacks runs.

    Were two settings equal, which runs are whose would not matter: labels are permuted within each
    environment. p = (1 + permutations at least as far from 0) / (1 + permutations).

    first, second: runs of the pairs' settings, `[pair, environment, run]`, NaN where there is none.
    """
    environments = first.shape[1]
    sizes = np.stack([np.isfinite(runs).sum(axis=-1) for runs in (first, second)], axis=-1)
    with np.errstate(invalid="ignore"):
        observed = mean(first).value - mean(second).value
    shuffled = np.zeros((PERMUTATIONS, len(first)))
    for place in range(environments):
        for one, other in np.unique(sizes[:, place], axis=0):
            if not (one and other):
                continue
            chosen = np.flatnonzero((sizes[:, place] == (one, other)).all(axis=-1))
            # NaN comes last.
            runs = [np.sort(first[chosen, place])[:, :one], np.sort(second[chosen, place])[:, :other]]
            shuffled[:, chosen] += _labels(place, one, other) @ np.concatenate(runs, axis=1).T
    further = np.abs(shuffled / environments) >= np.abs(observed) - ROUNDING
    p = (1 + further.sum(axis=0)) / (1 + PERMUTATIONS)
    return np.where(sizes.all(axis=(1, 2)), p, np.nan)


def _labels(place: int, one: int, other: int) -> Floats:
    """Weights that make pooled runs a difference of means, permuted, `[permutation, run]`."""
    order = np.random.default_rng([place, one, other]).random((PERMUTATIONS, one + other)).argsort(axis=1)
    return np.where(order < one, 1 / one, -1 / other)


def holm(p: Floats) -> Floats:
    """Corrected so that the chance of any false rejection stays below the level (Holm 1979)."""
    tested = np.flatnonzero(np.isfinite(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    corrected = np.full(len(p), np.nan)
    corrected[order] = np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)).clip(max=1)
    return corrected
