"""Whether the runs of a setting in an environment part into two groups: the widest gap between them."""

import math
from typing import Any

import numpy as np
import pandas as pd

from bench.protocol.settings import PAPER_SETTINGS
from bench.scores.outliers import LEAST_RUNS
from bench.scores.pairs import holm
from bench.scores.scale import Floats

# Each side of the gap has at least this share of the runs: fewer are outliers, not a group.
LEAST_SHARE = 0.2
COLUMNS = [
    *("environment", "setting", "below", "above", "low", "high"),
    *("share", "p", "p_holm", "apart_since"),
]


def gaps(scores: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """The widest gap between the sorted runs of a setting that leaves a fifth of them on either side.

    Columns environment, setting, below and above (runs on either side), low and high (the returns at the
    gap's ends), share (of the range of all runs), p, p_holm (corrected for all lines of the paper's
    settings, or for all others), apart_since (the timesteps from which on every run above returned more than
    any below). Fewer than five runs have no line.

    p: the chance of so wide a gap were the runs evenly spread, which is to say uniform between the least and
    the greatest; NaN where all runs are equal. It is exact: see `even_gap`. This is no test against every
    distribution with one peak: a narrow peak with a long tail has such gaps more often.

    scores: columns environment, setting, seed, score. lines: columns environment, setting, seed, timesteps,
    return_last100.
    """
    found = []
    logs = dict(iter(lines.groupby(["environment", "setting"])))
    for key, runs in scores.groupby(["environment", "setting"]):
        if len(runs) < LEAST_RUNS:
            continue
        line = widest_gap(runs["score"].to_numpy())
        upper = set(runs["seed"][runs["score"] >= line["high"]])
        line["apart_since"] = apart_since(logs[key], upper)
        found.append({"environment": key[0], "setting": key[1], **line})
    table = pd.DataFrame(found, columns=COLUMNS)
    families = table["p"].astype(float).groupby(table["setting"].isin(PAPER_SETTINGS))
    return table.assign(p_holm=families.transform(lambda p: holm(p.to_numpy())))


def widest_gap(returns: Floats) -> dict[str, Any]:
    """below, above, low, high, share and p of `gaps`. returns: `[run]`, at least two."""
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
        "p": even_gap(share, len(inner), count),
    }


def even_gap(share: float, inner: int, count: int) -> float:
    """The chance that one of some gaps between uniform runs is wider than a share of their range.

    By inclusion and exclusion: j given gaps are all wider than a share g with probability (1 - j g)^(n - 2),
    because the n - 1 gaps are distributed as Dirichlet's with all parameters 1 (Pyke 1965).

    inner: how many of the n - 1 gaps are looked at. count: n, the runs.
    """
    if math.isnan(share):
        return np.nan
    terms = (
        (-1) ** (j + 1) * math.comb(inner, j) * (1 - j * share) ** (count - 2)
        for j in range(1, inner + 1)
        if j * share < 1
    )
    return min(1.0, max(0.0, math.fsum(terms)))


def apart_since(log: pd.DataFrame, upper: set[int]) -> float:
    """The timesteps from which on all these seeds return more than any other; NaN if they never do."""
    returns = log.pivot(index="timesteps", columns="seed", values="return_last100")
    above = returns.columns.isin(upper)
    apart = (returns.loc[:, above].min(axis=1) > returns.loc[:, ~above].max(axis=1)).to_numpy()
    together = np.flatnonzero(~apart)
    first = together[-1] + 1 if len(together) else 0
    return float(returns.index[first]) if first < len(returns) else np.nan
