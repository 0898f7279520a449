"""`details.md` of the results folder: all that was found and is not on its first page."""

from pathlib import Path

from bench.common.files import read_text
from bench.report.environment_sections import returns
from bench.report.outcome_sections import intervals, outcomes
from bench.report.paper_sections import beside_figure_3, beside_the_papers_table
from bench.report.postures import postures
from bench.report.repeated import repeated
from bench.report.run_sections import groups_and_outliers, how_they_were_made
from bench.report.scale_sections import scale_in_full
from bench.report.seed_sections import power
from bench.report.setting_sections import between_settings
from bench.report.templates import contents
from bench.report.unconstrained_sections import all_its_runs
from bench.scores.report import Report

# What each file and column is, how to read them, and the references.
REFERENCE = Path(__file__).with_name("reference.md")


def sections(report: Report, folder: Path) -> list[str]:
    """The paragraphs, tables and figures of the page over a results folder."""
    parts = [
        *between_settings(report),
        *beside_the_papers_table(report),
        *beside_figure_3(report),
        *all_its_runs(report),
        *returns(report),
        *groups_and_outliers(report),
        *postures(report.scores, folder),
        *outcomes(report),
        *power(report),
        *scale_in_full(report),
        *intervals(report),
        "## What happens inside",
        "Medians over environments and seeds; the bands are quartiles.",
        "![KL, its coefficient, clip fraction and policy std over time](figures/diagnostics.png)",
        *how_they_were_made(report),
        *repeated(folder),
        read_text(REFERENCE).strip(),
    ]
    return [
        "# Details of the results",
        "What is not on [the page of the results](README.md), and written with it by `make table1`.",
        contents("\n\n".join(parts)),
        *parts,
    ]
