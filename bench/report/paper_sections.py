"""Our table beside the paper's, and beside its Figure 3, in words that follow from stated thresholds."""

import math
from typing import Any

import pandas as pd

from bench.protocol.environments import version_of, without_version
from bench.protocol.settings import BASELINE, UNCONSTRAINED
from bench.report.formats import (
    format_estimate,
    format_interval,
    format_list,
    format_number,
    format_p,
    format_return,
    format_share,
)
from bench.report.tables import OF_THREE_HEADING, markdown
from bench.report.words import DESCRIBED, THREE
from bench.scores.estimates import ALPHA
from bench.scores.paper import CONSTRAINED, DIFFERENCE, PEARSON, SPEARMAN
from bench.scores.report import Report
from bench.scores.scale import READINGS

# A measure that a larger share of flat tables passes cannot tell a replication from equal settings.
MOST_FLAT = 0.2


def beside_the_paper(report: Report) -> list[str]:
    """How many of the paper's scores our protocol could give, by reading of the scale, and what follows."""
    heading = "## Beside the paper"
    if "predictions" not in report.comparisons:
        return [heading, f"The comparison takes {THREE} seeds or more."]
    table = inside_by_reading(report)
    columns = {
        "reading": lambda row: DESCRIBED[row.Index],
        "inside": lambda row: str(row.inside),
        "expected": lambda row: f"{row.mean_inside:.1f}, least {row.least_inside:.0f}",
        "mean difference": lambda row: format_number(row.difference),
        "Pearson's": lambda row: format_number(row.pearson),
        "Spearman's": lambda row: format_number(row.spearman),
    }
    return [
        heading,
        f"A 95 % prediction interval says where a setting's score in a new table of {THREE} seeds, trained"
        f" under our protocol, would be. “Inside”: how many of the paper's {len(CONSTRAINED)} constrained"
        f" scores (all but {UNCONSTRAINED}'s) are. “Expected”: how many of a new table's are, on average and"
        f" at least in 95 % of tables. Mean absolute difference and correlations are with ours"
        f" {OF_THREE_HEADING}. A [reading](#the-scale) says what scores 0 and 1.",
        markdown(table, columns),
        _what_follows(report),
    ]


def inside_by_reading(report: Report) -> pd.DataFrame:
    """By reading: inside (of the paper's constrained scores), mean_inside, least_inside, and the likeness."""
    table, likeness = report.comparisons["predictions"], report.comparisons["agreement"]
    constrained = table[table["setting"].isin(CONSTRAINED)].groupby("reading", sort=False)
    counts = constrained.agg(
        inside=("inside", "sum"), mean_inside=("mean_inside", "first"), least_inside=("least_inside", "first")
    )
    measures = likeness.pivot(index="reading", columns="measure", values="ours")
    measures = measures.rename(columns={DIFFERENCE: "difference", PEARSON: "pearson", SPEARMAN: "spearman"})
    return counts.join(measures)


def _what_follows(report: Report) -> str:
    """Under which readings the paper's scores could come from our protocol, and what likeness says."""
    table, likeness = inside_by_reading(report), report.comparisons["agreement"]
    few = table[table["inside"] < table["least_inside"]]
    names = table.index.difference(few.index, sort=False)
    enough = format_list((f"“{DESCRIBED[name]}”" for name in names), "or")
    text = [f"The paper's scores could come from our protocol if its scale is read as {enough}."]
    if len(few):
        readings = format_list((f"“{DESCRIBED[name]}”" for name in few.index), "or")
        text.append(
            f"Read as {readings} they could hardly: {format_list(map(str, few['inside']))} of"
            f" {len(CONSTRAINED)}"
            f" lie inside, where {few['least_inside'].min():.0f} or more are expected, and they are"
            f" {format_list(map(format_number, few['difference']))} from ours on average. The paper"
            " doesn't say which"
            " reading is its own, so whether its scores are replicated stays open."
        )
    text.append("A score inside is not shown to be replicated, because the intervals are wide.")
    first = likeness[likeness["reading"] == str(READINGS[0])].set_index("measure").loc[DIFFERENCE]
    if first["flat_passes"] > MOST_FLAT:
        text.append(
            f"Nor does a mean difference of {format_number(first['ours'])} show much: of simulated tables"
            " in which"
            f" all settings are equal, {format_share(first['flat_passes'])} are as near as replications are."
        )
    text.append("[Intervals, likeness and the paper's Figure 3](details.md#beside-the-papers-table).")
    return " ".join(text)


def beside_the_papers_table(report: Report) -> list[str]:
    """Prediction intervals, likeness, and whether the settings differ at all."""
    if "predictions" not in report.comparisons:
        return []
    return [
        "## Beside the paper's table",
        f"All of this compares scores {OF_THREE_HEADING}. The paper publishes no spread, so its runs are"
        f" taken to spread like ours. {UNCONSTRAINED} is far from the others in the paper's table, so that"
        f" it would decide every correlation; after the first table only the {len(CONSTRAINED)} constrained"
        " settings, all others, are compared. A reading says what scores 0 and what 1: which policy is"
        " “random” and which result “best”.",
        *_predictions(report),
        *_agreement(report),
        *_heterogeneity(report),
    ]


def _predictions(report: Report) -> list[str]:
    table = report.comparisons["predictions"]
    columns = {
        "algorithm": report.label,
        "paper": lambda row: format_number(row.paper_score),
        f"ours {OF_THREE_HEADING}": lambda row: format_number(row.score_of_three),
        "95 % prediction interval": lambda row: format_interval(row.low, row.high),
        "paper inside": lambda row: "yes" if row.inside else "**no**",
    }
    return [
        f"A 95 % prediction interval says where a setting's score in a new table of {THREE} seeds, trained"
        " under our protocol, would be (uniform actions 0, best run 1). Such tables are drawn from our runs,"
        " each on its own scale as the paper's is, and the error of our own scores is added. For the other"
        " readings they are in [predictions.csv](predictions.csv).",
        markdown(table[table["reading"] == str(READINGS[0])], columns),
        "A new table's own scale moves all of its scores together, so they are more often all inside, or many"
        " outside, than if each were on its own.",
    ]


def _agreement(report: Report) -> list[str]:
    table = report.comparisons["agreement"].sort_values("measure", kind="stable")
    table = table.assign(silent=table["flat_passes"] > MOST_FLAT)
    columns = {
        "measure": lambda row: row.measure,
        "reading": lambda row: DESCRIBED[row.reading],
        "ours": lambda row: format_number(row.ours) if row.passes else f"**{format_number(row.ours)}**",
        **{kind: _kind(kind) for kind in ("replication", "flat", "unrelated")},
        "flat tables that pass": lambda row: format_share(row.flat_passes),
    }
    first = table[table["reading"] == str(READINGS[0])]
    outside = [f"{row.measure} ({DESCRIBED[row.reading]})" for row in table[~table["passes"]].itertuples()]
    difference = first["measure"] == DIFFERENCE
    spread = table["ours"][table["measure"] == DIFFERENCE]
    return [
        f"How alike the {len(CONSTRAINED)} constrained scores are, beside three kinds of simulated tables."
        " *Replication*: two noisy tables of the same true scores, which spread as the paper's do after"
        f" noise is subtracted; one has the noise of {THREE} seeds, the other that of our {report.seeds}."
        " *Flat*: all settings equal, at our mean and with our noise, beside the paper's. *Unrelated*: our"
        " scores in random order, beside the paper's. The cells have the median and, in brackets, 5 to 95 %."
        " A table passes where it is at least as like as the replications are, but for their least like 5 %:"
        " its correlation is at or above their 5 %, its mean absolute difference at or below their 95 %."
        " Ours is bold where it does not pass.",
        markdown(table, columns),
        f"A measure that more than {format_share(MOST_FLAT)} of flat tables pass cannot tell a"
        " replication from"
        " equal settings. With uniform actions 0 and the best run 1, that is so of:"
        f" {format_list(first['measure'][first['silent']])}. Of the other measures, ours passes:"
        f" {format_list(first['measure'][~first['silent'] & first['passes']])}. Under any reading, ours"
        " does not"
        f" pass: {format_list(outside)}. The mean absolute difference depends on the reading: it is"
        f" {format_number(first['ours'][difference].iloc[0])} under the first, and"
        f" {format_number(spread.min())} to"
        f" {format_number(spread.max())} in all.",
    ]


def _kind(kind: str) -> Any:
    return lambda row: format_estimate(row, kind)


def _heterogeneity(report: Report) -> list[str]:
    table = report.comparisons["heterogeneity"].replace({"table": {"paper": "the paper's"}})
    columns = {
        "scores": lambda row: row.table,
        "standard deviation": lambda row: f"{row.std:.3f}",
        "noise": lambda row: f"{row.noise:.3f}",
        "without noise": lambda row: f"{row.true_std:.3f}",
        "F": lambda row: f"{row.f:.2f}",
        "p": lambda row: format_p(row.p),
    }
    differ = table["p"] < ALPHA
    return [
        f"Whether the {len(CONSTRAINED)} constrained settings differ at all: the standard deviation of their"
        " scores; the standard error of one score (root mean square); what remains of the former without the"
        " latter; and Welch's test (1951) that all true scores are equal.",
        markdown(table, columns),
        f"At {ALPHA:g} these differ by more than noise: {format_list(table['table'][differ])}. Not shown to:"
        f" {format_list(table['table'][~differ])}.",
    ]


def beside_figure_3(report: Report) -> list[str]:
    """The baseline's returns beside the ends of the paper's curves."""
    if "figure_3" not in report.comparisons:
        return []
    table = report.comparisons["figure_3"]
    columns = {
        "environment": lambda row: row.environment,
        "paper, read off": lambda row: f"{row.paper_return:,g}",
        "ours": lambda row: format_return(row.mean),
        f"95 % prediction, {THREE} runs": lambda row: (
            f"{format_return(row.low)} to {format_return(row.high)}"
        ),
        "t": lambda row: "" if math.isnan(row.t) else f"{row.t:.1f}",
        "p": lambda row: format_p(row.p),
        "p, Holm": lambda row: format_p(row.p_holm),
    }
    single, corrected = (
        format_list(map(without_version, table["environment"][table[name] < ALPHA]))
        for name in ("p", "p_holm")
    )
    here = version_of(table["environment"].iloc[0])
    return [
        "## Beside the paper's Figure 3",
        f"Figure 3 of the paper shows {BASELINE} in each environment, without any scale. The ends of its"
        f" curves, read off the figure; our mean returns; where the mean of {THREE} new runs of ours would"
        " lie with a chance of 95 %; and the difference over its standard error (t), the paper's runs taken"
        " to spread like ours:",
        markdown(table, columns),
        f"Different at {ALPHA:g} in single tests: {single}. After Holm's correction for {len(table)} tests:"
        f" {corrected}. The environments are of another version (`v1` there, `{here}` here), so a difference"
        " need not come from the algorithm; and that none is found does not show that there is none.",
    ]
