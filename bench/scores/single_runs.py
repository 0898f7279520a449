"""The runs of one setting in one environment: their returns, outliers, and whether they part into groups."""

import math
from typing import Any

import numpy as np
import pandas as pd

from bench.protocol.settings import PAPER_SETTINGS
from bench.scores.estimates import correct_by_holm, estimate_mean, split_variance
from bench.scores.scale import Floats, Grid

# Beyond this modified z-score a run is an outlier (Iglewicz and Hoaglin 1993).
FAR = 3.5
# Below this distance on the scale of the table it is none, however alike the others are.
LEAST_DISTANCE = 0.1
# A median of fewer runs says little about where the others lie.
LEAST_RUNS = 5
# Each side of a gap has at least this share of the runs: fewer are outliers, not a group.
LEAST_SHARE = 0.2
GAP_COLUMNS = [
    *("environment", "setting", "below", "above", "low", "high"),
    *("share", "p", "p_holm", "apart_since"),
]


def tabulate_returns(scores: pd.DataFrame, grid: Grid) -> pd.DataFrame:
    """Every setting in every environment: environment, setting, runs, and what follows.

    mean, std: of the returns. normalized: mean of the normalized scores. variance_share: of the variance
    of the setting's score. score_without: the setting's score over the other environments.

    scores: those of the table, as `bench.scores.scale.score_runs` has them.
    grid: of these runs, and maybe of others.
    """
    table = scores.groupby(["environment", "setting"]).agg(
        runs=("score", "size"),
        mean=("score", "mean"),
        std=("score", "std"),
        normalized=("normalized", "mean"),
    )
    runs = grid.normalized()
    parts = split_variance(runs)
    with np.errstate(invalid="ignore"):
        shares = parts / parts.sum(axis=-1, keepdims=True)
    without = [estimate_mean(np.delete(runs, index, axis=1)).value for index in range(runs.shape[1])]
    index = pd.MultiIndex.from_product([grid.environments, grid.settings], names=table.index.names)
    columns = {"variance_share": shares.T.flat, "score_without": np.concatenate(without)}
    whole = table.join(pd.DataFrame(columns, index))
    return whole.loc[index.intersection(table.index, sort=False)].reset_index()


def find_outliers(scores: pd.DataFrame) -> pd.DataFrame:
    """Those of the runs that are outliers, with further columns median and z.

    z: 0.6745 (x - median) / MAD, with the median absolute deviation of the runs of the setting in the
        environment; infinite where that is 0.

    scores: columns environment, setting, seed, normalized.
    """
    runs = scores.groupby(["environment", "setting"])["normalized"]
    medians = runs.transform("median")
    distances = scores["normalized"] - medians
    deviations = distances.abs().groupby([scores["environment"], scores["setting"]]).transform("median")
    with np.errstate(divide="ignore", invalid="ignore"):
        z = 0.6745 * distances / deviations
    far = (z.abs() > FAR) & (distances.abs() > LEAST_DISTANCE) & (runs.transform("size") >= LEAST_RUNS)
    return scores.assign(median=medians, z=z)[far]


def find_gaps(scores: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """The widest gap between the sorted runs of a setting that leaves a fifth of them on either side.

    Columns environment, setting, below and above (runs on either side), low and high (the returns at the
    gap's ends), share (of the range of all runs), p, p_holm (corrected for all lines of the paper's
    settings, or for all others), apart_since (the timesteps from which on every run above returned more than
    any below). Fewer than five runs have no line.

    p: the chance of so wide a gap were the runs evenly spread, which is to say uniform between the least and
    the greatest; NaN where all runs are equal. It is exact: see `find_chance`. This is no test against every
    distribution with one peak: a narrow peak with a long tail has such gaps more often.

    scores: columns environment, setting, seed, score. lines: columns environment, setting, seed, timesteps,
    return_last100.
    """
    found = []
    logs = dict(iter(lines.groupby(["environment", "setting"])))
    for key, runs in scores.groupby(["environment", "setting"]):
        if len(runs) < LEAST_RUNS:
            continue
        gap = find_widest_gap(runs["score"].to_numpy())
        upper = set(runs["seed"][runs["score"] >= gap["high"]])
        found.append((*key, *gap.values(), find_separation(logs[key], upper)))
    table = pd.DataFrame(found, columns=[name for name in GAP_COLUMNS if name != "p_holm"])
    families = table["p"].astype(float).groupby(table["setting"].isin(PAPER_SETTINGS))
    corrected = families.transform(lambda p: correct_by_holm(p.to_numpy()))
    return table.assign(p_holm=corrected)[GAP_COLUMNS]


def find_widest_gap(returns: Floats) -> dict[str, Any]:
    """below, above, low, high, share and p of `find_gaps`. returns: `[run]`, at least two."""
    ordered, count = np.sort(returns), len(returns)
    least = math.ceil(LEAST_SHARE * count)
    inner = np.diff(ordered)[least - 1 : count - least]
    below, span = least + int(inner.argmax()), ordered[-1] - ordered[0]
    share = float(inner.max() / span) if span > 0 else np.nan
    return {
        "below": below,
        "above": count - below,
        "low": ordered[below - 1],
        "high": ordered[below],
        "share": share,
        "p": find_chance(share, len(inner), count),
    }


def find_chance(share: float, inner: int, count: int) -> float:
    """The chance that one of some gaps between uniform runs is wider than a share of their range.

    By inclusion and exclusion: j given gaps are all wider than a share g with probability (1 - j g)^(n - 2),
    because the n - 1 gaps are distributed as Dirichlet's with all parameters 1 (Pyke 1965).

    inner: how many of the n - 1 gaps are looked at. count: n, the runs.
    """
    if math.isnan(share):
        return np.nan
    # In whole numbers, because the terms are large, and cancel.
    wide, span = share.as_integer_ratio()
    ways = sum(
        (-1) ** (j + 1) * math.comb(inner, j) * (span - j * wide) ** (count - 2)
        for j in range(1, inner + 1)
        if j * wide < span
    )
    return float(ways / span ** (count - 2))


def find_separation(log: pd.DataFrame, upper: set[int]) -> float:
    """The timesteps from which on all these seeds return more than any other; NaN if they never do.

    log: columns seed, timesteps, return_last100.
    """
    returns = log.pivot(index="timesteps", columns="seed", values="return_last100")
    above = returns.columns.isin(upper)
    apart = returns.loc[:, above].min(axis=1) > returns.loc[:, ~above].max(axis=1)
    to_the_end = apart[::-1].cummin()
    return float(to_the_end.index[to_the_end].min())
