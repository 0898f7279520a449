"""Settings beside each other: all pairs, and what can't be told from the best."""

from collections.abc import Callable
from typing import Any

import numpy as np
from rich.console import Console

from bench.common.terminal import print_table
from bench.protocol.protocol import PLANNED_SEEDS
from bench.protocol.settings import BASELINE, PAPER_SETTINGS, UNCONSTRAINED
from bench.report.formats import format_estimate, format_interval, format_list, format_number, format_p
from bench.report.robustness_sections import robust
from bench.report.tables import markdown, markdown_table
from bench.scores.estimates import ALPHA
from bench.scores.pairs import PERMUTATIONS, seed_correlation
from bench.scores.paper import CONSTRAINED
from bench.scores.report import Report
from bench.scores.scale import READINGS

# So many differences can be read on a terminal.
MOST_SHOWN = 10


def who_differs(report: Report) -> list[str]:
    """How many pairs differ, what can't be told from the best, and how robust that is."""
    pairs = report.paper_pairs
    found = pairs[pairs["p_holm"] < ALPHA]
    with_unconstrained = (found[["setting", "other"]] == UNCONSTRAINED).any(axis=1)
    return [
        "## Who differs",
        f"Of {len(pairs)} differences, tested by permutation with Holm's correction, {len(found)} are"
        f" significant, {with_unconstrained.sum()} of them with {UNCONSTRAINED}.{interim(report.seeds)}"
        f" {_best(report)} [All differences](details.md#between-settings).",
        *robust(report),
    ]


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
        f" small by chance, so they are corrected (Holm 1979).{_correlation(report)}",
        "![Differences of scores between all settings](figures/differences.png)",
        "Bold and starred: significant after the correction.",
        f"Of {len(pairs)} differences {len(found)} are significant after the correction, and"
        f" {(pairs['p'] < ALPHA).sum()} without it. {(~constrained).sum()} of the {len(found)} are with"
        f" {UNCONSTRAINED}, and are no independent findings. In {alike.sum()} of the {len(found)} the paper's"
        f" difference has the same sign; of the {constrained.sum()} between constrained settings, in"
        f" {alike[constrained].sum()}. These share {len(CONSTRAINED)} scores, so they are not so many"
        " independent agreements either. The pairs scored and tested in other ways are in"
        " [robustness.csv](robustness.csv), and the table without any one seed in"
        " [seeds_left_out.csv](seeds_left_out.csv).",
        *_significant(report),
        *_improvement(report),
    ]


def interim(seeds: int) -> str:
    """What to beware of before all planned seeds are there; nothing then."""
    if seeds >= PLANNED_SEEDS:
        return ""
    return f" Interim: {seeds} of the planned {PLANNED_SEEDS} seeds."


def _correlation(report: Report) -> str:
    """How alike runs of the same seed are, for all constrained settings and within a family."""
    if report.seeds < 3:
        return ""
    families: dict[str, list[str]] = {}
    for name in CONSTRAINED:
        if name in report.grid.settings:
            families.setdefault(report.settings[name].family, []).append(name)
    every = [name for names in families.values() for name in names]
    if len(every) < 2 or np.isnan(whole := seed_correlation(report.grid.only(every))):
        return ""
    within = format_list(
        f"{format_number(seed_correlation(report.grid.only(names)))} ({family})"
        for family, names in families.items()
        if len(names) > 1
    )
    return (
        " Settings share seeds. Over the seeds of an environment the returns of two constrained settings"
        f" correlate at {format_number(whole)} on average, and within a family at {within}. The tests are"
        " not paired"
        " by seed: pairing would reduce the variance of a difference by about the correlation."
    )


def _best(report: Report) -> str:
    """The settings that can't be told from the best."""
    table = report.table[report.table["setting"].isin(PAPER_SETTINGS)]
    best = str(table.loc[table["score"].idxmax(), "setting"])
    pairs = report.paper_pairs
    pairs = pairs[(pairs[["setting", "other"]] == best).any(axis=1) & ~(pairs["p_holm"] < ALPHA)]
    names = np.where(pairs["setting"] == best, pairs["other"], pairs["setting"])
    return (
        f"The highest score is that of {best}. Settings that can't be told from it: {format_list(names)}."
        " That"
        " does not show that they are equal: see [what seeds can tell](#what-seeds-can-tell)."
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
        "in the paper": lambda row: format_number(row.paper_difference),
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
        "difference": lambda row: format_number(row.difference),
        "95 % interval": lambda row: format_interval(row.ci_low, row.ci_high),
        "p": lambda row: format_p(row.p),
        "p, Holm": lambda row: format_p(row.p_holm),
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
    cells = table.assign(text=[format_estimate(row, "improvement") for row in table.itertuples()])
    texts = cells.pivot(index="setting", columns="environment", values="text")
    texts = texts.loc[table["setting"].unique(), ["all", *report.grid.environments]]
    rows = [[report.settings[str(name)].label, *row] for name, row in texts.iterrows()]
    return [
        f"The probability that a run beats one of {BASELINE} in the same environment (Agarwal et al. 2021),"
        " with 95 % intervals (Newcombe 2006; of the mean over environments: MOVER). Where every run of one"
        " setting beats every run of the other, the probability is 0 or 1, and the interval still has a"
        " width. The intervals are not corrected for their number.",
        markdown_table([["algorithm", *texts], *rows]),
    ]
