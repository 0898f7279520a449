"""`README.md` and `details.md` of the results folder, from their templates."""

from pathlib import Path
from typing import Any

from bench.common.files import write_whole
from bench.protocol.protocol import PLANNED_SEEDS
from bench.report.pair_facts import describe_lead, describe_pairs, describe_power
from bench.report.paper_facts import MOST_FLAT, describe_figure_3, describe_paper
from bench.report.postures import describe_postures
from bench.report.repeated import describe_repetitions
from bench.report.run_facts import (
    describe_gaps,
    describe_making,
    describe_no_clip,
    describe_outliers,
    find_two_groups,
)
from bench.report.score_facts import describe_coverage, describe_scale, find_firsts
from bench.report.tables import describe_table1, format_improvement, format_mean_returns, format_returns
from bench.report.templates import render
from bench.scores.estimates import ALPHA
from bench.scores.paper import CONSTRAINED
from bench.scores.report import Report
from bench.scores.scale import READINGS


def write_pages(report: Report, folder: Path) -> None:
    """Write `README.md` and `details.md`."""
    for name, page in render_pages(report, folder).items():
        write_whole(folder / name, page)


def render_pages(report: Report, folder: Path) -> dict[str, str]:
    """The pages over a results folder, by name.

    Args:
        report: over all of the paper's settings in all environments.
        folder: the results folder. The pages lead to other pages that are there.

    Raises:
        DamagedError: when `verified.csv` of the folder is another file.
    """
    values = _values(report, folder)
    return {"README.md": render("results.md", **values), "details.md": render("details.md", **values)}


def _values(report: Report, folder: Path) -> dict[str, Any]:
    """What the templates are filled with, by name."""
    return {
        **describe_table1(report),
        "folder": folder,
        "alpha": ALPHA,
        "readings": [str(reading) for reading in READINGS],
        "constrained": len(CONSTRAINED),
        "planned_seeds": PLANNED_SEEDS,
        "most_flat": MOST_FLAT,
        "pairs": describe_pairs(report),
        "lead": describe_lead(report),
        "power": describe_power(report),
        "paper": describe_paper(report),
        "figure_3": describe_figure_3(report),
        "no_clip": describe_no_clip(report),
        "gaps": describe_gaps(report),
        "groups": find_two_groups(report),
        "outliers": describe_outliers(report),
        "made": describe_making(report),
        "scale": describe_scale(report),
        "firsts": find_firsts(report),
        "coverage": describe_coverage(report),
        "mean_returns": format_mean_returns(report),
        "returns": format_returns(report.returns, report.settings),
        "improvement": format_improvement(report),
        "postures": describe_postures(report.scores, folder),
        "repeated": describe_repetitions(folder),
    }
