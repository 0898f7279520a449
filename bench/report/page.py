"""`README.md` and `details.md` of the results folder, from `templates/`."""

from pathlib import Path
from typing import Any

from bench.common.files import write_whole
from bench.protocol.protocol import PLANNED_SEEDS
from bench.report.pair_facts import lead_facts, pair_facts, power_facts
from bench.report.paper_facts import MOST_FLAT, figure_3_facts, paper_facts
from bench.report.postures import describe_postures
from bench.report.repeated import describe_repetitions
from bench.report.run_facts import gap_facts, made_facts, no_clip_facts, outlier_facts, two_groups
from bench.report.score_facts import coverage_facts, first_by_outcome, scale_facts
from bench.report.tables import improvement_cells, mean_return_cells, return_cells, table1_facts
from bench.report.templates import render
from bench.scores.estimates import ALPHA
from bench.scores.paper import CONSTRAINED
from bench.scores.report import Report
from bench.scores.scale import READINGS

PAGES = ("README.md", "details.md")


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
    return {name: render(name, **values) for name in PAGES}


def _values(report: Report, folder: Path) -> dict[str, Any]:
    """What the templates are filled with, by name."""
    return {
        **table1_facts(report),
        "folder": folder,
        "alpha": ALPHA,
        "readings": [str(reading) for reading in READINGS],
        "constrained": len(CONSTRAINED),
        "planned_seeds": PLANNED_SEEDS,
        "most_flat": MOST_FLAT,
        "pairs": pair_facts(report),
        "lead": lead_facts(report),
        "power": power_facts(report),
        "paper": paper_facts(report),
        "figure_3": figure_3_facts(report),
        "no_clip": no_clip_facts(report),
        "gaps": gap_facts(report),
        "groups": two_groups(report),
        "outliers": outlier_facts(report),
        "made": made_facts(report),
        "scale": scale_facts(report),
        "firsts": first_by_outcome(report),
        "coverage": coverage_facts(report),
        "mean_returns": mean_return_cells(report),
        "returns": return_cells(report.returns, report.settings),
        "improvement": improvement_cells(report),
        "postures": describe_postures(report.scores, folder),
        "repeated": describe_repetitions(folder),
    }
