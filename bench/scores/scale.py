"""Normalized scores: from the runs' scores to the numbers of Table 1.

Per environment, scores are shifted and scaled so that the random policy scores 0 and the best result 1, then
averaged over all runs of a row (PPO paper, section 6.1). The paper leaves open which random policy and which
best result.
"""

from typing import Literal

import numpy as np
import pandas as pd

from bench.common.errors import UserError
from bench.protocol.protocol import UNIFORM, UNTRAINED
from bench.protocol.settings import PAPER_SETTINGS, in_table_order

Random = Literal["uniform", "untrained"]
Best = Literal["run", "row_mean"]

READINGS: tuple[tuple[Random, Best], ...] = (
    ("uniform", "run"),
    ("uniform", "row_mean"),
    ("untrained", "run"),
    ("untrained", "row_mean"),
)
"""All readings of "random" and "best"; the first is the default."""


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
    direction: random still scores 0, and more is better. Where the best result equals the random policy's,
    the score is NaN.
    """
    zero = references[f"random_{random}"]
    span = (references[f"best_{best}"] - zero).abs().replace(0, np.nan)
    shifted = scores["score"] - scores["environment"].map(zero)
    return scores.assign(normalized=shifted / scores["environment"].map(span))


def row_scores(normalized: pd.DataFrame) -> pd.DataFrame:
    """Score and number of runs of each row.

    Returns columns score, runs, diverged, indexed by setting in the table's order.
    """
    rows = normalized.groupby("setting").agg(
        score=("normalized", "mean"), runs=("normalized", "size"), diverged=("diverged", "sum")
    )
    return rows.reindex(in_table_order(rows.index))


def uniform_scores(random_scores: pd.DataFrame) -> pd.Series:
    """What uniform actions score, by environment. random_scores: columns environment, policy, score."""
    return random_scores[random_scores["policy"] == UNIFORM].set_index("environment")["score"]


def returns(normalized: pd.DataFrame) -> pd.DataFrame:
    """Every row in every environment: columns environment, setting, runs, mean, std, normalized.

    mean, std: of the returns over seeds; std is NaN with one seed.
    normalized: mean of the normalized scores.
    """
    table = normalized.groupby(["environment", "setting"], as_index=False).agg(
        runs=("score", "size"),
        mean=("score", "mean"),
        std=("score", "std"),
        normalized=("normalized", "mean"),
    )
    order = {setting: place for place, setting in enumerate(in_table_order(table["setting"]))}
    place = table["setting"].map(order)
    return table.assign(place=place).sort_values(["environment", "place"]).drop(columns="place")


def readings(scores: pd.DataFrame, references: pd.DataFrame) -> pd.DataFrame:
    """The rows' scores under all four readings of "random" and "best", columns such as `uniform_run`."""
    return pd.DataFrame(
        {
            f"{random}_{best}": row_scores(normalize(scores, references, random, best))["score"]
            for random, best in READINGS
        }
    )
