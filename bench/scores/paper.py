"""Our table beside the paper's, as of three seeds and under every reading; and beside the paper's Figure 3.

The published scores are means of three seeds whose spread is not published: it is taken to be ours. Their
scale is their own, so that tables of three seeds are simulated each on its own.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import fdtrc, stdtr, stdtrit

from bench.protocol.environments import without_version
from bench.protocol.protocol import PAPER_SEEDS
from bench.protocol.published import FIGURE_3
from bench.protocol.settings import BASELINE, PAPER_SETTINGS, SETTINGS, UNCONSTRAINED
from bench.scores.estimates import TAIL, Estimate, mean, variances
from bench.scores.grid import Grid
from bench.scores.new_tables import TABLES, deviations
from bench.scores.pairs import holm
from bench.scores.scale import READINGS, Floats, Reading

# The settings by which tables are compared: the unconstrained one is so far away that it would decide alone.
CONSTRAINED = tuple(name for name in PAPER_SETTINGS if name != UNCONSTRAINED)
# What a prediction interval contains, in percent of new tables.
MIDDLE = (100 * (1 - TAIL), 100 * TAIL)


def of_three_seeds(
    grid: Grid, settings: tuple[str, ...], reading: Reading = READINGS[0]
) -> tuple[Estimate, Floats]:
    """Scores as of three seeds, with the variance of ours; and the variance of a table of three new seeds.

    grid: of all settings that set the scale.

    Returns two of `[setting]`, of these settings. The variances are on the mean scale of three seeds.
    """
    scores, best = grid.of_three(reading)
    runs = grid.normalized(reading, best=np.array([one.mean() for one in best]))
    chosen = [grid.settings.index(name) for name in settings]
    ours = dataclasses.replace(mean(runs), value=scores)
    return ours[chosen], of_one_seed(runs[chosen]) / len(PAPER_SEEDS)


def of_one_seed(runs: Floats) -> Floats:
    """The variance of a score of one run an environment. runs: `[..., environment, run]`."""
    return (variances(runs) * np.isfinite(runs).sum(axis=-1)).sum(axis=-1)


def paper_scores(settings: tuple[str, ...]) -> Floats:
    """The published scores, `[setting]`."""
    return np.array([SETTINGS[name].paper_score for name in settings], float)


def predictions(grid: Grid) -> pd.DataFrame:
    """Where a new table of three seeds should score with a chance of 95 %, and whether the paper's does.

    Columns reading, setting, paper_score, score_of_three, low, high, inside; and of each reading, how many of
    the constrained scores of a new table lie inside, on average (mean_inside) and at least in 95 % of new
    tables (least_inside). New tables are simulated, each on its own scale; see `bench.scores.new_tables`.
    """
    tables, paper = [], paper_scores(grid.settings)
    constrained = np.isin(grid.settings, CONSTRAINED)
    for reading, new in zip(READINGS, deviations(grid, READINGS, "both"), strict=True):
        ours, (low, high) = grid.of_three(reading)[0], np.percentile(new, MIDDLE, axis=0)
        counts = ((low <= new) & (new <= high))[:, constrained].sum(axis=1)
        low, high = ours + low, ours + high
        columns = {
            "score_of_three": ours,
            "low": low,
            "high": high,
            "inside": (low <= paper) & (paper <= high),
        }
        columns |= {"mean_inside": counts.mean(), "least_inside": np.percentile(counts, 5, method="lower")}
        table = pd.DataFrame({"reading": str(reading), "setting": grid.settings, "paper_score": paper})
        tables.append(table.assign(**columns))
    return pd.concat(tables, ignore_index=True)


def agreement(grid: Grid) -> pd.DataFrame:
    """How alike the constrained settings' scores are to the paper's, by reading and measure.

    Columns reading, measure, ours (as of three seeds), and of three kinds of simulated tables the median, low
    and high (5 and 95 %): `flat` beside the paper's (all settings equal, at our mean, with our noise),
    `unrelated` beside the paper's (our scores in random order), and `replication` beside another (equal true
    scores, with the paper's noise and with ours). passes: whether ours is as like as all but the least
    like 5 % of replications (a difference no larger, a correlation no smaller). flat_passes: the share of
    flat tables that are.

    Noise is that of simulated tables of three seeds, each on its own scale. Ours has its size times √(3/n),
    for n seeds: so much smaller is the error of n runs, and of the mean over all choices of three.
    """
    paper, lines = paper_scores(CONSTRAINED), []
    constrained = [grid.settings.index(name) for name in CONSTRAINED]
    for reading, new in zip(READINGS, deviations(grid, READINGS, "theirs"), strict=True):
        random, theirs = np.random.default_rng(1), new[:, constrained]
        scores, mine = grid.of_three(reading)[0][constrained], random.permutation(theirs)
        mine *= np.sqrt(len(PAPER_SEEDS) / len(grid.seeds))
        truth = without_noise(paper, theirs.var(axis=1, ddof=1).mean())
        tables = {
            "flat": (scores.mean() + mine, paper),
            "replication": (truth + mine, truth + theirs),
            "unrelated": (random.permuted(np.tile(scores, (TABLES, 1)), axis=1), paper),
        }
        for name, measure in MEASURES.items():
            line: dict[str, Any] = {"reading": str(reading), "measure": name}
            line["ours"] = measure(scores, paper)
            found = {kind: measure(*pair) for kind, pair in tables.items()}
            for kind, values in found.items():
                low, median, high = np.percentile(values, [5, 50, 95])
                line |= {kind: median, f"{kind}_low": low, f"{kind}_high": high}
            mine, flat = (passes(name, each, found["replication"]) for each in (line["ours"], found["flat"]))
            lines.append({**line, "passes": bool(mine), "flat_passes": flat.mean()})
    return pd.DataFrame(lines)


def without_noise(scores: Floats, variance: float) -> Floats:
    """Scores shrunk towards their mean until their variance (with n - 1) is less by that which noise adds."""
    middle, share = scores.mean(), variance / scores.var(ddof=1)
    return middle + np.sqrt(max(0.0, 1 - share)) * (scores - middle)


def mean_absolute_difference(ours: Floats, paper: Floats) -> Floats:
    """Between `[..., setting]` and `[..., setting]`, over settings."""
    return np.abs(ours - paper).mean(axis=-1)


def correlation(ours: Floats, paper: Floats) -> Floats:
    """Pearson's, between `[..., setting]` and `[..., setting]`."""
    a, b = (values - values.mean(axis=-1, keepdims=True) for values in (ours, paper))
    return (a * b).sum(axis=-1) / np.sqrt((a**2).sum(axis=-1) * (b**2).sum(axis=-1))


def rank_correlation(ours: Floats, paper: Floats) -> Floats:
    """Spearman's, between `[..., setting]` and `[..., setting]`; equal scores share their mean rank."""
    # SciPy has this too, but its statistics take longer to import than all of this takes to run.
    tables = (pd.DataFrame(np.atleast_2d(scores)).rank(axis=1) for scores in (ours, paper))
    a, b = (
        ranks.to_numpy().reshape(scores.shape) for ranks, scores in zip(tables, (ours, paper), strict=True)
    )
    return correlation(a, b)


DIFFERENCE, PEARSON = "mean absolute difference", "Pearson's correlation"
SPEARMAN = "Spearman's rank correlation"
MEASURES: dict[str, Callable[[Floats, Floats], Floats]] = {
    DIFFERENCE: mean_absolute_difference,
    PEARSON: correlation,
    SPEARMAN: rank_correlation,
}


def passes(measure: str, values: Floats, replications: Floats) -> NDArray[np.bool_]:
    """Whether these values of a measure are as like as all but the least like 5 % of replications.

    One-sided: no table is too similar.
    """
    if measure == DIFFERENCE:
        return values <= np.percentile(replications, 95)
    return values >= np.percentile(replications, 5)


def heterogeneity(grid: Grid) -> pd.DataFrame:
    """Whether the constrained settings differ at all: Welch's test (1951) of equal scores, theirs and ours.

    Columns table, std (of the scores), noise (root mean square of their standard errors), true_std (what
    remains of the spread without noise, 0 where noise is more), f, df1, df2, p. Both on the scale of three
    seeds under the default reading.
    """
    ours, new = of_three_seeds(grid, CONSTRAINED)
    lines = []
    for name, scores, variance in (
        ("paper", paper_scores(CONSTRAINED), new),
        ("ours", ours.value, ours.variance),
    ):
        total = scores.var(ddof=1)
        line = {"table": name, "std": np.sqrt(total), "noise": np.sqrt(variance.mean())}
        line["true_std"] = np.sqrt(max(0.0, total - variance.mean()))
        lines.append(line | welch_test(scores, variance, ours.freedom))
    return pd.DataFrame(lines)


def welch_test(scores: Floats, variance: Floats, freedom: Floats) -> dict[str, float]:
    """Welch's analysis of variance of scores with these variances and degrees of freedom, `[setting]`."""
    count, weights = len(scores), 1 / variance
    middle = (weights * scores).sum() / weights.sum()
    unevenness = ((1 - weights / weights.sum()) ** 2 / freedom).sum()
    between = (weights * (scores - middle) ** 2).sum() / (count - 1)
    f = between / (1 + 2 * (count - 2) / (count**2 - 1) * unevenness)
    df1, df2 = count - 1, (count**2 - 1) / (3 * unevenness)
    return {"f": f, "df1": df1, "df2": df2, "p": fdtrc(df1, df2, f)}


def figure_3(grid: Grid) -> pd.DataFrame:
    """The baseline's returns beside the ends of the paper's curves, which were read off its Figure 3.

    Columns environment, paper_return, mean, std, runs, low and high (where the mean of three new runs should
    be with a chance of 95 %), t (our difference over its standard error, both of our spread), p, p_holm.
    """
    returns = grid.only([BASELINE]).returns[0]
    runs = np.isfinite(returns).sum(axis=-1)
    ours = np.nanmean(returns, axis=-1)
    std = np.sqrt(np.nansum((returns - ours[:, None]) ** 2, axis=-1) / (runs - 1))
    error = std * np.sqrt(1 / len(PAPER_SEEDS) + 1 / runs)
    paper = np.array([FIGURE_3[without_version(name)] for name in grid.environments])
    with np.errstate(divide="ignore", invalid="ignore"):
        half, t = stdtrit(runs - 1, TAIL) * error, np.where(error > 0, (ours - paper) / error, np.nan)
    p = 2 * stdtr(runs - 1, -np.abs(t))
    columns = {
        "environment": grid.environments,
        "paper_return": paper,
        "mean": ours,
        "std": std,
        "runs": runs,
    }
    return pd.DataFrame(
        {**columns, "low": ours - half, "high": ours + half, "t": t, "p": p, "p_holm": holm(p)}
    )
