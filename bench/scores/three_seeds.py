"""Tables of three seeds, as the paper's is: each has its own best result, and so its own scale.

The best of more runs is better, so positive scores of more seeds are lower: tables of different numbers of
seeds are compared by their scores as of three seeds. A table's own best result moves all scores of its
environment together, and a table's scores more than the runs of one setting would on a fixed scale.
"""

import dataclasses
from collections.abc import Iterable
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.protocol.protocol import PAPER_SEEDS
from bench.protocol.settings import PAPER_SETTINGS, SETTINGS, UNCONSTRAINED
from bench.scores.estimates import Estimate, estimate_mean, split_variance_of_one_run
from bench.scores.scale import READINGS, Floats, Grid, Reading, rescale

# The settings by which tables are compared: the unconstrained one is so far away that it would decide alone.
CONSTRAINED = tuple(name for name in PAPER_SETTINGS if name != UNCONSTRAINED)
# Simulated tables.
TABLES = 5000
# Beyond this number of seeds, all choices of three are too many where each has to be scored by itself.
MOST_ENUMERATED = 50
# About as many as the choices of three of fifty seeds.
DRAWN_CHOICES = 20_000


def find_paper_scores(settings: Iterable[str]) -> Floats:
    """The published scores, `[setting]`; NaN for a setting that the paper doesn't have."""
    return np.array([SETTINGS[name].paper_score if name in SETTINGS else None for name in settings], float)


def score_tables(runs: Floats, paper: NDArray[np.bool_], zero: Floats, reading: Reading) -> Floats:
    """Mean scores of tables, each table on its own scale, `[table, setting, environment]`.

    runs: returns, `[table, setting, environment, seed]`.
    paper: which settings set the scale, `[setting]`.
    zero: the returns that score 0, `[environment]`.
    """
    means = runs.mean(axis=-1)
    results = runs.max(axis=-1) if reading.best == "run" else means
    best = results[:, paper].max(axis=1)
    return rescale(means, zero, best[:, None])


def score_three_seeds(grid: Grid, reading: Reading = READINGS[0]) -> tuple[Floats, Floats]:
    """Scores as tables of three seeds have them: the mean over all such tables.

    Environments share nothing, so the mean over all choices of three seeds in an environment, and then over
    environments, is the mean over all choices of three seeds in each. Seeds that lack one of the paper's
    settings in an environment are left out there.

    Returns scores and their standard errors, both `[setting]`. Scores are exact, with an error of 0, where
    the best result is a run, and up to fifty seeds; else choices are drawn at random. They are NaN, with an
    error of 0, with fewer than three seeds, or without any of the paper's settings.
    """
    if not grid.paper.any():
        return np.full(len(grid.settings), np.nan), np.zeros(len(grid.settings))
    score, found = score_by_rank if reading.best == "run" else score_by_choice, []
    for index, zero in enumerate(grid.zero(reading)):
        returns = _select_whole_seeds(grid, index)
        if returns.shape[1] < len(PAPER_SEEDS):
            found.append((np.full(len(returns), np.nan), np.zeros(len(returns))))
        else:
            found.append(score(returns, grid.paper, zero))
    scores, errors = np.swapaxes(found, 0, 1)
    return scores.mean(axis=0), np.sqrt((errors**2).sum(axis=0)) / len(found)


def _select_whole_seeds(grid: Grid, environment: int) -> Floats:
    """The returns in an environment of the seeds that have all of the paper's settings, `[setting, seed]`."""
    returns = grid.returns[:, environment]
    return returns[:, np.isfinite(returns[grid.paper]).all(axis=0)]


def score_by_rank(returns: Floats, paper: NDArray[np.bool_], zero: float) -> tuple[Floats, Floats]:
    """Mean scores over all choices of three seeds, of which the best run scores 1; and errors of 0.

    The best run of three seeds sets their scale, so choices with the same best seed share a scale. Their mean
    return is a third of that seed's, and two thirds of the mean of the seeds ranked below it.

    returns: `[setting, seed]`, of at least three seeds. paper: which settings set the scale, `[setting]`.
    zero: the return that scores 0.

    Returns two of `[setting]`.
    """
    ones, choices, order = rank_seeds(returns[paper])
    ordered = returns[:, order]
    below = ordered.cumsum(axis=1)[:, 1:-1] / np.arange(2, len(order))
    scores = rescale((ordered[:, 2:] + 2 * below) / 3, np.asarray(zero), ones)
    return np.average(scores, axis=1, weights=choices), np.zeros(len(returns))


def rank_seeds(returns: Floats) -> tuple[Floats, NDArray[np.int_], NDArray[np.int_]]:
    """Seeds by their best run, and how many choices of three seeds each is the best of.

    returns: of the settings that set the scale, `[setting, seed]`.

    Returns the best runs and the numbers of choices, each `[seed - 2]`, both from the third seed on, because
    the two lowest are the best of no choice; and all seeds, lowest first, `[seed]`.
    """
    best = returns.max(axis=0)
    order = best.argsort(kind="stable")
    below = np.arange(2, len(order))
    return best[order[2:]], below * (below - 1) // 2, order


def score_by_choice(returns: Floats, paper: NDArray[np.bool_], zero: float) -> tuple[Floats, Floats]:
    """Mean scores over choices of three seeds, of which the best setting's mean scores 1; standard errors.

    Arguments and what is returned are as in `score_by_rank`.
    """
    choices = choose_three(returns.shape[1])
    runs = returns[:, choices].swapaxes(0, 1)[:, :, None]
    tables = score_tables(runs, paper, np.array([zero]), READINGS[1])
    scores = tables[..., 0]
    is_sampled = returns.shape[1] > MOST_ENUMERATED
    errors = scores.std(axis=0, ddof=1) / np.sqrt(len(scores)) if is_sampled else np.zeros(len(returns))
    return scores.mean(axis=0), errors


def choose_three(seeds: int) -> NDArray[np.int_]:
    """All choices of three of these seeds, `[choice, 3]`; beyond fifty seeds some, drawn at random."""
    if seeds <= MOST_ENUMERATED:
        return np.array(list(combinations(range(seeds), len(PAPER_SEEDS))))
    drawn = np.sort(np.random.default_rng(7).integers(seeds, size=(DRAWN_CHOICES, len(PAPER_SEEDS))))
    return drawn[(np.diff(drawn) > 0).all(axis=1)]


def find_best_of_three(grid: Grid) -> pd.DataFrame:
    """The best run of three seeds in each environment, by environment.

    Columns best_run_of_three (the mean over all choices), best_run_of_three_low and best_run_of_three_high
    (5 and 95 % of them). They are NaN with fewer than three seeds, or without any of the paper's settings.
    """
    lines = np.full((len(grid.environments), 3), np.nan)
    for index, line in enumerate(lines):
        returns = _select_whole_seeds(grid, index)[grid.paper]
        if len(returns) and returns.shape[1] >= len(PAPER_SEEDS):
            ones, choices, _ = rank_seeds(returns)
            line[:] = np.average(ones, weights=choices), *find_percentiles(ones, choices, (5, 95))
    names = ["best_run_of_three", "best_run_of_three_low", "best_run_of_three_high"]
    return pd.DataFrame(lines, pd.Index(grid.environments, name="environment"), names)


def find_percentiles(values: Floats, counts: NDArray[np.int_], percents: tuple[float, ...]) -> Floats:
    """What `np.percentile` gives of these values, each repeated as often as its count says, `[percent]`.

    values: in ascending order. counts: 1 or more.
    """
    last = counts.cumsum() - 1
    ends = np.stack([last - counts + 1, last], axis=1).flatten()
    return np.interp(np.array(percents) / 100 * last[-1], ends, np.repeat(values, 2))


def normalize_by_three_seeds(grid: Grid) -> Floats:
    """The runs on the mean scale of tables of three seeds, `[setting, environment, seed]`."""
    return grid.normalized(best=find_best_of_three(grid)["best_run_of_three"].to_numpy())


def estimate_three_seeds(grid: Grid, settings: tuple[str, ...]) -> tuple[Estimate, Floats]:
    """Scores as of three seeds, with the variance of ours; and the variance of a table of three new seeds.

    grid: of all settings that set the scale.

    Returns two of `[setting]`, of these settings. The variances are on the mean scale of three seeds.
    """
    runs, chosen = normalize_by_three_seeds(grid), grid.find(settings)
    ours = dataclasses.replace(estimate_mean(runs), value=score_three_seeds(grid)[0])
    return ours[chosen], split_variance_of_one_run(runs[chosen]).sum(axis=-1) / len(PAPER_SEEDS)


def estimate_true_scores(grid: Grid) -> Floats:
    """Our scores of the constrained settings as of three seeds, less noise, `[setting]`."""
    ours, _ = estimate_three_seeds(grid, CONSTRAINED)
    return remove_noise(ours.value, ours.variance.mean())


def remove_noise(scores: Floats, variance: float) -> Floats:
    """Scores shrunk towards their mean until their variance (with n - 1) is less by that which noise adds."""
    middle, share = scores.mean(), variance / scores.var(ddof=1)
    return middle + np.sqrt(max(0.0, 1 - share)) * (scores - middle)


def simulate_noise(
    grid: Grid, settings: tuple[str, ...], reading: Reading, error: Literal["theirs", "both"]
) -> Floats:
    """How far the scores of simulated tables of three seeds are from their mean, `[table, setting]`.

    grid: of all settings that set the scale.
    settings: those of the result.
    error: of new runs alone (theirs), or also of ours, which stand for the truth (both). See `draw_tables`.
    """
    scores = score_tables(draw_tables(grid.returns, error), grid.paper, grid.zero(reading), reading)
    noise = scores.mean(axis=-1)
    return (noise - noise.mean(axis=0))[:, grid.find(settings)]


def draw_tables(returns: Floats, error: Literal["theirs", "both"]) -> Floats:
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
    for setting, environment in np.ndindex(*returns.shape[:2]):
        runs = returns[setting, environment]
        runs = runs[np.isfinite(runs)]
        if not len(runs):
            continue
        urn = max(1, 2 * (len(runs) - 1) if error == "theirs" else (len(runs) - 1) // 2)
        filled = runs[random.integers(len(runs), size=(TABLES, urn))]
        chosen = random.integers(urn, size=(TABLES, size))
        tables[:, setting, environment] = np.take_along_axis(filled, chosen, axis=1)
    return tables


def simulate_new_tables(grid: Grid) -> pd.DataFrame:
    """What other tables of three seeds would say of the constrained settings, simulated.

    Our scores as of three seeds, less noise, are taken as true; each table is on its own scale. Columns
    setting, first (the share of tables in which the setting comes first), low, median and high (5, 50 and
    95 % of its scores).
    """
    tables = estimate_true_scores(grid) + simulate_noise(grid, CONSTRAINED, READINGS[0], "theirs")
    first = np.bincount(tables.argmax(axis=1), minlength=len(CONSTRAINED)) / len(tables)
    low, median, high = np.percentile(tables, [5, 50, 95], axis=0)
    return pd.DataFrame({"setting": CONSTRAINED, "first": first, "low": low, "median": median, "high": high})


def leave_seeds_out(grid: Grid) -> pd.DataFrame:
    """The table without one seed, each on its own scale: columns seed, setting, score, rank (1 is first).

    grid: of the paper's settings, with all runs.
    """
    returns = np.array([np.delete(grid.returns, index, axis=-1) for index in range(len(grid.seeds))])
    tables = score_tables(returns, grid.paper, grid.zero(READINGS[0]), READINGS[0])
    index = pd.MultiIndex.from_product([grid.seeds, grid.settings], names=["seed", "setting"])
    table = pd.DataFrame({"score": tables.mean(axis=-1).flatten()}, index)
    ranks = table["score"].groupby("seed").rank(ascending=False, method="first").astype(int)
    return table.assign(rank=ranks).reset_index()
