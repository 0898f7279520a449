"""What a number of seeds can tell: how wide intervals are, and which differences are found."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from bench.protocol.protocol import PAPER_SEEDS
from bench.protocol.settings import PAPER_SETTINGS
from bench.scores.estimates import ALPHA, TAIL, variances
from bench.scores.grid import Grid
from bench.scores.new_tables import deviations
from bench.scores.paper import (
    CONSTRAINED,
    of_one_seed,
    of_three_seeds,
    paper_scores,
    without_noise,
)
from bench.scores.scale import READINGS, Floats

SEEDS = (3, 5, 10, 21, 50, 100)
GAPS = (0.02, 0.04, 0.06, 0.08, 0.10)
POWER = 0.8
# Holm's correction asks this of the smallest p among all pairs of the paper's settings.
CORRECTED = ALPHA / (len(PAPER_SETTINGS) * (len(PAPER_SETTINGS) - 1) / 2)
MOST_SEEDS = 10_000


def by_seeds(grid: Grid) -> pd.DataFrame:
    """What tables of some numbers of seeds can tell of the constrained settings, at their mean variance.

    Columns seeds; half_width (of a score's interval); detectable and detectable_corrected (the difference of
    two settings that a test at 0.05, or at 0.05 / 55, finds with a chance of 80 %); paper_gaps (how many of
    the paper's differences between two constrained settings are as large as detectable); best_first (in what
    share of simulated new tables the truly best setting comes first, our scores less noise taken as true).
    """
    _, best = grid.of_three()
    runs = grid.only(CONSTRAINED).normalized(best=np.array([one.mean() for one in best]))
    one_seed, truth, noise = of_one_seed(runs), true_scores(grid), _noise(grid)
    paper = paper_scores(CONSTRAINED)
    gaps = np.round(np.abs(paper[:, None] - paper)[np.triu_indices(len(paper), 1)], 2)
    lines = []
    for seeds in sorted({*SEEDS, len(grid.seeds)} - {1}):
        first = (truth + np.sqrt(len(PAPER_SEEDS) / seeds) * noise).argmax(axis=1)
        count = np.array([seeds])
        half = stdtrit(_freedom(runs) * (seeds - 1), TAIL) * np.sqrt(one_seed.mean() / seeds)
        found, corrected = (detectable(runs, count, alpha)[0] for alpha in (ALPHA, CORRECTED))
        line = {"seeds": seeds, "half_width": half, "detectable": found, "detectable_corrected": corrected}
        line["paper_gaps"] = (gaps >= found).sum()
        lines.append(line | {"best_first": (first == truth.argmax()).mean()})
    return pd.DataFrame(lines)


def seeds_needed(grid: Grid) -> pd.DataFrame:
    """The fewest seeds that detect a gap: columns gap, seeds, seeds_corrected; NaN beyond ten thousand."""
    runs, seeds = grid.only(CONSTRAINED).normalized(), np.arange(2, MOST_SEEDS)
    columns = {}
    for name, alpha in (("seeds", ALPHA), ("seeds_corrected", CORRECTED)):
        enough = detectable(runs, seeds, alpha) <= np.array(GAPS)[:, None]
        columns[name] = np.where(enough.any(axis=1), seeds[enough.argmax(axis=1)], np.nan)
    return pd.DataFrame({"gap": GAPS, **columns})


def detectable(runs: Floats, seeds: NDArray[np.int_], alpha: float) -> Floats:
    """The difference of two settings' scores that Welch's test finds with a chance of 80 %, `[seeds]`.

    By the usual approximation of the noncentral t distribution (Colas et al. 2019 have the method).

    runs: `[setting, environment, run]`, whose mean variance is taken.
    """
    freedom = 2 * _freedom(runs) * (seeds - 1)
    error = np.sqrt(2 * of_one_seed(runs).mean() / seeds)
    return (stdtrit(freedom, 1 - alpha / 2) + stdtrit(freedom, POWER)) * error


def _freedom(runs: Floats) -> float:
    """A score's degrees of freedom for each seed beyond the first: the mean over settings."""
    parts = variances(runs) * np.isfinite(runs).sum(axis=-1)
    return float((parts.sum(axis=-1) ** 2 / (parts**2).sum(axis=-1)).mean())


def true_scores(grid: Grid) -> Floats:
    """Our scores of the constrained settings as of three seeds, less noise, `[setting]`."""
    ours, _ = of_three_seeds(grid, CONSTRAINED)
    return without_noise(ours.value, ours.variance.mean())


def _noise(grid: Grid) -> Floats:
    """The noise of simulated tables of three seeds on their own scales, `[table, constrained setting]`."""
    (found,) = deviations(grid, READINGS[:1], "theirs")
    return found[:, [grid.settings.index(name) for name in CONSTRAINED]]


def new_tables(grid: Grid) -> pd.DataFrame:
    """What other tables of three seeds would say of the constrained settings, simulated.

    Our scores as of three seeds, less noise, are taken as true; each table is on its own scale. Columns
    setting, first (the share of tables in which the setting comes first), low, median and high (5, 50 and
    95 % of its scores).
    """
    tables = true_scores(grid) + _noise(grid)
    first = np.bincount(tables.argmax(axis=1), minlength=len(CONSTRAINED)) / len(tables)
    low, median, high = np.percentile(tables, [5, 50, 95], axis=0)
    return pd.DataFrame({"setting": CONSTRAINED, "first": first, "low": low, "median": median, "high": high})
