"""What a number of seeds can tell: how wide intervals are, and which differences are found."""

from bisect import bisect_left

import numpy as np
import pandas as pd
from scipy.special import ndtr, stdtrit

from bench.protocol.protocol import PAPER_SEEDS, PLANNED_SEEDS
from bench.protocol.settings import PAPER_SETTINGS
from bench.scores.estimates import ALPHA, BISECTIONS, TAIL, variances
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

SEEDS = (3, 5, 10, PLANNED_SEEDS, 50, 100)
GAPS = (0.02, 0.04, 0.06, 0.08, 0.10)
POWER = 0.8
# Holm's correction asks this of the smallest p among all pairs of the paper's settings.
CORRECTED = ALPHA / (len(PAPER_SETTINGS) * (len(PAPER_SETTINGS) - 1) / 2)
MOST_SEEDS = 10_000
# Simulated experiments of each pair of settings.
EXPERIMENTS = 200


def by_seeds(grid: Grid) -> pd.DataFrame:
    """What tables of some numbers of seeds can tell of the constrained settings, at their mean variance.

    All are on the mean scale of three seeds, which is the paper's.

    Columns seeds; half_width (of a score's interval); detectable and detectable_corrected (the difference of
    two settings that a test at 0.05, or at 0.05 / 55, finds with a chance of 80 %); paper_gaps (how many of
    the paper's differences between two constrained settings are as large as detectable); best_first (in what
    share of simulated new tables the truly best setting comes first, our scores less noise taken as true);
    lead (by how much it is then truly ahead of the second).
    """
    runs, truth, noise = _runs(grid), true_scores(grid), _noise(grid)
    one_seed, paper = of_one_seed(runs), paper_scores(CONSTRAINED)
    second, best = np.sort(truth)[-2:]
    gaps = np.round(np.abs(paper[:, None] - paper)[np.triu_indices(len(paper), 1)], 2)
    lines = []
    for seeds in sorted({*SEEDS, len(grid.seeds)} - {1}):
        first = (truth + np.sqrt(len(PAPER_SEEDS) / seeds) * noise).argmax(axis=1)
        half = stdtrit(_freedom(runs) * (seeds - 1), TAIL) * np.sqrt(one_seed.mean() / seeds)
        found, corrected = (detectable(runs, seeds, alpha) for alpha in (ALPHA, CORRECTED))
        line = {"seeds": seeds, "half_width": half, "detectable": found, "detectable_corrected": corrected}
        line["paper_gaps"] = (gaps >= found).sum()
        lines.append(line | {"best_first": (first == truth.argmax()).mean(), "lead": best - second})
    return pd.DataFrame(lines)


def seeds_needed(grid: Grid) -> pd.DataFrame:
    """The fewest seeds that detect a gap: columns gap, seeds, seeds_corrected; NaN beyond ten thousand.

    On the mean scale of three seeds.
    """
    runs = _runs(grid)
    columns = {
        name: [_fewest(runs, gap, alpha) for gap in GAPS]
        for name, alpha in (("seeds", ALPHA), ("seeds_corrected", CORRECTED))
    }
    return pd.DataFrame({"gap": GAPS, **columns})


def _fewest(runs: Floats, gap: float, alpha: float) -> float:
    """By bisection: more seeds detect less."""
    if not detectable(runs, MOST_SEEDS, alpha) <= gap:
        return np.nan
    return float(
        bisect_left(range(MOST_SEEDS), True, lo=2, key=lambda seeds: detectable(runs, seeds, alpha) <= gap)
    )


def detectable(runs: Floats, seeds: int, alpha: float) -> float:
    """The difference of two settings' scores that Welch's test finds with a chance of 80 %.

    The mean over all pairs of settings, in simulated experiments of Gaussian runs with the measured
    variances: those that a test sees, and its degrees of freedom, vary from experiment to experiment. With
    three seeds that matters: the usual approximation of a noncentral t distribution (Colas et al. 2019), with
    the true variance's degrees of freedom, finds its difference with a chance of 75 % only. A difference with
    the wrong sign counts as not found.

    runs: `[setting, environment, run]`.
    """
    random = np.random.default_rng(6)
    parts = variances(runs) * np.isfinite(runs).sum(axis=-1) / seeds
    first, second = np.triu_indices(len(runs), 1)
    # Of each pair the variances of both settings in each environment, [pair, stratum].
    true = np.concatenate([parts[first], parts[second]], axis=1)
    seen = true * random.chisquare(seeds - 1, (EXPERIMENTS, *true.shape)) / (seeds - 1)
    variance = seen.sum(axis=-1)
    freedom = variance**2 / (seen**2 / (seeds - 1)).sum(axis=-1)
    least, error = stdtrit(freedom, 1 - alpha / 2) * np.sqrt(variance), np.sqrt(true.sum(axis=-1))
    low, high = 0.0, float(np.max(least + 3 * error))
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        found = ndtr((middle - least) / error).mean() >= POWER
        low, high = (low, middle) if found else (middle, high)
    return high


def _runs(grid: Grid) -> Floats:
    """The constrained settings' runs on the mean scale of three seeds, `[setting, environment, run]`."""
    _, best = grid.of_three()
    return grid.only(CONSTRAINED).normalized(best=np.array([one.mean() for one in best]))


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
