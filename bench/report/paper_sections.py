"""Our table beside the paper's, and beside its Figure 3, in words that follow from stated thresholds."""

import math
from typing import Any

import pandas as pd

from bench.protocol.environments import version_of, without_version
from bench.protocol.protocol import PAPER_SEEDS
from bench.protocol.settings import BASELINE, UNCONSTRAINED
from bench.report.tables import (
    OF_THREE_HEADING,
    between,
    estimate,
    listed,
    markdown,
    number,
    probability,
    return_text,
    share,
)
from bench.scores.estimates import ALPHA
from bench.scores.paper import CONSTRAINED, DIFFERENCE
from bench.scores.report import Report
from bench.scores.scale import READINGS, Reading

# A measure that a larger share of flat tables passes says nothing about replication.
MOST_FLAT = 0.2
THREE = len(PAPER_SEEDS)


def described(reading: Reading) -> str:
    """A reading of the scale as a heading."""
    return f"{reading.random}, {'best run' if reading.best == 'run' else 'best setting mean'}"


DESCRIBED = {str(reading): described(reading) for reading in READINGS}


def beside_the_paper(report: Report) -> list[str]:
    """How alike the scores as of three seeds are to the paper's."""
    heading = "## Beside the paper"
    if "predictions" not in report.comparisons:
        return [heading, f"The comparison takes {THREE} seeds or more."]
    return [
        heading,
        f"All of this compares scores as of {THREE} seeds. The paper publishes no spread, so its runs are"
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
        "paper": lambda row: number(row.paper_score),
        f"ours {OF_THREE_HEADING}": lambda row: number(row.score_of_three),
        "95 % prediction interval": lambda row: between(row.low, row.high),
        "paper inside": lambda row: "yes" if row.inside else "**no**",
    }
    inside = table.pivot(index="reading", columns="setting", values="inside").loc[list(DESCRIBED)]
    counts = {
        "reading": lambda row: DESCRIBED[row.Index],
        f"of the {len(CONSTRAINED)} constrained scores inside": lambda row: str(row.constrained),
        f"{UNCONSTRAINED} inside": lambda row: "yes" if row.unconstrained else "no",
    }
    sums = {"constrained": inside[list(CONSTRAINED)].sum(axis=1), "unconstrained": inside[UNCONSTRAINED]}
    first = table[table["reading"] == str(READINGS[0])].iloc[0]
    return [
        f"Where a new table of {THREE} seeds under our protocol would score with a chance of 95 %, setting"
        " by setting (uniform actions 0, best run 1). Such tables are drawn from our runs, each on its own"
        " scale as the paper's is, and the error of our own scores is added:",
        markdown(table[table["reading"] == str(READINGS[0])], columns),
        "How many of the paper's scores lie inside depends on the reading of the scale:",
        markdown(pd.DataFrame(sums), counts),
        f"Of a new table of ours, {first.mean_inside:.1f} of the {len(CONSTRAINED)} constrained scores would"
        f" lie inside on average, and {first.least_inside:.0f} or more in 95 % of such tables: its own scale"
        " moves all scores together. The intervals are wide, so this is a weak test: a score inside is not"
        " shown to be replicated.",
    ]


def _agreement(report: Report) -> list[str]:
    table = report.comparisons["agreement"].sort_values("measure", kind="stable")
    table = table.assign(silent=table["flat_passes"] > MOST_FLAT)
    columns = {
        "measure": lambda row: row.measure,
        "reading": lambda row: DESCRIBED[row.reading],
        "ours": lambda row: number(row.ours) if row.passes else f"**{number(row.ours)}**",
        **{kind: _kind(kind) for kind in ("replication", "flat", "unrelated")},
        "flat tables that pass": lambda row: share(row.flat_passes),
    }
    first = table[table["reading"] == str(READINGS[0])]
    outside = [f"{row.measure} ({DESCRIBED[row.reading]})" for row in table[~table["passes"]].itertuples()]
    difference = first["measure"] == DIFFERENCE
    spread = table["ours"][table["measure"] == DIFFERENCE]
    return [
        f"How alike the {len(CONSTRAINED)} constrained scores are, beside three kinds of simulated tables."
        " *Replication*: two noisy tables of the same true scores, which spread as the paper's do after noise"
        " is"
        f" subtracted; one has the noise of {THREE} seeds, the other that of our {report.seeds}. *Flat*: all"
        " settings equal,"
        " at our mean and with our noise, beside the paper's. *Unrelated*: our scores in random order,"
        " beside the paper's. The cells have the median and, in brackets, 5 to 95 %. A table passes where it"
        " is at least as like as the replications are, but for their least like 5 %: its correlation is at or"
        " above their 5 %, its mean absolute difference at or below their 95 %. Ours is bold where it does"
        " not pass.",
        markdown(table, columns),
        f"A measure that more than {share(MOST_FLAT)} of flat tables pass says nothing about replication."
        " With uniform actions 0 and the best run 1, that is so of:"
        f" {listed(first['measure'][first['silent']])}. Of the other measures, ours passes:"
        f" {listed(first['measure'][~first['silent'] & first['passes']])}. Under any reading, ours does not"
        f" pass: {listed(outside)}. The mean absolute difference depends on the reading: it is"
        f" {number(first['ours'][difference].iloc[0])} under the first, and {number(spread.min())} to"
        f" {number(spread.max())} in all.",
    ]


def _kind(kind: str) -> Any:
    return lambda row: estimate(row, kind)


def _heterogeneity(report: Report) -> list[str]:
    table = report.comparisons["heterogeneity"].replace({"table": {"paper": "the paper's"}})
    columns = {
        "scores": lambda row: row.table,
        "standard deviation": lambda row: f"{row.std:.3f}",
        "noise": lambda row: f"{row.noise:.3f}",
        "without noise": lambda row: f"{row.true_std:.3f}",
        "F": lambda row: f"{row.f:.2f}",
        "p": lambda row: probability(row.p),
    }
    differ = table["p"] < ALPHA
    return [
        f"Whether the {len(CONSTRAINED)} constrained settings differ at all: the standard deviation of their"
        " scores; the standard error of one score (root mean square); what remains of the former without the"
        " latter; and Welch's test (1951) that all true scores are equal.",
        markdown(table, columns),
        f"At {ALPHA:g} these differ by more than noise: {listed(table['table'][differ])}. Not shown to:"
        f" {listed(table['table'][~differ])}.",
    ]


def beside_figure_3(report: Report) -> list[str]:
    """The baseline's returns beside the ends of the paper's curves."""
    if "figure_3" not in report.comparisons:
        return []
    table = report.comparisons["figure_3"]
    columns = {
        "environment": lambda row: row.environment,
        "paper, read off": lambda row: f"{row.paper_return:,g}",
        "ours": lambda row: return_text(row.mean),
        f"95 % prediction, {THREE} runs": lambda row: f"{return_text(row.low)} to {return_text(row.high)}",
        "t": lambda row: "" if math.isnan(row.t) else f"{row.t:.1f}",
        "p": lambda row: probability(row.p),
        "p, Holm": lambda row: probability(row.p_holm),
    }
    single, corrected = (
        listed(map(without_version, table["environment"][table[name] < ALPHA])) for name in ("p", "p_holm")
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
