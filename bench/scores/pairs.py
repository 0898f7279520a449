"""Differences between settings: intervals, permutation tests, and other ways to score and test them."""

from collections.abc import Collection, Iterable, Sequence
from itertools import combinations, count
from math import comb

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.protocol.settings import BASELINE, PAPER_SETTINGS
from bench.scores.estimates import ALPHA, Estimate, correct_by_holm, estimate_iqm, estimate_mean
from bench.scores.scale import READINGS, Floats, Grid, Reading
from bench.scores.three_seeds import find_paper_scores

# The standard error of a corrected p of 0.05, k times a p, is √(0.05 k / 200,000): 0.004 at most, for k = 55.
PERMUTATIONS = 199_999
# So many at once: they stay in the processor's caches.
CHUNK = 2_000
# Differences of scores below this are rounding, which differs between processors.
ROUNDING = 1e-9
# How many runs the first of two settings has, all runs of both, [run, pair], and what labels are drawn with.
Urn = tuple[int, Floats, np.random.Generator]
# Names of ways to score and test, or how they begin.
MIDDLE, POOLED = "iqm_in_each_environment", "iqm_of_all_runs"
AREA, RANDOM, WITHOUT = "mean_over_time", "environments_at_random", "without_"


def compare_pairs(grid: Grid) -> pd.DataFrame:
    """All pairs of the grid's settings, with the columns of `compare_families`.

    Families are the pairs of the paper's settings, those of each further setting with the paper's, and
    those of further settings. So a further setting moves no number of the paper's.
    """
    paper = [name for name in PAPER_SETTINGS if name in grid.settings]
    further = [name for name in grid.settings if name not in PAPER_SETTINGS]
    own = [[(setting, name) for name in paper] for setting in further]
    return compare_families(grid, [list(combinations(paper, 2)), *own, list(combinations(further, 2))])


def compare_family(grid: Grid, settings: Iterable[str]) -> pd.DataFrame:
    """All pairs of these settings as one family, with the columns of `compare_families`."""
    return compare_families(grid, [list(combinations(settings, 2))])


def compare_families(grid: Grid, families: Iterable[Sequence[tuple[str, str]]]) -> pd.DataFrame:
    """Families of pairs of settings, one line a pair.

    Columns setting, other, paper_difference, difference, ci_low and ci_high (setting less other, unpaired), p
    (of the permutation test), p_holm: corrected for all pairs of its family; and significant_readings: under
    how many of the readings of the scale the corrected p is below 0.05.
    """
    tables = []
    for family in filter(None, families):
        first, second = _select_runs(grid, family)
        # All readings at once, so that they share their permutations.
        readings = zip(*(_select_runs(grid, family, reading) for reading in READINGS), strict=True)
        p = permute_labels(*map(np.concatenate, readings)).reshape(len(READINGS), -1)
        table = _tabulate(family, estimate_mean(first) - estimate_mean(second), p[0])
        significant = np.sum([correct_by_holm(each) < ALPHA for each in p], axis=0)
        tables.append(table.assign(significant_readings=significant))
    if not tables:  # a setting alone
        columns = ["setting", "other", "paper_difference", "difference", "ci_low", "ci_high", "p", "p_holm"]
        return pd.DataFrame(columns=[*columns, "significant_readings"])
    table = pd.concat(tables, ignore_index=True)
    published = find_paper_scores(table["setting"]) - find_paper_scores(table["other"])
    table.insert(2, "paper_difference", published)
    return table.rename(columns={"low": "ci_low", "high": "ci_high"})


def compare_beside(table: pd.DataFrame, grid: Grid, group: Collection[str]) -> pd.DataFrame:
    """A group's settings and what they are held against, with their differences from clip-0.2.

    Columns setting, score, ci_low, ci_high, runs and diverged of the table, and those of `compare_settings`
    but other. These are of the group's settings only, and NaN where one of the two lacks an environment.
    """
    whole = grid.with_runs(1)
    names = [name for name in table["setting"] if name in group]
    pairs = [(name, BASELINE) for name in names if whole.issuperset((name, BASELINE))]
    found = compare_settings(grid, pairs).drop(columns="other")
    table = table[["setting", "score", "ci_low", "ci_high", "runs", "diverged"]]
    return table.merge(found, on="setting", how="left")


def compare_settings(grid: Grid, pairs: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """One line a pair: setting, other, difference of their scores, low, high, p and p_holm.

    low, high: Welch's interval of 95 %. p: of his test. p_holm: corrected for these pairs. Permutations would
    not do where settings have other numbers of runs and other spreads.
    """
    if not pairs:
        return pd.DataFrame(columns=["setting", "other", "difference", "low", "high", "p", "p_holm"])
    first, second = _select_runs(grid, pairs)
    difference = estimate_mean(first) - estimate_mean(second)
    return _tabulate(pairs, difference, difference.p)


def permute_settings(grid: Grid, pairs: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """As `compare_settings`, but p is of the permutation test. low_90, high_90: Welch's interval of 90 %."""
    first, second = _select_runs(grid, pairs)
    difference = estimate_mean(first) - estimate_mean(second)
    low, high = difference.interval_90
    return _tabulate(pairs, difference, permute_labels(first, second)).assign(low_90=low, high_90=high)


def _select_runs(
    grid: Grid, pairs: Sequence[tuple[str, str]], reading: Reading = READINGS[0]
) -> tuple[Floats, Floats]:
    """The normalized runs of the pairs' first and of their second settings, `[pair, environment, run]`."""
    first, second = zip(*pairs, strict=True)
    return grid.only(first).normalized(reading), grid.only(second).normalized(reading)


def _tabulate(pairs: Sequence[tuple[str, str]], difference: Estimate, p: Floats) -> pd.DataFrame:
    """The columns of `compare_settings`."""
    columns = difference.as_columns("difference", ("low", "high")) | {"p": p, "p_holm": correct_by_holm(p)}
    return pd.DataFrame(pairs, columns=["setting", "other"]).assign(**columns)


def compare_in_other_ways(
    grid: Grid, over_time: Grid, pairs: Sequence[tuple[str, str]] | None = None
) -> pd.DataFrame:
    """Pairs of settings in every way: columns way, setting, other, score, other_score, p, p_holm.

    Ways, of which the first is that of the published tests:

    - the four readings of the scale, such as uniform_run;
    - iqm_in_each_environment: the interquartile mean in each environment instead of the mean;
    - iqm_of_all_runs: the interquartile mean of all runs of a setting;
    - mean_over_time: the mean return over all timesteps instead of that of the last 100 episodes;
    - without_…: an environment left out;
    - environments_at_random: they stand for others, so that a setting has one value an environment.

    p: of the permutation test; for the interquartile mean of all runs of Welch's test with Yuen's variance;
    for environments at random of Student's test of paired values. p_holm: corrected for all pairs of the way.

    grid, over_time: of the scores, and of the mean returns over time; every setting has runs everywhere.
    pairs: of these settings; None for all.
    """
    pairs = list(combinations(grid.settings, 2)) if pairs is None else pairs
    first, second = np.transpose([grid.find(pair) for pair in pairs])
    runs = grid.normalized()
    linear = {str(reading): grid.normalized(reading) for reading in READINGS}
    linear |= {AREA: over_time.normalized()}
    linear |= {f"{WITHOUT}{name}": omit_environment(runs, i) for i, name in enumerate(grid.environments)}
    every = np.stack(list(linear.values()))
    # All ways at once, so that they share their permutations.
    p = permute_labels(*(every[:, chosen].reshape(-1, *runs.shape[1:]) for chosen in (first, second)))
    tested = {
        way: (estimate_mean(values).value, each)
        for (way, values), each in zip(linear.items(), p.reshape(len(linear), -1), strict=True)
    }
    pooled, means = estimate_iqm(runs), runs.mean(axis=-1)
    tested |= {
        MIDDLE: (score_middle(runs), permute_labels(runs[first], runs[second], middle=True)),
        POOLED: (pooled.value, (pooled[first] - pooled[second]).p),
        # A setting's means in the environments are the runs of a single stratum.
        RANDOM: (means.mean(axis=-1), estimate_mean((means[first] - means[second])[:, None]).p),
    }
    names = np.array(grid.settings)
    tables = [
        pd.DataFrame({"way": way, "setting": names[first], "other": names[second]}).assign(
            score=scores[first], other_score=scores[second], p=each, p_holm=correct_by_holm(each)
        )
        for way, (scores, each) in tested.items()
    ]
    return pd.concat(tables, ignore_index=True)


def omit_environment(runs: Floats, environment: int) -> Floats:
    """Runs whose mean over environments is that over the others.

    runs: `[setting, environment, run]`; so is what returns.
    environment: its index.
    """
    count = runs.shape[1]
    kept = np.arange(count) != environment
    return np.asarray(runs * np.where(kept, count / (count - 1), 0)[:, None])


def permute_labels(first: Floats, second: Floats, *, middle: bool = False) -> Floats:
    """Two-sided p of permutation tests of equal mean scores, `[pair]`; NaN where an environment lacks runs.

    Were two settings equal, which runs are whose would not matter: labels are permuted within each
    environment. p = (1 + permutations at least as far from 0) / (1 + permutations).

    first, second: runs of the pairs' settings, `[pair, environment, run]`, NaN where there is none.
    middle: whether the interquartile mean in each environment replaces the mean.
    """
    sizes = np.stack([np.isfinite(runs).sum(axis=-1) for runs in (first, second)], axis=-1)
    one, other = (score_middle(runs) if middle else estimate_mean(runs).value for runs in (first, second))
    observed = np.abs(one - other) - ROUNDING
    urns = _fill_urns(first, second, sizes, middle)
    # All pooled runs in one matrix, [pooled run, pair], because one product is faster than many.
    pooled = np.concatenate([np.zeros((0, len(first))), *(pool for _, pool, _ in urns)])
    further = np.ones(len(first))
    for done in range(0, PERMUTATIONS, CHUNK):
        count = min(CHUNK, PERMUTATIONS - done)
        weights = [_draw_weights(size, len(pool), count, random, middle) for size, pool, random in urns]
        shuffled = np.concatenate([np.zeros((count, 0)), *weights], axis=1) @ pooled
        further += (np.abs(shuffled) >= observed).sum(axis=0)
    return np.where(sizes.all(axis=(1, 2)), further / (1 + PERMUTATIONS), np.nan)


def find_fewest_permutable(environments: int) -> int:
    """The fewest seeds of each of two settings with which `permute_labels` can give a p below 0.05.

    The p of two settings whose runs are apart in every environment is that of two relabellings.
    """
    return next(seeds for seeds in count(1) if 2 / comb(2 * seeds, seeds) ** environments < ALPHA)


def score_middle(runs: Floats) -> Floats:
    """The mean over environments of the interquartile mean in each. runs: `[..., environment, run]`."""
    return np.asarray(estimate_iqm(runs[..., None, :]).value.mean(axis=-1))


def _fill_urns(first: Floats, second: Floats, sizes: NDArray[np.int_], middle: bool) -> list[Urn]:
    """Pooled runs of the pairs: an urn for each environment and each two numbers of runs of a pair.

    first, second, middle: as `permute_labels` has them.
    sizes: numbers of runs, `[pair, environment, 2]`. An urn has 0 for pairs with other numbers.
    """
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


def _draw_weights(
    size: int, count: int, permutations: int, random: np.random.Generator, middle: bool
) -> Floats:
    """Weights that make pooled runs a difference of means with permuted labels, `[permutation, run]`.

    size: runs of the first setting, of `count` in all.
    """
    first = random.random((permutations, count)).argsort(axis=1) < size
    return _weigh(first, size, middle) - _weigh(~first, count - size, middle)


def _weigh(chosen: NDArray[np.bool_], size: int, middle: bool) -> Floats:
    """Weights of the mean of the chosen runs, or of its middle half where runs are sorted."""
    if not middle:
        return chosen / size
    rank, cut = chosen.cumsum(axis=1), size // 4
    return (chosen & (cut < rank) & (rank <= size - cut)) / (size - 2 * cut)


def find_seed_correlation(grid: Grid) -> float:
    """The mean correlation of two settings' returns over the seeds of an environment.

    grid: with three seeds or more. An environment in which a setting lacks a run, or any spread, is left out.
    """
    others = ~np.eye(len(grid.settings), dtype=bool)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = [np.corrcoef(returns)[others].mean() for returns in grid.returns.swapaxes(0, 1)]
    return float(np.nanmean(means))
