"""What pages tell of our table beside the paper's, and beside its Figure 3."""

from typing import Any

import pandas as pd

from bench.protocol.environments import version_of
from bench.protocol.settings import UNCONSTRAINED
from bench.report.formats import format_reading
from bench.scores.analysis import Analysis
from bench.scores.estimates import ALPHA
from bench.scores.paper import DIFFERENCE, PEARSON, SPEARMAN
from bench.scores.scale import READINGS
from bench.scores.three_seeds import CONSTRAINED

# A measure that a larger share of flat tables passes cannot tell a replication from equal settings.
MOST_FLAT = 0.2


def describe_paper(analysis: Analysis) -> dict[str, Any] | None:
    """Prediction intervals, likeness, and whether settings differ at all; None of fewer than three seeds."""
    if analysis.predictions.empty:
        return None
    predictions, readings = analysis.predictions, inside_by_reading(analysis)
    agreement = analysis.agreement.sort_values("measure", kind="stable")
    first = agreement[agreement["reading"] == str(READINGS[0])].set_index("measure")
    informative = first["flat_passes"] <= MOST_FLAT
    failing = agreement[~agreement["passes"]]
    heterogeneity = analysis.heterogeneity.replace({"table": {"paper": "the paper's"}})
    return {
        "readings": readings,
        "possible": readings.index[readings["inside"] >= readings["least_inside"]].tolist(),
        "hardly_possible": readings[readings["inside"] < readings["least_inside"]],
        "inside_best_run": _counts(readings, "run"),
        "inside_best_mean": _counts(readings, "setting_mean"),
        "expected": readings["least_inside"].min(),
        "no_clip_inside": ((predictions["setting"] == UNCONSTRAINED) & predictions["inside"]).sum(),
        "predictions": predictions[predictions["reading"] == str(READINGS[0])],
        "agreement": agreement,
        "difference": first.loc[DIFFERENCE],
        "differences": agreement["ours"][agreement["measure"] == DIFFERENCE],
        "uninformative": first.index[~informative],
        "passing": first.index[informative & first["passes"]],
        "failing": [f"{row.measure} ({format_reading(row.reading)})" for row in failing.itertuples()],
        "heterogeneity": heterogeneity,
        "heterogeneous": heterogeneity["table"][heterogeneity["p"] < ALPHA],
        "homogeneous": heterogeneity["table"][heterogeneity["p"] >= ALPHA],
    }


def inside_by_reading(analysis: Analysis) -> pd.DataFrame:
    """By reading: inside (of the paper's constrained scores), mean_inside, least_inside, and the likeness."""
    table, likeness = analysis.predictions, analysis.agreement
    constrained = table[table["setting"].isin(CONSTRAINED)].groupby("reading", sort=False)
    counts = constrained.agg(
        inside=("inside", "sum"), mean_inside=("mean_inside", "first"), least_inside=("least_inside", "first")
    )
    measures = likeness.pivot(index="reading", columns="measure", values="ours")
    measures = measures.rename(columns={DIFFERENCE: "difference", PEARSON: "pearson", SPEARMAN: "spearman"})
    return counts.join(measures)


def _counts(readings: pd.DataFrame, best: str) -> list[int]:
    """How many scores are inside where this is the best result, the most first."""
    return sorted(set(readings["inside"][readings.index.str.endswith(best)]), reverse=True)


def describe_figure_3(analysis: Analysis) -> dict[str, Any] | None:
    """The baseline's returns beside the ends of the paper's curves; None of one seed."""
    if analysis.figure_3.empty:
        return None
    table = analysis.figure_3
    return {
        "table": table,
        "different": table["environment"][table["p"] < ALPHA].tolist(),
        "different_corrected": table["environment"][table["p_holm"] < ALPHA].tolist(),
        "version": version_of(table["environment"].iloc[0]),
    }
