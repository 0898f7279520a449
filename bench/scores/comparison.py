"""Our table beside the paper's: how alike, which orderings hold; and what three seeds can tell.

All take a grid of the paper's rows.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.protocol.protocol import PAPER_SEEDS
from bench.protocol.settings import SETTINGS, UNCONSTRAINED
from bench.scores.grid import Floats, Grid
from bench.scores.intervals import intervals_of_mean, simulated_scores

REPLICATIONS = 2000
CHOICES = 2000


def agreement(grid: Grid) -> pd.DataFrame:
    """Rank correlation and mean absolute difference between the paper's constrained rows and ours.

    Columns measure, ours, and what two other tables would show, median, low and high (5 and 95 %): perfect
    replications at this noise, and unrelated ones. Without the unconstrained row, which its scale makes
    incomparable.

    Simulated replications are pairs of tables with the same true scores, one of the paper's number of seeds
    and one of ours. The published scores are true ones plus the noise of three seeds, so the true ones are
    taken to be less spread than they by that noise's variance. Unrelated are ours with the rows in any order.
    """
    rows = [row for row, setting in enumerate(grid.settings) if setting != UNCONSTRAINED]
    paper = _paper_scores(grid)[rows]
    random = np.random.default_rng(2)
    of_three, of_ours = (
        grid.mean(simulated_scores(grid, REPLICATIONS, seeds, random))[:, rows]
        for seeds in (len(PAPER_SEEDS), len(grid.seeds))
    )
    expected = of_three.mean(axis=0)
    truth = without_noise(paper, of_three - expected)
    # The best of more runs is better, so tables of more seeds score lower: that difference is replicated too.
    replications = truth + of_ours - expected, truth + of_three - expected
    ours = grid.mean(grid.scores)[rows]
    unrelated = random.permuted(np.tile(ours, (REPLICATIONS, 1)), axis=1), paper
    lines = []
    for name, measure in (
        ("Spearman's rank correlation", rank_correlation),
        ("mean absolute difference", mean_absolute_difference),
    ):
        line: dict[str, object] = {"measure": name, "ours": float(measure(ours, paper))}
        for kind, tables in (("replication", replications), ("unrelated", unrelated)):
            low, median, high = np.percentile(measure(*tables), [5, 50, 95])
            line |= {kind: median, f"{kind}_low": low, f"{kind}_high": high}
        lines.append(line)
    return pd.DataFrame(lines)


def without_noise(scores: Floats, noise: Floats) -> Floats:
    """Scores shrunk towards their mean by the variance that noise adds.

    scores: `[row]`
    noise: `[replication, row]`
    """
    mean, share = scores.mean(), noise.var(axis=1, ddof=1).mean() / scores.var(ddof=1)
    return np.asarray(mean + np.sqrt(max(0.0, 1 - share)) * (scores - mean))


def rank_correlation(ours: Floats, paper: Floats) -> Floats:
    """Spearman's, between `[..., row]` and `[..., row]`."""
    a, b = (_ranks(scores) for scores in (ours, paper))
    a, b = (ranks - ranks.mean(axis=-1, keepdims=True) for ranks in (a, b))
    return np.asarray((a * b).sum(axis=-1) / np.sqrt((a**2).sum(axis=-1) * (b**2).sum(axis=-1)))


def _ranks(scores: Floats) -> Floats:
    """Of each score among those of its last axis; equal ones share their mean rank."""
    # SciPy has this too, but its statistics take longer to import than all of this takes to run.
    return pd.DataFrame(np.atleast_2d(scores)).rank(axis=1).to_numpy().reshape(scores.shape)


def mean_absolute_difference(ours: Floats, paper: Floats) -> Floats:
    """Between `[..., row]` and `[..., row]`, over rows."""
    return np.asarray(np.abs(ours - paper).mean(axis=-1))


def orderings(grid: Grid) -> pd.DataFrame:
    """Every ordering of two rows in the paper, and whether ours supports it.

    Columns better, worse (as the paper has them), paper_difference, difference (ours), ci_low, ci_high and
    verdict: supported or contradicted where the 95 % interval of our difference, over the shared seeds,
    excludes 0, and open elsewhere. The noise of the paper's own difference is not in it.
    """
    better, worse = _ordered_pairs(grid)
    low, high = intervals_of_mean(
        lambda scores: differences(grid, grid.environment_means(scores), axis=-2), grid.scores
    )
    verdict = np.select([low > 0, high < 0], ["supported", "contradicted"], "open")
    table = pd.DataFrame(
        {
            "better": [grid.settings[row] for row in better],
            "worse": [grid.settings[row] for row in worse],
            "paper_difference": differences(grid, _paper_scores(grid)),
            "difference": differences(grid, grid.mean(grid.scores)),
            "ci_low": low,
            "ci_high": high,
            "verdict": verdict,
        }
    )
    return table.sort_values("paper_difference", ascending=False, kind="stable")


def differences(grid: Grid, means: Floats, axis: int = -1) -> Floats:
    """A table's scores, whose rows are an axis, as differences: the paper's better row less the worse."""
    better, worse = _ordered_pairs(grid)
    return np.asarray(means.take(better, axis=axis) - means.take(worse, axis=axis))


def _ordered_pairs(grid: Grid) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """The better rows and the worse rows of all pairs in which the paper has one ahead of the other."""
    paper = _paper_scores(grid)
    better, worse = np.nonzero(paper[:, None] > paper)
    return better, worse


def _paper_scores(grid: Grid) -> Floats:
    return np.array([SETTINGS[setting].paper_score for setting in grid.settings], float)


def three_seeds(grid: Grid) -> pd.DataFrame:
    """What tables of three of the seeds would have said, over choices of three in each environment.

    Columns setting, first (the share of the choices in which the row comes first), low, median and high (5,
    50 and 95 % of its scores). Empty with three seeds or fewer, which leave no choice. Choices share seeds:
    their variance is 1 - 3 / n of that of three new ones.
    """
    count, seeds = len(PAPER_SEEDS), len(grid.seeds)
    if seeds <= count:
        return pd.DataFrame(columns=["setting", "first", "low", "median", "high"])
    order = np.random.default_rng(3).random((CHOICES, seeds, 1, len(grid.environments))).argsort(axis=1)
    tables = grid.mean(np.take_along_axis(grid.scores[None], order[:, :count], axis=1))
    first = np.bincount(tables.argmax(axis=1), minlength=len(grid.settings)) / len(tables)
    low, median, high = np.percentile(tables, [5, 50, 95], axis=0)
    return pd.DataFrame(
        {"setting": grid.settings, "first": first, "low": low, "median": median, "high": high}
    )
