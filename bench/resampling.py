"""How sure a statistic of the table is: intervals from resampled seeds, and how often they are right.

Rows share their seeds, so an environment's seeds are resampled jointly for all rows, and the best run is
sought anew among the resampled ones. Environments share nothing, so each is resampled by itself, and the
variances add. With three seeds the percentiles of resamples are far too narrow; the interval is therefore
Student's, with each environment's variance enlarged by n / (n - 1), which makes it the usual one where the
statistic is a mean, and with Welch's and Satterthwaite's degrees of freedom.
"""

import itertools

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from bench.grid import Floats, Grid, Statistic

CONFIDENCE = 0.95
# Up to so many seeds all resamples are enumerated; beyond, so many are drawn.
ENUMERATED_SEEDS = 4
RESAMPLES = 200
# So many resamples, in as many simulated experiments as that makes, are behind a stated coverage.
SIMULATED_RESAMPLES = 8_000


def intervals(statistic: Statistic, scores: Floats) -> tuple[Floats, Floats]:
    """Low and high end of the 95 % interval of each number of a statistic.

    scores: `[seed, row, environment]`, of at least two seeds.
    """
    seeds, _, environments = scores.shape
    draws = resampled_seeds(seeds)
    variances = []
    for environment in range(environments):
        resampled = np.repeat(scores[None], len(draws), axis=0)
        resampled[..., environment] = scores[draws][..., environment]
        variances.append(statistic(resampled).var(axis=0) * seeds / (seeds - 1))
    total = np.sum(variances, axis=0)
    with np.errstate(invalid="ignore"):  # a row compared with itself does not vary
        freedom = (seeds - 1) * total**2 / np.sum(np.square(variances), axis=0)
        half = np.where(total > 0, stdtrit(freedom, (1 + CONFIDENCE) / 2) * np.sqrt(total), 0.0)
    point = statistic(scores)
    return point - half, point + half


def percentile_intervals(statistic: Statistic, scores: Floats) -> tuple[Floats, Floats]:
    """The usual bootstrap's interval, for comparison: percentiles over resamples of all environments."""
    values = statistic(scores[resampled_seeds(len(scores))])
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(values, [tail, 100 - tail], axis=0)
    return low, high


def resampled_seeds(seeds: int) -> NDArray[np.int_]:
    """Draws with replacement of as many seeds as there are, `[resample, seed]`: all of them, or a sample."""
    if seeds <= ENUMERATED_SEEDS:
        return np.array(list(itertools.product(range(seeds), repeat=seeds)))
    return np.random.default_rng(0).integers(seeds, size=(RESAMPLES, seeds))


def simulated_scores(scores: Floats, experiments: int, seeds: int, random: np.random.Generator) -> Floats:
    """Scores that experiments of the same kind might have given, `[experiment, seed, row, environment]`.

    Gaussian, with the measured means, variances and, because rows share seeds, covariances between rows.
    """
    mean = scores.mean(axis=0)
    deviations = (scores - mean) / np.sqrt(len(scores) - 1)
    weights = random.standard_normal((experiments, seeds, len(scores), scores.shape[-1]))
    return mean + np.einsum("xske,kre->xsre", weights, deviations)


def coverage(grid: Grid, statistic: Statistic) -> dict[str, float]:
    """How often 95 % intervals from so many seeds contain what they are for, in simulated experiments.

    What they are for is the mean of the statistic over many experiments with as many seeds.

    Returns the shares over experiments and rows, for `student` (ours) and `percentile` intervals.
    """
    seeds = len(grid.seeds)
    count = SIMULATED_RESAMPLES // len(resampled_seeds(seeds))
    experiments = simulated_scores(grid.scores, count, seeds, np.random.default_rng(1))
    truth = statistic(experiments).mean(axis=0)
    shares = {}
    for name, method in (("student", intervals), ("percentile", percentile_intervals)):
        bounds = np.array([method(statistic, scores) for scores in experiments])
        shares[name] = float(np.mean((bounds[:, 0] <= truth) & (truth <= bounds[:, 1])))
    return shares
