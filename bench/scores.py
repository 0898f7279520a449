"""Normalized scores: from the runs' scores to the numbers of Table 1.

Per environment, scores are shifted and scaled so that the random policy scores 0 and the best result 1, then
averaged over all runs of a row (PPO paper, section 6.1). The paper leaves open which random policy and which
best result.
"""

from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from bench.errors import UserError
from bench.protocol import PAPER_SETTINGS, SETTINGS, UNIFORM, UNTRAINED

Random = Literal["uniform", "untrained"]
Best = Literal["run", "row_mean"]

READINGS: tuple[tuple[Random, Best], ...] = (
    ("uniform", "run"),
    ("uniform", "row_mean"),
    ("untrained", "run"),
    ("untrained", "row_mean"),
)
"""All readings of "random" and "best"; the first is the default."""

CONFIDENCE = 0.95


def references(scores: pd.DataFrame, random_scores: pd.DataFrame) -> pd.DataFrame:
    """What scores 0 and 1 in each environment, under every reading.

    scores: columns environment, setting, seed, score.
    random_scores: columns environment, policy, score.

    Returns columns random_uniform, random_untrained, best_run, best_row_mean, indexed by environment. "Best"
    is taken over the paper's rows only, so that adding a row leaves the others' scores alone.

    Raises:
        UserError: when random policies were not measured, or none of the paper's rows was run.
    """
    environments = sorted(scores["environment"].unique())
    random = random_scores.pivot(index="environment", columns="policy", values="score")
    random = random.reindex(index=environments, columns=[UNIFORM, UNTRAINED])
    paper_scores = scores[scores["setting"].isin(PAPER_SETTINGS)]
    row_means = paper_scores.groupby(["environment", "setting"])["score"].mean()
    table = pd.DataFrame(
        {
            "random_uniform": random[UNIFORM],
            "random_untrained": random[UNTRAINED],
            "best_run": paper_scores.groupby("environment")["score"].max(),
            "best_row_mean": row_means.groupby("environment").max(),
        }
    ).rename_axis("environment")
    unknown = table.columns[table.isna().any()].tolist()
    if unknown:
        environment = table.index[table.isna().any(axis=1)][0]
        raise UserError(f"{environment} cannot be normalized: no {' or '.join(unknown)} measured")
    return table


def normalize(
    scores: pd.DataFrame,
    references: pd.DataFrame,
    random: Random = "uniform",
    best: Best = "run",
) -> pd.DataFrame:
    """The scores with a further column `normalized`.

    Where even the best result is worse than random (after a few thousand steps, say), the scale keeps its
    direction: random still scores 0, and more is better. Where the best is random's, there is no score.
    """
    zero = references[f"random_{random}"]
    span = (references[f"best_{best}"] - zero).abs().replace(0, np.nan)
    shifted = scores["score"] - scores["environment"].map(zero)
    return scores.assign(normalized=shifted / scores["environment"].map(span))


def row_scores(normalized: pd.DataFrame) -> pd.DataFrame:
    """Score, interval and number of runs of each row.

    Returns columns score, ci_low, ci_high, runs, diverged, indexed by setting in the table's order.
    The interval is Student's, over seeds: a seed's score is its mean over the environments, and seeds are
    independent. It takes random and best as given; a row with one seed, or an incomplete one, has none.
    """
    rows = {}
    for setting in SETTINGS:
        row = normalized[normalized["setting"] == setting]
        if row.empty:
            continue
        by_seed = row.pivot(index="seed", columns="environment", values="normalized")
        low, high = (np.nan, np.nan) if by_seed.isna().any(axis=None) else interval(by_seed.mean(axis=1))
        rows[setting] = {
            "score": row["normalized"].mean(),
            "ci_low": low,
            "ci_high": high,
            "runs": len(row),
            "diverged": int(row["diverged"].sum()),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("setting")


def interval(samples: pd.Series) -> tuple[float, float]:
    """Student's 95 % interval of the mean of independent samples; NaN for fewer than two."""
    if len(samples) < 2:
        return np.nan, np.nan
    half = stdtrit(len(samples) - 1, (1 + CONFIDENCE) / 2) * samples.sem()
    return samples.mean() - half, samples.mean() + half


def readings(scores: pd.DataFrame, references: pd.DataFrame) -> pd.DataFrame:
    """The rows' scores under all four readings of "random" and "best", columns such as `uniform_run`."""
    return pd.DataFrame(
        {
            f"{random}_{best}": row_scores(normalize(scores, references, random, best))["score"]
            for random, best in READINGS
        }
    )
