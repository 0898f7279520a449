"""How often 95 % intervals contain the true value, in simulated experiments with as many seeds as ours."""

import numpy as np
import pandas as pd

from bench.protocol.settings import BASELINE
from bench.scores.estimates import improvement, interquartile_mean, mean
from bench.scores.grid import Grid
from bench.scores.scale import Floats

# The standard error of a share near 90 % is 0.7 points.
EXPERIMENTS = 2_000
PARTS = 4
KINDS = ("gaussian", "capped", "skewed")
STATISTICS = ("score", "iqm", "improvement")
IMPROVEMENT = STATISTICS.index("improvement")
COLUMNS = ("setting", "runs", "seeds", "experiments", *STATISTICS)
# The skewed runs are at least as skewed as an exponential distribution.
LEAST_SKEWNESS = 2.0


def coverage(grid: Grid) -> pd.DataFrame:
    """By setting and kind of runs: columns setting, runs, seeds, experiments, score, iqm, improvement.

    The last three are the shares of experiments whose interval contains the true value, which is the
    statistic's mean over all experiments. The scale is that of our runs in all.

    Runs have the measured mean and standard deviation of each setting in each environment. They are Gaussian;
    or so, but no better than the best measured run of the environment; or a gamma distribution of the
    measured skewness, and of 2 in size at least, towards bad runs where the measured is 0.
    """
    runs, tables = grid.normalized(), []
    seeds = int(np.isfinite(runs).sum(axis=-1).min())
    baseline = grid.settings.index(BASELINE)
    for kind in KINDS:
        # In parts, which stay in the processor's caches.
        parts = np.split(simulated_runs(runs, kind, seeds), PARTS)
        value, low, high = np.concatenate([_estimates(part, baseline) for part in parts], axis=2)
        truth = value.mean(axis=1, keepdims=True)
        covered = ((low <= truth) & (truth <= high)).mean(axis=1)
        covered[IMPROVEMENT, baseline] = np.nan
        columns = {"setting": grid.settings, "runs": kind, "seeds": seeds, "experiments": EXPERIMENTS}
        tables.append(pd.DataFrame({**columns, **dict(zip(STATISTICS, covered, strict=True))}))
    return pd.concat(tables, ignore_index=True)


def _estimates(experiments: Floats, baseline: int) -> Floats:
    """Value, low and high of all statistics, `[3, statistic, experiment, setting]`."""
    found = [
        np.stack([estimate.value, *estimate.interval])
        for estimate in (mean(experiments), interquartile_mean(experiments))
    ]
    over_baseline, _ = improvement(experiments, experiments[:, [baseline]])
    return np.stack([*found, over_baseline], axis=1)


def simulated_runs(runs: Floats, kind: str, seeds: int) -> Floats:
    """Runs of experiments, `[experiment, setting, environment, seed]`.

    runs: the measured, `[setting, environment, run]`, at least two in each environment.
    kind: one of `KINDS`.
    """
    random, shape = np.random.default_rng(4), (EXPERIMENTS, *runs.shape[:2], seeds)
    middle = np.nanmean(runs, axis=-1)[..., None]
    deviation = np.nanstd(runs, axis=-1, ddof=1)[..., None]
    if kind != "skewed":
        simulated = middle + deviation * random.standard_normal(shape)
        best = np.nanmax(runs, axis=(0, 2))[:, None]
        return np.minimum(simulated, best) if kind == "capped" else simulated
    with np.errstate(divide="ignore", invalid="ignore"):
        moment = np.nanmean(((runs - middle) / deviation) ** 3, axis=-1)[..., None]
    skewness = np.maximum(np.abs(np.nan_to_num(moment)), LEAST_SKEWNESS)
    sign = np.where(moment > 0, 1, -1)
    # A gamma distribution of shape k has mean k, variance k and skewness 2 / √k.
    shape_parameter = 4 / skewness**2
    standard = (random.standard_gamma(shape_parameter, shape) - shape_parameter) / np.sqrt(shape_parameter)
    return middle + deviation * sign * standard
