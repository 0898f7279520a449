"""Our table beside the paper's: how alike, which orderings hold; and what three seeds can tell."""

import itertools

import numpy as np
import pandas as pd

from bench.grid import Floats, Grid
from bench.protocol import PAPER_SEEDS, SETTINGS
from bench.resampling import intervals, simulated_scores

# The row that the paper's scale makes incomparable: it is far from all others in one environment.
UNCONSTRAINED = "no-clip"
REPLICATIONS = 2000


def agreement(grid: Grid) -> pd.DataFrame:
    """Rank correlation and mean absolute difference between the paper's constrained rows and ours.

    Columns measure, ours, and what a perfect replication at this noise would show: expected (median), low and
    high (5 and 95 %). It is simulated as the paper's scores plus the noise of two tables, one of its number
    of seeds and one of ours.
    """
    scores = _paper_scores(grid)
    rows = [row for row in scores if grid.settings[row] != UNCONSTRAINED]
    paper = np.array([scores[row] for row in rows])
    random = np.random.default_rng(2)
    replications = paper + sum(
        sign * _noise(grid, seeds, random)[:, rows]
        for sign, seeds in ((1, len(grid.seeds)), (-1, len(PAPER_SEEDS)))
    )
    lines = []
    for name, measure in (
        ("Spearman's rank correlation", rank_correlation),
        ("mean absolute difference", mean_absolute_difference),
    ):
        low, expected, high = np.percentile(measure(replications, paper), [5, 50, 95])
        ours = float(measure(grid.mean(grid.scores)[rows], paper))
        lines.append({"measure": name, "ours": ours, "expected": expected, "low": low, "high": high})
    return pd.DataFrame(lines)


def _noise(grid: Grid, seeds: int, random: np.random.Generator) -> Floats:
    """Deviations of simulated tables of so many seeds from their mean, `[replication, row]`."""
    tables = grid.mean(simulated_scores(grid.scores, REPLICATIONS, seeds, random))
    return tables - tables.mean(axis=0)


def rank_correlation(ours: Floats, paper: Floats) -> Floats:
    """Spearman's, between `[..., row]` and `[row]`."""
    a, b = (pd.DataFrame(np.atleast_2d(values)).rank(axis=1).to_numpy() for values in (ours, paper))
    a, b = (ranks - ranks.mean(axis=1, keepdims=True) for ranks in (a, b))
    correlation = (a * b).sum(axis=1) / np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return np.asarray(correlation.reshape(ours.shape[:-1]))


def mean_absolute_difference(ours: Floats, paper: Floats) -> Floats:
    """Between `[..., row]` and `[row]`, over rows."""
    return np.asarray(np.abs(ours - paper).mean(axis=-1))


def orderings(grid: Grid) -> pd.DataFrame:
    """Every ordering of two rows in the paper, and whether ours supports it.

    Columns better, worse (as the paper has them), paper_difference, difference (ours), ci_low, ci_high and
    verdict: supported or contradicted where the 95 % interval of our difference, over the shared seeds,
    excludes 0, and open elsewhere.
    """
    paper = _paper_scores(grid)
    pairs = [(row, other) for row, other in itertools.permutations(paper, 2) if paper[row] > paper[other]]
    better, worse = (np.array(side) for side in zip(*pairs, strict=True))

    def differences(scores: Floats) -> Floats:
        means = grid.mean(scores)
        return means[..., better] - means[..., worse]

    low, high = intervals(differences, grid.scores)
    verdict = np.select([low > 0, high < 0], ["supported", "contradicted"], "open")
    table = pd.DataFrame(
        {
            "better": [grid.settings[row] for row in better],
            "worse": [grid.settings[row] for row in worse],
            "paper_difference": [paper[row] - paper[other] for row, other in pairs],
            "difference": differences(grid.scores),
            "ci_low": low,
            "ci_high": high,
            "verdict": verdict,
        }
    )
    return table.sort_values("paper_difference", ascending=False, kind="stable")


def _paper_scores(grid: Grid) -> dict[int, float]:
    """The paper's scores by row of the grid, of the rows that it has."""
    scores = (SETTINGS[setting].paper_score for setting in grid.settings)
    return {row: score for row, score in enumerate(scores) if score is not None}


def three_seeds(grid: Grid) -> pd.DataFrame:
    """What tables of three of the seeds would have said, over all choices of three.

    Columns setting, first (the share of the choices in which the row comes first), low, median and high (5,
    50 and 95 % of its scores). Empty with three seeds or fewer, which leave no choice.
    """
    count = len(PAPER_SEEDS)
    if len(grid.seeds) <= count:
        return pd.DataFrame(columns=["setting", "first", "low", "median", "high"])
    choices = np.array(list(itertools.combinations(range(len(grid.seeds)), count)))
    tables = grid.mean(grid.scores[choices])
    first = np.bincount(tables.argmax(axis=1), minlength=len(grid.settings)) / len(tables)
    low, median, high = np.percentile(tables, [5, 50, 95], axis=0)
    return pd.DataFrame(
        {"setting": grid.settings, "first": first, "low": low, "median": median, "high": high}
    )
