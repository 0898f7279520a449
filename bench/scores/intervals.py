"""How sure a statistic of the table is: intervals from resampled seeds, and how often they are right.

Rows share their seeds, so an environment's seeds are resampled jointly for all rows, and the best run is
sought anew among the resampled ones. Environments share nothing, so each is resampled by itself, and the
variances add. With three seeds the percentiles of resamples are too narrow; the interval is therefore
Student's, with each environment's variance enlarged by n / (n - 1), which makes it the usual one where the
statistic is a mean, and with Welch's and Satterthwaite's degrees of freedom.
"""

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from bench.protocol.settings import UNCONSTRAINED
from bench.scores.grid import Floats, Grid, Statistic

CONFIDENCE = 0.95
# Up to this number of seeds all resamples are enumerated; beyond, RESAMPLES of them are drawn.
ENUMERATED_SEEDS = 3
# With this number an interval's half-width is within about 2 % of its limit.
RESAMPLES = 1000
# Numbers that are resampled at once, at most: this bounds the memory.
CHUNK = 100_000
# Seeds simulated in all experiments together; there are at least a tenth as many experiments.
SIMULATED_SEEDS = 3000
# Simulated tables behind the truth.
TABLES = 1000


def intervals(statistic: Statistic, scores: Floats, resamples: int = RESAMPLES) -> tuple[Floats, Floats]:
    """Low and high end of the 95 % interval of each number of a statistic; NaN for one that never varies.

    scores: `[..., seed, row, environment]`, of at least two seeds.
    resamples: of each environment's seeds, where they are too many to enumerate.
    """

    def resampled(one: int) -> Iterator[Floats]:
        """The statistic with the seeds of one environment resampled."""
        for chunk in _chunks(scores, resamples):
            yield statistic(np.where(np.arange(environments) == one, chunk, scores))

    seeds, _, environments = scores.shape[-3:]
    values = [np.concatenate(list(resampled(one))) for one in range(environments)]
    return _students(statistic(scores), np.stack(values, axis=-1), seeds)


def intervals_of_mean(
    by_environment: Statistic, scores: Floats, resamples: int = RESAMPLES
) -> tuple[Floats, Floats]:
    """`intervals` of a mean over environments, in a fraction of the time.

    An environment's part of the mean varies with its own seeds alone, so one resample serves all.

    by_environment: gives `[..., number, environment]`.
    """
    point = by_environment(scores).mean(axis=-1)
    values = np.concatenate([by_environment(chunk) for chunk in _chunks(scores, resamples)])
    return _students(point, values / scores.shape[-1], scores.shape[-3])


def _chunks(scores: Floats, resamples: int) -> Iterator[Floats]:
    """The scores with their seeds resampled: `[resample, ..., seed, row, environment]`, some at a time."""
    draws, size = resampled_seeds(scores.shape[-3], resamples), max(1, CHUNK // scores.size)
    for start in range(0, len(draws), size):
        yield np.moveaxis(scores.take(draws[start : start + size], axis=-3), -4, 0)


def _students(point: Floats, values: Floats, seeds: int) -> tuple[Floats, Floats]:
    """Student's interval around a point.

    values: with each environment's seeds resampled, `[resample, ..., environment]`.
    """
    # Less one of them, so that the variance of what never varies is exactly 0.
    variances = (values - values[0]).var(axis=0) * seeds / (seeds - 1)
    total = variances.sum(axis=-1)
    with np.errstate(invalid="ignore"):
        freedom = (seeds - 1) * total**2 / np.square(variances).sum(axis=-1)
        half = stdtrit(freedom, (1 + CONFIDENCE) / 2) * np.sqrt(total)
    return point - half, point + half


def percentile_intervals(statistic: Statistic, scores: Floats, resamples: int) -> tuple[Floats, Floats]:
    """The usual interval, for comparison: percentiles of a bootstrap stratified by environment.

    scores: `[seed, row, environment]`
    """
    seeds, _, environments = scores.shape
    draws = np.random.default_rng(0).integers(seeds, size=(resamples, seeds, environments))
    resampled = [scores[..., place].take(draws[..., place], axis=0) for place in range(environments)]
    tail = 50 * (1 - CONFIDENCE)
    values = statistic(np.stack(resampled, axis=-1))
    low, high = np.percentile(values, [tail, 100 - tail], axis=0)
    return low, high


def resampled_seeds(seeds: int, resamples: int) -> NDArray[np.int_]:
    """Draws with replacement of as many seeds as there are, `[resample, seed]`: all of them, or a sample."""
    if seeds <= ENUMERATED_SEEDS:
        return np.array(list(itertools.product(range(seeds), repeat=seeds)))
    return np.random.default_rng(0).integers(seeds, size=(resamples, seeds))


def simulated_scores(grid: Grid, experiments: int, seeds: int, random: np.random.Generator) -> Floats:
    """Scores that experiments of the same kind might have given, `[experiment, seed, row, environment]`.

    Gaussian, with the measured means, variances and, because rows share seeds, covariances between rows. The
    unconstrained row stays below the best measured run: it spreads because it collapses, and a Gaussian that
    spreads as far upwards would often set the scale, with returns that Reacher, for one, cannot give.
    """
    mean = grid.scores.mean(axis=0)
    deviations = (grid.scores - mean) / np.sqrt(len(grid.seeds) - 1)
    weights = random.standard_normal((experiments, seeds, len(grid.seeds), len(grid.environments)))
    simulated = np.asarray(mean + np.einsum("xske,kre->xsre", weights, deviations, optimize=True, order="C"))
    unconstrained = simulated[..., grid.settings.index(UNCONSTRAINED), :]
    np.minimum(unconstrained, grid.scores.max(axis=(0, 1)), out=unconstrained)
    return simulated


def coverage(by_environment: Statistic, grid: Grid) -> dict[str, Floats]:
    """How often 95 % intervals contain the true value, in simulated experiments with the grid's seeds.

    The true value is the statistic's mean over experiments with this number of seeds. Beyond three seeds
    these intervals are from fewer resamples than published ones, and so a little worse.

    by_environment: what the statistic is the mean of, `[..., number, environment]`.
    grid: of the paper's rows.

    Returns the shares of experiments with a right interval, for each number of the statistic, of `student`
    (ours) and `percentile` intervals.
    """

    def statistic(scores: Floats) -> Floats:
        return np.asarray(by_environment(scores).mean(axis=-1))

    seeds, random = len(grid.seeds), np.random.default_rng(1)
    truth = statistic(simulated_scores(grid, TABLES, seeds, random)).mean(axis=0)
    experiments = simulated_scores(grid, experiments_of(seeds), seeds, random)
    # Student's intervals resample each environment by itself, so fewer resamples are enough.
    student = intervals_of_mean(by_environment, experiments, resamples=40)
    percentile = zip(*(percentile_intervals(statistic, x, resamples=200) for x in experiments), strict=True)
    return {
        name: np.mean((np.array(low) <= truth) & (truth <= np.array(high)), axis=0)
        for name, (low, high) in (("student", student), ("percentile", percentile))
    }


def experiments_of(seeds: int) -> int:
    """How many experiments `coverage` simulates."""
    return max(SIMULATED_SEEDS // seeds, SIMULATED_SEEDS // 10)
