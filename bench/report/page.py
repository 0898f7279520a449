"""`README.md` of the results folder: all that was found, for whoever opens the folder in a browser."""

import math
from pathlib import Path

import pandas as pd

from bench.common.files import write_whole
from bench.protocol.protocol import PAPER_SEEDS
from bench.protocol.settings import BASELINE, SETTINGS
from bench.report.tables import (
    INTERVAL_NOTE,
    TITLE,
    Cells,
    between,
    markdown_table,
    number,
    reading_cells,
    reference_cells,
    return_cells,
    table_cells,
    warnings,
)
from bench.scores.report import Report


def save(report: Report, folder: Path) -> None:
    """Write `README.md`."""
    write_whole(folder / "README.md", "\n\n".join(sections(report)) + "\n")


def sections(report: Report) -> list[str]:
    """The paragraphs, tables and figures."""
    return [
        "# Results",
        f"{len(report.scores)} runs of {report.seeds} seeds. Written by `make table1` from the runs"
        " in this folder: edit nothing here.",
        f"## {TITLE}",
        markdown_table(table_cells(report.table)),
        INTERVAL_NOTE + _coverage(report.coverage),
        *warnings(report),
        "![The table as intervals, with the paper's values](figures/table1.png)",
        *_comparison(report),
        "## Learning curves",
        "Mean over seeds of the return of the last 100 episodes; the band is ± one standard error.",
        "![Learning curves](figures/learning_curves.png)",
        "## By environment",
        "Mean return ± standard deviation over seeds, and in brackets the mean normalized score.",
        markdown_table(return_cells(report.returns, report.settings)),
        "![Normalized scores of all runs by environment](figures/environments.png)",
        "## The scale, and other readings of it",
        "What scores 0 (by default uniform actions) and 1 (by default the best single run), as mean returns:",
        markdown_table(reference_cells(report.references)),
        "The rows' scores under the four readings of “random” and “best” that the paper leaves open:",
        markdown_table(reading_cells(report.readings, report.settings)),
        *_robust(report),
        *_three_seeds(report),
        "## What happens inside",
        "Medians over environments and seeds; the bands are quartiles.",
        "![KL, its coefficient, clip fraction and policy std over time](figures/diagnostics.png)",
    ]


def _coverage(coverage: pd.DataFrame) -> str:
    if coverage.empty:
        return ""
    share = coverage.set_index("statistic").loc["score"]
    return (
        f" In {share['experiments']:.0f} simulated experiments with {share['seeds']:.0f} seeds (Gaussian,"
        " with the measured means and covariances, the unconstrained row no better than the best run)"
        f" {share['student']:.0%} of such intervals contain the"
        " expected score of a table of as many seeds, on average over rows, and"
        f" {share['student_worst']:.0%} in the worst row; of the percentile intervals of a bootstrap"
        " stratified by environment,"
        f" {share['percentile']:.0%} and {share['percentile_worst']:.0%}."
    )


def _comparison(report: Report) -> list[str]:
    """How our table agrees with the paper's, as numbers and as orderings."""
    if report.orderings.empty:
        return []
    counts = report.orderings["verdict"].value_counts()
    supported, contradicted, undecided = (
        int(counts.get(verdict, 0)) for verdict in ("supported", "contradicted", "open")
    )
    return [
        "## Beside the paper",
        "The ten constrained rows; what a perfect replication would show at this noise (simulated: two"
        " tables, of the paper's number of seeds and of ours, with the same true scores, which are spread"
        " like the published ones less what three seeds' noise adds); and what a table would that has nothing"
        " to do with the paper's (ours with the rows in any order). Medians, and 5 to 95 %:",
        markdown_table(
            [
                ["measure", "ours", "perfect replication", "unrelated"],
                *(
                    [
                        row.measure,
                        number(row.ours),
                        _with_interval(row.replication, row.replication_low, row.replication_high),
                        _with_interval(row.unrelated, row.unrelated_low, row.unrelated_high),
                    ]
                    for row in report.agreement.itertuples()
                ),
            ]
        ),
        f"Of the paper's {len(report.orderings)} orderings of two rows, our 95 % intervals support"
        f" {supported}, contradict {contradicted} and leave {undecided} open. They are intervals of our"
        f" difference: {_share_of_differences(report.coverage)} of such are right where simulated, the noise"
        " of the paper's difference is not in them, and of so many some exclude 0 by chance.",
        *_verdicts(report.orderings, "contradicted", "Contradicted"),
        *_verdicts(report.orderings, "supported", "Supported"),
    ]


def _share_of_differences(coverage: pd.DataFrame) -> str:
    return f"{coverage.set_index('statistic').loc['difference', 'student']:.0%}"


def _verdicts(orderings: pd.DataFrame, verdict: str, heading: str) -> list[str]:
    chosen = orderings[orderings["verdict"] == verdict]
    if chosen.empty:
        return []
    cells: Cells = [
        ["better in the paper", "worse in the paper", "difference there", "ours", "95 % interval"]
    ]
    for row in chosen.itertuples():
        names = (SETTINGS[str(name)].label for name in (row.better, row.worse))
        differences = number(row.paper_difference), number(row.difference), between(row.ci_low, row.ci_high)
        cells.append([*names, *differences])
    return [f"{heading}:", markdown_table(cells)]


def _robust(report: Report) -> list[str]:
    if report.robust.empty:
        return []
    rows = [
        [
            report.settings[str(row.setting)].label,
            _with_interval(row.iqm, row.iqm_low, row.iqm_high),
            _with_interval(row.improvement, row.improvement_low, row.improvement_high),
        ]
        for row in report.robust.itertuples()
    ]
    return [
        "## As the field reports today",
        f"Interquartile mean of a row's runs, and the probability that its run beats one of {BASELINE} in the"
        " same environment (Agarwal et al. 2021), each with its approximate 95 % interval, where it varies.",
        markdown_table([["algorithm", "IQM", f"improvement over {BASELINE}"], *rows]),
    ]


def _with_interval(value: float, low: float, high: float) -> str:
    return number(value) if math.isnan(low) else f"{number(value)} ({between(low, high)})"


def _three_seeds(report: Report) -> list[str]:
    heading = "## How much three seeds can tell"
    if report.three_seeds.empty:
        needed = (
            f"To say how much the table depends on the choice of {len(PAPER_SEEDS)} seeds, more are needed."
        )
        return [heading, f"{needed} There are {report.seeds}."]
    rows = [
        [
            SETTINGS[str(row.setting)].label,
            f"{row.first:.0%}",
            number(row.median),
            between(row.low, row.high),
        ]
        for row in report.three_seeds.itertuples()
    ]
    return [
        heading,
        f"Over choices of {len(PAPER_SEEDS)} of the {report.seeds} seeds in each environment: how often each"
        " row comes first, and its score (median, 5 to 95 %). The choices overlap, so their variance is only"
        f" {1 - len(PAPER_SEEDS) / report.seeds:.2f} of that of {len(PAPER_SEEDS)} new seeds.",
        markdown_table([["algorithm", "comes first", "median", "5 to 95 %"], *rows]),
    ]
