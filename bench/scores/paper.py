"""Our table beside the paper's, as of three seeds and under every reading; and beside the paper's Figure 3.

The published scores are means of three seeds whose spread is not published: it is taken to be ours. Their
scale is their own, so that tables of three seeds are simulated each on its own.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import fdtrc, stdtr, stdtrit

from bench.protocol.environments import without_version
from bench.protocol.protocol import PAPER_SEEDS
from bench.protocol.published import FIGURE_3
from bench.protocol.settings import BASELINE
from bench.scores.estimates import TAIL, correct_by_holm
from bench.scores.scale import READINGS, Floats, Grid
from bench.scores.three_seeds import (
    CONSTRAINED,
    TABLES,
    estimate_three_seeds,
    find_paper_scores,
    remove_noise,
    score_three_seeds,
    simulate_noise,
)

# What a prediction interval contains, in percent of new tables.
MIDDLE = (100 * (1 - TAIL), 100 * TAIL)


def predict_tables(grid: Grid) -> pd.DataFrame:
    """Where a new table of three seeds should score with a chance of 95 %, and whether the paper's does.

    Columns reading, setting, paper_score, score_of_three, low, high, inside; and of each reading, how many of
    the constrained scores of a new table lie inside, on average (mean_inside) and at least in 95 % of new
    tables (least_inside). New tables are simulated, each on its own scale; see `bench.scores.three_seeds`.
    """
    tables, paper = [], find_paper_scores(grid.settings)
    constrained = np.isin(grid.settings, CONSTRAINED)
    for reading in READINGS:
        ours, _ = score_three_seeds(grid, reading)
        noise = simulate_noise(grid, grid.settings, reading, "both")
        low, high = np.percentile(noise, MIDDLE, axis=0)
        counts = ((low <= noise) & (noise <= high))[:, constrained].sum(axis=1)
        low, high = ours + low, ours + high
        columns = {
            "reading": str(reading),
            "setting": grid.settings,
            "paper_score": paper,
            "score_of_three": ours,
            "low": low,
            "high": high,
            "inside": (low <= paper) & (paper <= high),
            "mean_inside": counts.mean(),
            "least_inside": np.percentile(counts, 5, method="lower"),
        }
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def measure_agreement(grid: Grid) -> pd.DataFrame:
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
    paper, lines = find_paper_scores(CONSTRAINED), []
    constrained = grid.find(CONSTRAINED)
    for reading in READINGS:
        random, scores = np.random.default_rng(1), score_three_seeds(grid, reading)[0][constrained]
        theirs = simulate_noise(grid, CONSTRAINED, reading, "theirs")
        mine = random.permutation(theirs) * np.sqrt(len(PAPER_SEEDS) / len(grid.seeds))
        truth = remove_noise(paper, theirs.var(axis=1, ddof=1).mean())
        tables = {
            "flat": (scores.mean() + mine, paper),
            "replication": (truth + mine, truth + theirs),
            "unrelated": (random.permuted(np.tile(scores, (TABLES, 1)), axis=1), paper),
        }
        for name, measure in MEASURES.items():
            ours, found = measure(scores, paper), {kind: measure(*pair) for kind, pair in tables.items()}
            line: dict[str, Any] = {"reading": str(reading), "measure": name, "ours": ours}
            for kind, values in found.items():
                low, median, high = np.percentile(values, [5, 50, 95])
                line |= {kind: median, f"{kind}_low": low, f"{kind}_high": high}
            line["passes"] = bool(is_alike(name, ours, found["replication"]))
            line["flat_passes"] = is_alike(name, found["flat"], found["replication"]).mean()
            lines.append(line)
    return pd.DataFrame(lines)


def measure_difference(ours: Floats, paper: Floats) -> Floats:
    """The mean absolute difference of scores, `[...]`. ours, paper: `[..., setting]`."""
    return np.abs(ours - paper).mean(axis=-1)


def correlate(ours: Floats, paper: Floats) -> Floats:
    """Pearson's correlation of scores, `[...]`. ours, paper: `[..., setting]`."""
    a, b = (values - values.mean(axis=-1, keepdims=True) for values in (ours, paper))
    return (a * b).sum(axis=-1) / np.sqrt((a**2).sum(axis=-1) * (b**2).sum(axis=-1))


def correlate_ranks(ours: Floats, paper: Floats) -> Floats:
    """Spearman's rank correlation of scores, `[...]`; equal scores share their mean rank.

    ours, paper: `[..., setting]`, of one or two axes.
    """
    # SciPy has this too, but its statistics take longer to import than all of this takes to run.
    ranks = (pd.DataFrame(np.atleast_2d(scores)).rank(axis=1).to_numpy() for scores in (ours, paper))
    found = correlate(*ranks)
    return found if ours.ndim > 1 or paper.ndim > 1 else found[0]


DIFFERENCE, PEARSON = "mean absolute difference", "Pearson's correlation"
SPEARMAN = "Spearman's rank correlation"
MEASURES: dict[str, Callable[[Floats, Floats], Floats]] = {
    DIFFERENCE: measure_difference,
    PEARSON: correlate,
    SPEARMAN: correlate_ranks,
}


def is_alike(measure: str, values: Floats, replications: Floats) -> NDArray[np.bool_]:
    """Whether these values of a measure are as like as all but the least like 5 % of replications.

    One-sided: no table is too similar.
    """
    if measure == DIFFERENCE:
        return values <= np.percentile(replications, 95)
    return values >= np.percentile(replications, 5)


def find_heterogeneity(grid: Grid) -> pd.DataFrame:
    """Whether the constrained settings differ at all: Welch's test (1951) of equal scores, theirs and ours.

    Columns table, std (of the scores), noise (root mean square of their standard errors), true_std (what
    remains of the spread without noise, 0 where noise is more), f, df1, df2, p. Both on the scale of three
    seeds under the default reading.
    """
    ours, new = estimate_three_seeds(grid, CONSTRAINED)
    lines = []
    for name, scores, variance in (
        ("paper", find_paper_scores(CONSTRAINED), new),
        ("ours", ours.value, ours.variance),
    ):
        total = scores.var(ddof=1)
        line = {"table": name, "std": np.sqrt(total), "noise": np.sqrt(variance.mean())}
        line["true_std"] = np.sqrt(max(0.0, total - variance.mean()))
        lines.append(line | apply_welch_test(scores, variance, ours.freedom))
    return pd.DataFrame(lines)


def apply_welch_test(scores: Floats, variance: Floats, freedom: Floats) -> dict[str, float]:
    """Welch's analysis of variance of scores with these variances and degrees of freedom, `[setting]`."""
    count, weights = len(scores), 1 / variance
    middle = (weights * scores).sum() / weights.sum()
    unevenness = ((1 - weights / weights.sum()) ** 2 / freedom).sum()
    between = (weights * (scores - middle) ** 2).sum() / (count - 1)
    f = between / (1 + 2 * (count - 2) / (count**2 - 1) * unevenness)
    df1, df2 = count - 1, (count**2 - 1) / (3 * unevenness)
    return {"f": f, "df1": df1, "df2": df2, "p": fdtrc(df1, df2, f)}


def compare_figure_3(grid: Grid) -> pd.DataFrame:
    """The baseline's returns beside the ends of the paper's curves, which were read off its Figure 3.

    Columns environment, paper_return, mean, std, runs, low and high (where the mean of three new runs should
    be with a chance of 95 %), t (our difference over its standard error, both of our spread), p, p_holm.
    """
    returns = grid.only([BASELINE]).returns[0]
    runs, ours = np.isfinite(returns).sum(axis=-1), np.nanmean(returns, axis=-1)
    std = np.nanstd(returns, axis=-1, ddof=1)
    error = std * np.sqrt(1 / len(PAPER_SEEDS) + 1 / runs)
    paper = np.array([FIGURE_3[without_version(name)] for name in grid.environments])
    half, t = stdtrit(runs - 1, TAIL) * error, (ours - paper) / np.where(error > 0, error, np.nan)
    p = 2 * stdtr(runs - 1, -np.abs(t))
    columns = {
        "environment": grid.environments,
        "paper_return": paper,
        "mean": ours,
        "std": std,
        "runs": runs,
        "low": ours - half,
        "high": ours + half,
        "t": t,
        "p": p,
        "p_holm": correct_by_holm(p),
    }
    return pd.DataFrame(columns)
