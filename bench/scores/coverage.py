"""How often 95 % intervals contain the true value, in simulated experiments with as many seeds as ours."""

import numpy as np
import pandas as pd

from bench.protocol.settings import BASELINE
from bench.scores.estimates import improvement, interquartile_mean, mean
from bench.scores.grid import Grid
from bench.scores.scale import Floats

EXPERIMENTS = 500
KINDS = ("gaussian", "capped", "skewed")
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
        experiments = simulated_runs(runs, kind, seeds)
        shares = {
            name: _covered(*estimate.interval, estimate.value)
            for name, estimate in (
                ("score", mean(experiments)),
                ("iqm", interquartile_mean(experiments)),
            )
        }
        (value, low, high), _ = improvement(experiments, experiments[:, [baseline]])
        shares["improvement"] = np.where(np.arange(len(runs)) == baseline, np.nan, _covered(low, high, value))
        columns = {"setting": grid.settings, "runs": kind, "seeds": seeds, "experiments": EXPERIMENTS}
        tables.append(pd.DataFrame({**columns, **shares}))
    return pd.concat(tables, ignore_index=True)


def _covered(low: Floats, high: Floats, value: Floats) -> Floats:
    """The share of experiments that contain the mean of all, `[setting]`. All are `[experiment, setting]`."""
    truth = value.mean(axis=0)
    return ((low <= truth) & (truth <= high)).mean(axis=0)


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
