"""New tables of three seeds, drawn from our runs; each is on its own scale, as the paper's is.

A new table has its own best run. It moves all scores of its environment together, and a table's scores more
than the runs of one setting would on a fixed scale.
"""

from typing import Literal

import numpy as np

from bench.protocol.protocol import PAPER_SEEDS
from bench.scores.grid import Grid
from bench.scores.scale import Floats, Reading

# Simulated tables.
TABLES = 5000


def deviations(grid: Grid, readings: tuple[Reading, ...], error: Literal["theirs", "both"]) -> list[Floats]:
    """How far new tables' scores are from their mean, `[table, setting]` for each reading.

    error: of new runs alone (theirs), or also of ours, which stand for the truth (both). See `drawn`.
    """
    runs = drawn(grid.returns, error)
    found = (own_scale(runs, grid.paper, grid.zero(reading), reading) for reading in readings)
    return [scores - scores.mean(axis=0) for scores in found]


def drawn(returns: Floats, error: Literal["theirs", "both"]) -> Floats:
    """Returns of new tables, `[table, setting, environment, seed]` of three seeds.

    For each table, setting and environment an urn is filled with m of our n runs, and three are drawn from
    it, all with replacement. Of runs of variance s² (with n - 1) their mean has, for any m, the variance
    s² (n - 1) / n · (1/3 + 2/(3 m)). It is s² / 3, that of three new runs, for m = 2 (n - 1); and
    s² (1/3 + 1/n), that of their difference from the mean of ours, for m = (n - 1) / 2.

    returns: `[setting, environment, seed]`, NaN where there is no run.
    error: theirs for the first of these variances, both for the second (m is rounded down).
    """
    random, size = np.random.default_rng(5), len(PAPER_SEEDS)
    tables = np.full((TABLES, *returns.shape[:2], size), np.nan)
    for place in np.ndindex(*returns.shape[:2]):
        runs = returns[place][np.isfinite(returns[place])]
        if not len(runs):
            continue
        urn = max(1, 2 * (len(runs) - 1) if error == "theirs" else (len(runs) - 1) // 2)
        filled = runs[random.integers(len(runs), size=(TABLES, urn))]
        chosen = random.integers(urn, size=(TABLES, size))
        tables[(slice(None), *place)] = np.take_along_axis(filled, chosen, axis=1)
    return tables


def own_scale(runs: Floats, paper: np.ndarray, zero: Floats, reading: Reading) -> Floats:
    """Scores of tables, each with its own best result, `[table, setting]`.

    runs: returns, `[table, setting, environment, seed]`.
    paper: which settings set the scale, `[setting]`.
    zero: what scores 0, `[environment]`.
    """
    means = runs.mean(axis=-1)
    results = runs.max(axis=-1) if reading.best == "run" else means
    best = results[:, paper].max(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        return ((means - zero) / np.abs(best - zero)).mean(axis=-1)
