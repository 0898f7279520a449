"""Settings beside each other: the unconstrained one by its runs, and all pairs."""

from collections.abc import Callable
from typing import Any

import numpy as np
from rich.console import Console

from bench.common.terminal import print_table
from bench.protocol.environments import without_version
from bench.protocol.protocol import PLANNED_SEEDS
from bench.protocol.settings import BASELINE, PAPER_SETTINGS, UNCONSTRAINED
from bench.report.tables import (
    between,
    estimate,
    listed,
    markdown,
    markdown_table,
    number,
    probability,
    share,
)
from bench.scores.estimates import ALPHA
from bench.scores.pairs import PERMUTATIONS, differences
from bench.scores.paper import CONSTRAINED
from bench.scores.report import LEAST_COVERAGE, Report
from bench.scores.scale import READINGS

# So many differences can be read on a terminal.
MOST_SHOWN = 10


def unconstrained(report: Report) -> list[str]:
    """The unconstrained setting by its runs, because a few of them can make its mean."""
    outcomes = report.outcomes.set_index("setting")
    ours, others = outcomes.loc[UNCONSTRAINED], outcomes.loc[list(CONSTRAINED)]
    ranges = [f"{number(others[name].min())} to {number(others[name].max())}" for name in ("median", "iqm")]
    returns = report.returns[report.returns["setting"] == UNCONSTRAINED]
    runs = report.scores[report.scores["setting"] == UNCONSTRAINED].sort_values("normalized")
    columns = {
        "environment": lambda row: row.environment,
        "normalized scores of all runs": lambda row: " ".join(
            map(number, runs["normalized"][runs["environment"] == row.environment])
        ),
        "mean": lambda row: number(row.normalized),
        "share of variance": lambda row: share(row.variance_share),
        "score without it": lambda row: number(row.score_without),
    }
    notes = [""]
    if returns["variance_share"].notna().all():
        most = returns.loc[returns["variance_share"].idxmax()]
        notes.append(
            f"{share(most['variance_share'])} of the variance of its score comes from"
            f" {without_version(most['environment'])}."
        )
    if UNCONSTRAINED in report.doubtful:
        notes.append(
            f"Its interval in Table 1 is doubtful: in simulation it covers less than {share(LEAST_COVERAGE)}."
        )
    return [
        f"## {report.settings[UNCONSTRAINED].label}, by its runs",
        f"The median of its {len(runs)} runs is {number(ours['median'])} (other settings: {ranges[0]}), their"
        f" interquartile mean {number(ours['iqm'])} ({ranges[1]})." + " ".join(notes),
        markdown(returns, columns),
        _worst(report),
    ]


def _worst(report: Report) -> str:
    """Whether the unconstrained setting is the worst of the paper's, and how that is known."""
    pairs = report.paper_pairs
    pairs = pairs[(pairs[["setting", "other"]] == UNCONSTRAINED).any(axis=1)]
    signs = np.where(pairs["setting"] == UNCONSTRAINED, 1, -1)
    lower, largest = int((pairs["difference"] * signs < 0).sum()), pairs["p"].max()
    holds = lower == len(pairs) and largest < ALPHA
    welch = differences(report.paper, [(UNCONSTRAINED, other) for other in CONSTRAINED])
    return (
        f"Its score is below those of {lower} of the {len(pairs)} others, and the largest p of its"
        f" {len(pairs)} permutation tests (below) is {probability(largest)}. That it is the worst of all is"
        f" {'' if holds else 'not '}established at {ALPHA:g}. This needs all {len(pairs)} tests to be"
        " significant, so their largest p is the p of the claim, without correction. What these tests reject"
        " is that the runs have the same distribution, not only the same mean. Of the means alone Welch's"
        f" tests, corrected by Holm for {len(welch)}, find {(welch['p_holm'] < ALPHA).sum()} different."
        + apart(report)
    )


def apart(report: Report) -> str:
    """Where all runs of the unconstrained setting lie below all others', which needs no test of means."""
    of_paper = report.scores[report.scores["setting"].isin(PAPER_SETTINGS)]
    own = of_paper["setting"] == UNCONSTRAINED
    highest = of_paper[own].groupby("environment")["normalized"].max()
    lowest = of_paper[~own].groupby("environment")["normalized"].min()
    places = [
        f"{without_version(str(name))} ({number(highest[name])} at most, the others {number(lowest[name])}"
        " at least)"
        for name in highest.index
        if highest[name] < lowest.get(name, np.nan)
    ]
    return f" All of its runs score below all other settings' in {listed(places)}." if places else ""


def between_settings(report: Report) -> list[str]:
    """All pairs: tests, what can't be told from the best, and the probability of improvement."""
    pairs = report.paper_pairs
    found = pairs[pairs["p_holm"] < ALPHA]
    constrained = (found[["setting", "other"]] != UNCONSTRAINED).all(axis=1)
    alike = np.sign(found["difference"]) == np.sign(found["paper_difference"])
    return [
        "## Between settings",
        "Each difference of scores is tested by permutation, two-sided: if two settings' runs have the same"
        " distribution in every environment, then which runs are whose doesn't matter, and labels are"
        f" permuted within each environment ({PERMUTATIONS:,} times). With {len(pairs)} pairs some p are"
        f" small by chance; Holm's correction keeps the chance of any false finding at {share(ALPHA)} or"
        f" less.{_correlation(report)}{interim(report.seeds)}",
        "![Differences of scores between all settings](figures/differences.png)",
        "Bold and starred: significant after the correction.",
        f"Of {len(pairs)} differences {len(found)} are significant after the correction"
        f" ({(pairs['p'] < ALPHA).sum()} without it). {(~constrained).sum()} of the {len(found)} are with"
        f" {UNCONSTRAINED}, and are no independent findings. In {alike.sum()} of the {len(found)} the paper's"
        f" difference has the same sign; of the {constrained.sum()} between constrained settings, in"
        f" {alike[constrained].sum()}. These share {len(CONSTRAINED)} scores, so they are not so many"
        " independent agreements either.",
        _best(report),
        *_significant(report),
        *_improvement(report),
    ]


def interim(seeds: int) -> str:
    """What to beware of before all planned seeds are there; nothing then."""
    if seeds >= PLANNED_SEEDS:
        return ""
    return f" Interim: {seeds} of the planned {PLANNED_SEEDS} seeds."


def _correlation(report: Report) -> str:
    if report.seeds < 3 or np.isnan(report.seed_correlation):
        return ""
    return (
        " Settings share seeds, but two constrained settings' scores in an environment correlate over seeds"
        f" at {number(report.seed_correlation)} on average. The tests are not paired by seed: pairing would"
        " reduce the variance of a difference by only this share."
    )


def _best(report: Report) -> str:
    """The settings that can't be told from the best."""
    table = report.table[report.table["setting"].isin(PAPER_SETTINGS)]
    best = str(table.loc[table["score"].idxmax(), "setting"])
    pairs = report.paper_pairs
    pairs = pairs[(pairs[["setting", "other"]] == best).any(axis=1) & ~(pairs["p_holm"] < ALPHA)]
    names = np.where(pairs["setting"] == best, pairs["other"], pairs["setting"])
    return (
        f"The highest score is that of {best}. Settings that can't be told from it (corrected p of {ALPHA:g}"
        f" or more): {listed(names)}. That does not show that they are equal: the next section says what"
        " differences so many seeds can find."
    )


def _significant(report: Report) -> list[str]:
    """The significant pairs of constrained settings, and all pairs of one's own settings, as a table."""
    pairs = report.pairs
    constrained = (pairs[["setting", "other"]] != UNCONSTRAINED).all(axis=1) & (pairs["p_holm"] < ALPHA)
    chosen = pairs[constrained | ~pairs["setting"].isin(PAPER_SETTINGS)]
    if chosen.empty:
        return []
    everywhere = (pairs["significant_readings"] == len(READINGS)).sum()
    columns = _pair_columns(report) | {
        "readings": lambda row: str(row.significant_readings),
        "in the paper": lambda row: number(row.paper_difference),
    }
    return [
        "The significant differences between constrained settings, and all differences of settings that the"
        " paper doesn't have. The intervals (Welch and Satterthwaite) are of single differences, without a"
        f" correction. Readings: under how many of the {len(READINGS)} readings of the scale the difference"
        f" is significant after the correction. {everywhere} of all {len(pairs)} are under all.",
        markdown(chosen, columns),
    ]


def _pair_columns(report: Report) -> dict[str, Callable[[Any], str]]:
    """What is told of every pair, by its heading."""
    return {
        "setting": report.label,
        "other": lambda row: report.settings[row.other].label,
        "difference": lambda row: number(row.difference),
        "95 % interval": lambda row: between(row.ci_low, row.ci_high),
        "p": lambda row: probability(row.p),
        "p, Holm": lambda row: probability(row.p_holm),
    }


def show_differences(report: Report, console: Console) -> None:
    """Print the differences of the settings that are shown, where these are few and have several seeds."""
    if len(report.grid.settings) < 2:
        return
    pairs = report.pairs[report.pairs[["setting", "other"]].isin(report.shown).all(axis=1)]
    pairs = pairs[pairs["ci_low"].notna()]
    if not 0 < len(pairs) <= MOST_SHOWN:
        return
    columns = _pair_columns(report)
    lines = [[text(row) for text in columns.values()] for row in pairs.itertuples()]
    title = "Differences of normalized scores (p of permutation tests)"
    print_table(console, title, [list(columns), *lines], texts=(0, 1))


def _improvement(report: Report) -> list[str]:
    table = report.improvement.rename(columns={"low": "improvement_low", "high": "improvement_high"})
    cells = table.assign(text=[estimate(row, "improvement") for row in table.itertuples()])
    texts = cells.pivot(index="setting", columns="environment", values="text")
    texts = texts.loc[table["setting"].unique(), ["all", *report.grid.environments]]
    rows = [[report.settings[str(name)].label, *row] for name, row in texts.iterrows()]
    return [
        f"The probability that a run beats one of {BASELINE} in the same environment (Agarwal et al. 2021),"
        " with 95 % intervals (Newcombe 2006; of the mean over environments: MOVER). These exist even where"
        " all runs of one setting are ahead. They are not corrected for their number.",
        markdown_table([["algorithm", *texts], *rows]),
    ]
