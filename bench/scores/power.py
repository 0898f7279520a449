"""What a number of seeds can tell: the width and coverage of intervals, and which differences are found.

All differences and widths are of the constrained settings, on the mean scale of tables of three seeds.
Coverage is of all of the paper's settings, on the scale of all our runs.
"""

from bisect import bisect_left
from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.special import ndtr, stdtrit

from bench.protocol.protocol import PAPER_SEEDS, PLANNED_SEEDS
from bench.protocol.settings import BASELINE, PAPER_SETTINGS
from bench.scores.estimates import (
    ALPHA,
    BISECTIONS,
    TAIL,
    estimate_improvement,
    estimate_iqm,
    estimate_mean,
    split_variance_of_one_run,
)
from bench.scores.scale import READINGS, Floats, Grid
from bench.scores.three_seeds import (
    CONSTRAINED,
    estimate_true_scores,
    find_paper_scores,
    normalize_by_three_seeds,
    simulate_noise,
)

SEEDS = (3, 5, 10, PLANNED_SEEDS, 50, 100)
GAPS = (0.02, 0.04, 0.06, 0.08, 0.10)
POWER = 0.8
# Holm's correction asks this of the smallest p among all pairs of the paper's settings.
CORRECTED = ALPHA / (len(PAPER_SETTINGS) * (len(PAPER_SETTINGS) - 1) / 2)
MOST_SEEDS = 10_000
# Simulated experiments of each pair of settings, for power.
POWER_EXPERIMENTS = 200

# Simulated experiments for coverage: the standard error of a share near 90 % is 0.7 points.
EXPERIMENTS = 2_000
# They are simulated in parts, which need little memory.
PARTS = 20
KINDS = ("gaussian", "capped", "skewed")
STATISTICS = ("score", "iqm", "improvement")
COVERAGE_COLUMNS = ("setting", "runs", "seeds", "experiments", *STATISTICS)
# The skewed runs are at least as skewed as an exponential distribution.
LEAST_SKEWNESS = 2.0


def tabulate_power(grid: Grid) -> pd.DataFrame:
    """What tables of some numbers of seeds can tell of the constrained settings, at their mean variance.

    Columns seeds; half_width (of a score's interval); detectable and detectable_corrected (the difference of
    two settings that a test at 0.05, or at 0.05 / 55, finds with a chance of 80 %); paper_gaps (how many of
    the paper's differences between two constrained settings are as large as detectable); best_first (in what
    share of simulated new tables the truly best setting comes first, our scores less noise taken as true);
    lead (by how much it is then truly ahead of the second).

    grid: of all settings that set the scale.
    """
    runs, truth, paper = _select_runs(grid), estimate_true_scores(grid), find_paper_scores(CONSTRAINED)
    noise = simulate_noise(grid, CONSTRAINED, READINGS[0], "theirs")
    # Of a score of one run an environment; and degrees of freedom for each seed beyond the first.
    parts = split_variance_of_one_run(runs)
    variance, freedom = parts.sum(axis=-1), parts.sum(axis=-1) ** 2 / (parts**2).sum(axis=-1)
    second, best = np.sort(truth)[-2:]
    gaps = np.round(np.abs(paper[:, None] - paper)[np.triu_indices(len(paper), 1)], 2)
    lines = []
    for seeds in sorted({*SEEDS, len(grid.seeds)} - {1}):
        first = (truth + np.sqrt(len(PAPER_SEEDS) / seeds) * noise).argmax(axis=1)
        found = find_detectable(runs, seeds, ALPHA)
        line = {
            "seeds": seeds,
            "half_width": stdtrit(freedom.mean() * (seeds - 1), TAIL) * np.sqrt(variance.mean() / seeds),
            "detectable": found,
            "detectable_corrected": find_detectable(runs, seeds, CORRECTED),
            "paper_gaps": (gaps >= found).sum(),
            "best_first": (first == truth.argmax()).mean(),
            "lead": best - second,
        }
        lines.append(line)
    return pd.DataFrame(lines)


def find_seeds_needed(grid: Grid) -> pd.DataFrame:
    """The fewest seeds that detect a gap: columns gap, seeds, seeds_corrected; NaN beyond ten thousand.

    grid: of all settings that set the scale.
    """
    runs = _select_runs(grid)
    columns = {
        name: [find_fewest_seeds(runs, gap, alpha) for gap in GAPS]
        for name, alpha in (("seeds", ALPHA), ("seeds_corrected", CORRECTED))
    }
    return pd.DataFrame({"gap": GAPS, **columns})


def find_fewest_seeds(runs: Floats, gap: float, alpha: float) -> float:
    """The fewest seeds that detect a gap as `find_detectable` says; NaN beyond ten thousand.

    They are found by bisection, because more seeds detect smaller gaps.
    """
    counts = range(MOST_SEEDS + 1)
    fewest = bisect_left(counts, True, lo=2, key=lambda seeds: find_detectable(runs, seeds, alpha) <= gap)
    return float(fewest) if fewest in counts else np.nan


def find_detectable(runs: Floats, seeds: int, alpha: float) -> float:
    """The difference of two settings' scores that Welch's test finds with a chance of 80 %.

    The mean over all pairs of settings, in simulated experiments of Gaussian runs with the measured
    variances: those that a test sees, and its degrees of freedom, vary from experiment to experiment. With
    three seeds that matters: the usual approximation of a noncentral t distribution (Colas et al. 2019), with
    the true variance's degrees of freedom, finds its difference with a chance of 75 % only. A difference with
    the wrong sign counts as not found.

    runs: `[setting, environment, run]`.
    """
    random = np.random.default_rng(6)
    parts = split_variance_of_one_run(runs) / seeds
    first, second = np.triu_indices(len(runs), 1)
    # Of each pair the variances of both settings in each environment, [pair, stratum].
    true = np.concatenate([parts[first], parts[second]], axis=1)
    seen = true * random.chisquare(seeds - 1, (POWER_EXPERIMENTS, *true.shape)) / (seeds - 1)
    variance = seen.sum(axis=-1)
    freedom = variance**2 / (seen**2 / (seeds - 1)).sum(axis=-1)
    least, error = stdtrit(freedom, 1 - alpha / 2) * np.sqrt(variance), np.sqrt(true.sum(axis=-1))
    low, high = 0.0, float(np.max(least + 3 * error))
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        is_found = ndtr((middle - least) / error).mean() >= POWER
        low, high = (low, middle) if is_found else (middle, high)
    return high


def _select_runs(grid: Grid) -> Floats:
    """The constrained settings' runs on the mean scale of three seeds, `[setting, environment, run]`."""
    return normalize_by_three_seeds(grid)[grid.find(CONSTRAINED)]


def simulate_coverage(grid: Grid) -> pd.DataFrame:
    """Coverage of the 95 % intervals in simulated experiments with our number of seeds.

    One line a setting and kind of runs: columns setting, runs, seeds, experiments, score, iqm, improvement.
    The last three are the shares of experiments whose interval contains the true value, which is the
    statistic's mean over all experiments. All are on the scale of our runs.

    Runs have the measured mean and standard deviation of each setting in each environment. Their distribution
    is Gaussian (gaussian); Gaussian, but no better than the best measured run of the environment (capped); or
    a gamma distribution (skewed) with the measured skewness, at least 2 in size, and with its tail towards
    bad runs where the measured skewness is 0.

    grid: of the paper's settings, with two runs or more of each in each environment.
    """
    runs, tables = grid.normalized(), []
    seeds = int(np.isfinite(runs).sum(axis=-1).min())
    baseline = grid.settings.index(BASELINE)
    for kind in KINDS:
        parts = [_estimate_all(part, baseline) for part in simulate_runs(runs, kind, seeds)]
        value, low, high = np.concatenate(parts, axis=2)
        truth = value.mean(axis=1, keepdims=True)
        covered = ((low <= truth) & (truth <= high)).mean(axis=1)
        covered[STATISTICS.index("improvement"), baseline] = np.nan
        columns = {"setting": grid.settings, "runs": kind, "seeds": seeds, "experiments": EXPERIMENTS}
        tables.append(pd.DataFrame({**columns, **dict(zip(STATISTICS, covered, strict=True))}))
    return pd.concat(tables, ignore_index=True)


def _estimate_all(experiments: Floats, baseline: int) -> Floats:
    """Value, low and high of all statistics, `[3, statistic, experiment, setting]`."""
    found = [
        np.stack([estimate.value, *estimate.interval])
        for estimate in (estimate_mean(experiments), estimate_iqm(experiments))
    ]
    over_baseline, _ = estimate_improvement(experiments, experiments[:, [baseline]])
    return np.stack([*found, over_baseline], axis=1)


def simulate_runs(runs: Floats, kind: str, seeds: int) -> Iterator[Floats]:
    """Runs of all experiments, part by part: `[experiment, setting, environment, seed]`.

    runs: the measured, `[setting, environment, run]`, at least two in each environment.
    kind: one of `KINDS`.
    """
    random, shape = np.random.default_rng(4), (EXPERIMENTS // PARTS, *runs.shape[:2], seeds)
    middle = np.nanmean(runs, axis=-1)[..., None]
    deviation = np.nanstd(runs, axis=-1, ddof=1)[..., None]
    if kind != "skewed":
        best = np.nanmax(runs, axis=(0, 2))[:, None] if kind == "capped" else np.inf
        for _ in range(PARTS):
            yield np.minimum(middle + deviation * random.standard_normal(shape), best)
        return
    with np.errstate(divide="ignore", invalid="ignore"):
        moment = np.nanmean(((runs - middle) / deviation) ** 3, axis=-1)[..., None]
    skewness = np.maximum(np.abs(np.nan_to_num(moment)), LEAST_SKEWNESS)
    sign = np.where(moment > 0, 1, -1)
    # A gamma distribution of shape k has mean k, variance k and skewness 2 / √k.
    k = 4 / skewness**2
    for _ in range(PARTS):
        yield middle + deviation * sign * ((random.standard_gamma(k, shape) - k) / np.sqrt(k))
