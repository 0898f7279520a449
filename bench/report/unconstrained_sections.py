"""The setting without clipping or penalty by its runs, because a few of them can make its mean."""

from typing import Any

import numpy as np
import pandas as pd

from bench.protocol.environments import without_version
from bench.protocol.published import LOW_WITHOUT_CONSTRAINT
from bench.protocol.settings import PAPER_SETTINGS, UNCONSTRAINED
from bench.report.formats import format_estimate, format_list, format_number, format_p, format_share
from bench.report.tables import markdown
from bench.scores.estimates import ALPHA
from bench.scores.pairs import differences
from bench.scores.paper import CONSTRAINED
from bench.scores.report import UNTRAINED_READING, Report
from bench.scores.scale import READINGS


def by_its_runs(report: Report) -> list[str]:
    """Where its score comes from, environment by environment, and whether the paper's does, too."""
    columns = {
        "environment": lambda row: without_version(row.environment),
        "runs": lambda row: str(row.runs),
        "above uniform actions": lambda row: str(row.uniform),
        "above untrained policy": lambda row: str(row.untrained),
        "lowest": lambda row: format_number(row.low),
        "mean": lambda row: format_number(row.normalized),
    }
    return [
        f"## {report.settings[UNCONSTRAINED].label}",
        _two_readings(report),
        markdown(above_random(report), columns),
        f"{_reason(report)} {_worst_in_short(report)} [All of its"
        " runs](details.md#the-unconstrained-setting).",
    ]


def above_random(report: Report) -> pd.DataFrame:
    """One line an environment: what `Report.returns` has, and of the normalized scores the lowest (low).

    uniform, untrained: how many runs return more than uniform actions, or than the untrained policy.
    """
    runs = report.scores[report.scores["setting"] == UNCONSTRAINED]
    found = runs.groupby("environment")["normalized"].agg(low="min")
    for policy in ("uniform", "untrained"):
        random = report.scale.loc[runs["environment"], f"random_{policy}"].to_numpy()
        found[policy] = (runs["score"] > random).groupby(runs["environment"]).sum()
    returns = report.returns[report.returns["setting"] == UNCONSTRAINED]
    return returns.join(found, on="environment")


def _two_readings(report: Report) -> str:
    line: Any = report.readings[report.readings["setting"] == UNCONSTRAINED].iloc[0]
    uniform, untrained = (format_estimate(line, str(each)) for each in (READINGS[0], UNTRAINED_READING))
    returns = report.returns[report.returns["setting"] == UNCONSTRAINED]
    most = ""
    if returns["variance_share"].notna().all():
        largest = returns.loc[returns["variance_share"].idxmax()]
        most = (
            f" {format_share(largest['variance_share'])} of the variance of its score comes from"
            f" {without_version(largest['environment'])}."
        )
    return (
        f"{UNCONSTRAINED} scores {uniform} with uniform actions as 0, and {untrained} with the untrained"
        f" policy as 0.{most} Its normalized scores:"
    )


def _reason(report: Report) -> str:
    """Whether its score is negative for the paper's reason."""
    table = above_random(report)
    there = table["environment"].map(without_version) == LOW_WITHOUT_CONSTRAINT
    if not there.any():
        return ""
    line = table[there].iloc[0]
    lowest = table.loc[table["normalized"].idxmin()]
    reason = (
        f"In the paper it is negative because of {LOW_WITHOUT_CONSTRAINT}, where it ends below the initial"
        f" random policy. Here {line['uniform']} of {line['runs']} runs there end above uniform actions and"
        f" {line['untrained']} above the untrained policy; the lowest mean is that of"
        f" {without_version(lowest['environment'])}, where {lowest['uniform']} and {lowest['untrained']} do."
    )
    predicted = report.comparisons.get("predictions")
    if predicted is None:
        return reason
    inside = predicted[(predicted["setting"] == UNCONSTRAINED) & predicted["inside"]]
    lies = f"lies inside our prediction interval under {len(inside)} of {len(READINGS)} readings"
    same = lowest["environment"] == line["environment"]
    return f"{reason} So the paper's score {lies}, {'and' if same else 'but not'} for the paper's reason."


def _tests(report: Report) -> pd.DataFrame:
    pairs = report.paper_pairs
    pairs = pairs[(pairs[["setting", "other"]] == UNCONSTRAINED).any(axis=1)]
    signs = np.where(pairs["setting"] == UNCONSTRAINED, 1, -1)
    return pairs.assign(lower=pairs["difference"] * signs < 0)


def _worst_in_short(report: Report) -> str:
    pairs = _tests(report)
    return (
        f"It scores below {pairs['lower'].sum()} of the {len(pairs)} others (largest p"
        f" {format_p(pairs['p'].max())})."
    )


def all_its_runs(report: Report) -> list[str]:
    """All of its runs, and how it is known that it is the worst."""
    outcomes = report.outcomes.set_index("setting")
    ours, others = outcomes.loc[UNCONSTRAINED], outcomes.loc[list(CONSTRAINED)]
    ranges = [
        f"{format_number(others[name].min())} to {format_number(others[name].max())}"
        for name in ("median", "iqm")
    ]
    runs = report.scores[report.scores["setting"] == UNCONSTRAINED].sort_values("normalized")
    columns = {
        "environment": lambda row: row.environment,
        "normalized scores of all runs": lambda row: " ".join(
            map(format_number, runs["normalized"][runs["environment"] == row.environment])
        ),
        "mean": lambda row: format_number(row.normalized),
        "share of variance": lambda row: format_share(row.variance_share),
        "score without it": lambda row: format_number(row.score_without),
    }
    return [
        "## The unconstrained setting",
        f"The median of the {len(runs)} runs of {UNCONSTRAINED} is {format_number(ours['median'])} (other"
        " settings:"
        f" {ranges[0]}), their interquartile mean {format_number(ours['iqm'])} ({ranges[1]}).",
        markdown(report.returns[report.returns["setting"] == UNCONSTRAINED], columns),
        worst(report) + apart(report),
    ]


def worst(report: Report) -> str:
    """Whether it is the worst of the paper's settings, and how that is known."""
    pairs = _tests(report)
    lower, largest = int(pairs["lower"].sum()), pairs["p"].max()
    holds = lower == len(pairs) and largest < ALPHA
    welch = differences(report.paper, [(UNCONSTRAINED, other) for other in CONSTRAINED])
    return (
        f"Its score is below those of {lower} of the {len(pairs)} others, and the largest p of its"
        f" {len(pairs)} permutation tests is {format_p(largest)}. That it is the worst of all is"
        f" {'' if holds else 'not '}established at {ALPHA:g}. This needs all {len(pairs)} tests to be"
        " significant, so their largest p is the p of the claim, without correction. What these tests reject"
        " is that the runs have the same distribution, not only the same mean. Of the means alone Welch's"
        f" tests, corrected by Holm for {len(welch)}, find {(welch['p_holm'] < ALPHA).sum()} different."
    )


def apart(report: Report) -> str:
    """Where all runs of the unconstrained setting lie below all others', which needs no test of means."""
    of_paper = report.scores[report.scores["setting"].isin(PAPER_SETTINGS)]
    own = of_paper["setting"] == UNCONSTRAINED
    highest = of_paper[own].groupby("environment")["normalized"].max()
    lowest = of_paper[~own].groupby("environment")["normalized"].min()
    where = [
        f"{without_version(str(name))} ({format_number(highest[name])} at most, the others"
        f" {format_number(lowest[name])}"
        " at least)"
        for name in highest.index
        if highest[name] < lowest.get(name, np.nan)
    ]
    return f" All of its runs score below all other settings' in {format_list(where)}." if where else ""
