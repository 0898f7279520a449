"""The scale: the returns that score 0 and 1 in each environment, and what they depend on.

Per environment, scores are shifted and scaled so that the random policy scores 0 and the best result 1, then
averaged over all runs of a setting (PPO paper, section 6.1). The paper's "initial random policy" can be read
as uniform actions or as the untrained policy, and its best result as a run or as a setting's mean. The best
of more runs is better, so positive scores of more seeds are lower: tables of different numbers of seeds are
compared by their scores as of three seeds.
"""

from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.common.errors import UserError
from bench.protocol.protocol import PAPER_SEEDS, UNIFORM, UNTRAINED
from bench.protocol.settings import PAPER_SETTINGS

Floats = NDArray[np.float64]


class Reading(NamedTuple):
    """What is taken for the paper's "random policy" and for its "best result"."""

    random: Literal["uniform", "untrained"]
    best: Literal["run", "setting_mean"]

    def __str__(self) -> str:
        return f"{self.random}_{self.best}"


READINGS = (
    Reading("uniform", "run"),
    Reading("uniform", "setting_mean"),
    Reading("untrained", "run"),
    Reading("untrained", "setting_mean"),
)
"""All readings; the first is the default."""


def scale_of(scores: pd.DataFrame, random_scores: pd.DataFrame) -> pd.DataFrame:
    """What scores 0 and 1 in each environment, under every reading.

    scores: columns environment, setting, seed, score.
    random_scores: columns environment, policy, score, standard_error.

    Returns columns random_uniform, random_untrained and their standard errors (`…_error`), best_run,
    best_setting_mean, indexed by environment. "Best" is taken over the paper's settings only, so that adding
    a setting leaves the others' scores alone.

    Raises:
        UserError: when random policies were not measured, or none of the paper's settings was run.
    """
    random = random_scores.pivot(index="environment", columns="policy", values=["score", "standard_error"])
    paper = scores[scores["setting"].isin(PAPER_SETTINGS)]
    means = paper.groupby(["environment", "setting"])["score"].mean()
    columns = {
        f"random_{policy}{suffix}": random.get((column, policy), pd.Series(dtype=float))
        for column, suffix in (("score", ""), ("standard_error", "_error"))
        for policy in (UNIFORM, UNTRAINED)
    }
    best = {
        "best_run": paper.groupby("environment")["score"].max(),
        "best_setting_mean": means.groupby("environment").max(),
    }
    environments = pd.Index(sorted(scores["environment"].unique()), name="environment")
    table = pd.DataFrame({**columns, **best}).reindex(environments).astype(float)
    ends = table.drop(columns=[name for name in table if name.endswith("_error")])
    unknown = ends.columns[ends.isna().any()].tolist()
    if unknown:
        environment = ends.index[ends.isna().any(axis=1)][0]
        raise UserError(f"{environment} cannot be normalized: no {' or '.join(unknown)} measured")
    return table


def uniform_scores(random_scores: pd.DataFrame) -> pd.Series:
    """What uniform actions score, by environment. random_scores: columns environment, policy, score."""
    return random_scores[random_scores["policy"] == UNIFORM].set_index("environment")["score"]


def normalize(values: pd.Series, scale: pd.DataFrame, reading: Reading = READINGS[0]) -> pd.Series:
    """Returns on the scale.

    values: indexed by environment, not uniquely.

    Where even the best result is worse than random (after a few thousand steps, say), the scale keeps its
    direction: random still scores 0, and more is better. Where the best result equals the random policy's,
    the score is NaN.
    """
    zero = scale[f"random_{reading.random}"]
    span = (scale[f"best_{reading.best}"] - zero).abs().replace(0, np.nan)
    return (values - zero[values.index].to_numpy()) / span[values.index].to_numpy()


def of_three(scores: Floats, paper: NDArray[np.bool_], zero: Floats, reading: Reading) -> tuple[Floats, ...]:
    """Scores in one environment as tables of three seeds have them: the exact mean over all such tables.

    Each subset of three seeds sets its own scale. Environments share nothing, so the mean of these scores
    over environments is the mean over all choices of three seeds in each.

    scores: returns, `[setting, seed]`, NaN where there is no run. Seeds that lack one of the paper's settings
        are left out.
    paper: which of the settings set the scale.
    zero: what scores 0, `[]`.

    Returns scores `[setting]`, and what scores 1 in each subset, `[subset]`. They are NaN with fewer than
    three seeds, or without any of the paper's settings.
    """
    scores = scores[:, np.isfinite(scores[paper]).all(axis=0)]
    subsets = np.array(list(combinations(range(scores.shape[1]), len(PAPER_SEEDS))))
    if not len(subsets) or not paper.any():
        return np.full(len(scores), np.nan), np.full(1, np.nan)
    # One seed after the other, because a sum along three numbers is slow and its order is not ours.
    first, *others = (scores[:, seeds] for seeds in subsets.T)
    means = sum(others, first) / len(PAPER_SEEDS)
    results = np.maximum.reduce([first, *others]) if reading.best == "run" else means
    best = results[paper].max(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return ((means - zero) / np.abs(best - zero)).mean(axis=1), best
