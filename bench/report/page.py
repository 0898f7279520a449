"""`README.md` and `details.md` of the results folder, from their templates."""

from pathlib import Path

from bench.common.files import write_whole
from bench.protocol.protocol import PLANNED_SEEDS
from bench.report.formats import format_return
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
from bench.report.tables import describe_table1, format_improvement, format_returns, lay_out
from bench.report.templates import render
from bench.scores.analysis import Analysis
from bench.scores.estimates import ALPHA
from bench.scores.scale import READINGS
from bench.scores.three_seeds import CONSTRAINED


def write_pages(analysis: Analysis, folder: Path) -> None:
    """Write `README.md` and `details.md`."""
    for name, page in render_pages(analysis, folder).items():
        write_whole(folder / name, page)


def render_pages(analysis: Analysis, folder: Path) -> dict[str, str]:
    """The pages over a results folder, by name.

    Args:
        analysis: over all of the paper's settings in all environments.
        folder: the results folder. The pages lead to other pages that are there.

    Raises:
        DamagedError: when `verified.csv` of the folder is another file.
    """
    values = {
        **describe_table1(analysis),
        "folder": folder,
        "alpha": ALPHA,
        "readings": [str(reading) for reading in READINGS],
        "constrained": len(CONSTRAINED),
        "planned_seeds": PLANNED_SEEDS,
        "most_flat": MOST_FLAT,
        "pairs": describe_pairs(analysis),
        "lead": describe_lead(analysis),
        "power": describe_power(analysis),
        "paper": describe_paper(analysis),
        "figure_3": describe_figure_3(analysis),
        "no_clip": describe_no_clip(analysis),
        "gaps": describe_gaps(analysis),
        "groups": find_two_groups(analysis),
        "outliers": describe_outliers(analysis),
        "made": describe_making(analysis),
        "scale": describe_scale(analysis),
        "firsts": find_firsts(analysis),
        "coverage": describe_coverage(analysis),
        "mean_returns": lay_out(analysis.returns, lambda row: format_return(row.mean)),
        "returns": format_returns(analysis),
        "improvement": format_improvement(analysis),
        "postures": describe_postures(analysis.scores, folder),
        "repeated": describe_repetitions(folder),
    }
    return {"README.md": render("results.md", **values), "details.md": render("details.md", **values)}
