"""Everything that is derived from the runs of a results folder, written into it."""

from pathlib import Path

from bench.common.files import csv_text, write_whole
from bench.protocol.selection import Selection
from bench.protocol.settings import LECTURE_SETTINGS, RLHF_SETTINGS
from bench.report.curves import draw_learning_curves
from bench.report.feedback import write_feedback
from bench.report.figures import save_figure, write_figures
from bench.report.lecture import write_lecture
from bench.report.page import write_pages
from bench.report.tables import write_table1
from bench.results.checksums import CHECKSUMS, checksums
from bench.results.folder import Results
from bench.scores import feedback
from bench.scores.analysis import Analysis, analyze, save_tables
from bench.scores.lecture import SHOWN
from bench.scores.scale import select_uniform


def write_report(analysis: Analysis, results: Results, selection: Selection) -> str:
    """Write the tables, figures and pages of a selection's analysis; returns what was written, as a line.

    The pages of the lecture's settings and of human feedback are written where a run of these is finished,
    and first, because the results' page leads to them.
    """
    environments, seeds = selection.environments, selection.seeds
    if not results.finished().isdisjoint(Selection(environments, LECTURE_SETTINGS, seeds).runs):
        write_lecture(analyze(results, Selection(environments, SHOWN, seeds)), results.path)
    if not results.finished().isdisjoint(Selection(environments, RLHF_SETTINGS, seeds).runs):
        write_feedback(analyze(results, Selection(environments, feedback.SHOWN, seeds)), results.path)
    save_tables(analysis, results.path)
    write_table1(analysis, results.path)
    write_figures(analysis, results.path)
    write_pages(analysis, results.path)
    write_whole(results.path / CHECKSUMS, checksums(results))
    return (
        f"written: {results.path}/table1.csv, README.md, details.md, the other tables and the figures;"
        " `make page` writes the page to explore"
    )


def write_comparison(analysis: Analysis, folder: Path) -> str:
    """Write what compares the settings of an analysis into a folder; returns what was written, as a line."""
    tables = {
        "scores": analysis.scores,
        "table": analysis.table,
        "differences": analysis.shown_pairs,
        "returns": analysis.returns,
    }
    for name, table in tables.items():
        write_whole(folder / f"{name}.csv", csv_text(table))
    uniform = select_uniform(analysis.random_scores)
    save_figure(draw_learning_curves(analysis.runs, uniform, analysis.settings), folder, "learning_curves")
    return f"written: {folder}/{', '.join(f'{name}.csv' for name in tables)} and learning_curves.png, .svg"
