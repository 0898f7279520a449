"""The differences of settings scored and tested in other ways: whether they hang on ours."""

from itertools import combinations

import numpy as np
import pandas as pd

from bench.scores.estimates import Estimate, interquartile_mean, mean
from bench.scores.grid import Grid
from bench.scores.pairs import holm, middle_score, permutation_test
from bench.scores.scale import READINGS, Floats

MIDDLE, POOLED = "iqm_in_each_environment", "iqm_of_all_runs"
AREA, RANDOM, WITHOUT = "mean_over_time", "environments_at_random", "without_"


def robustness(grid: Grid, over_time: Grid) -> pd.DataFrame:
    """Every pair of settings in every way: columns way, setting, other, score, other_score, p, p_holm.

    Ways, of which the first is that of the published tests:

    - the four readings of the scale, such as uniform_run;
    - iqm_in_each_environment: the interquartile mean in each environment instead of the mean;
    - iqm_of_all_runs: the interquartile mean of all runs of a setting;
    - mean_over_time: the mean return over all timesteps instead of that of the last 100 episodes;
    - without_…: an environment left out;
    - environments_at_random: they stand for others, so that a setting has one value an environment.

    p: of the permutation test; for the interquartile mean of all runs of Welch's test with Yuen's variance;
    for environments at random of Student's test of paired values. p_holm: corrected for all pairs of the way.

    grid, over_time: of the scores, and of the mean returns over time; every setting has all runs.
    """
    pairs = list(combinations(range(len(grid.settings)), 2))
    first, second = np.transpose(pairs)
    runs = grid.normalized()
    linear = {str(reading): grid.normalized(reading) for reading in READINGS}
    linear |= {AREA: over_time.normalized()}
    linear |= {f"{WITHOUT}{name}": without(runs, place) for place, name in enumerate(grid.environments)}
    every = np.stack(list(linear.values()))
    # All at once, because the permutations are the same.
    p = permutation_test(*(every[:, chosen].reshape(-1, *runs.shape[1:]) for chosen in (first, second)))
    tested = {
        way: (mean(values).value, each)
        for (way, values), each in zip(linear.items(), p.reshape(len(linear), -1), strict=True)
    }
    pooled, means = interquartile_mean(runs), runs.mean(axis=-1)
    tested |= {
        MIDDLE: (middle_score(runs), permutation_test(runs[first], runs[second], middle=True)),
        POOLED: (pooled.value, (pooled[first] - pooled[second]).p),
        RANDOM: (means.mean(axis=-1), paired(means[first] - means[second]).p),
    }
    names = np.array(grid.settings)
    tables = [
        pd.DataFrame({"way": way, "setting": names[first], "other": names[second]}).assign(
            score=scores[first], other_score=scores[second], p=each, p_holm=holm(each)
        )
        for way, (scores, each) in tested.items()
    ]
    return pd.concat(tables, ignore_index=True)


def without(runs: Floats, environment: int) -> Floats:
    """Runs whose mean over environments is that over the others. runs: `[setting, environment, run]`."""
    count = runs.shape[1]
    kept = np.arange(count) != environment
    return np.asarray(runs * np.where(kept, count / (count - 1), 0)[:, None])


def paired(differences: Floats) -> Estimate:
    """The mean of differences in environments that stand for others. differences: `[pair, environment]`."""
    count = differences.shape[-1]
    variance = differences.var(axis=-1, ddof=1) / count
    return Estimate(differences.mean(axis=-1), variance, variance**2 / (count - 1))


def seeds_left_out(grid: Grid) -> pd.DataFrame:
    """The table without one seed, each on its own scale: columns seed, setting, score, rank (1 is first)."""
    tables = []
    for place, seed in enumerate(grid.seeds):
        returns = np.delete(grid.returns, place, axis=-1)
        zero, best = grid.zero(READINGS[0]), returns.max(axis=(0, 2))
        scores = ((returns.mean(axis=-1) - zero) / np.abs(best - zero)).mean(axis=-1)
        columns = {"score": scores, "rank": 1 + (-scores).argsort().argsort()}
        tables.append(pd.DataFrame({"seed": seed, "setting": grid.settings, **columns}))
    return pd.concat(tables, ignore_index=True)
