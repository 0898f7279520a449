"""Everything that is derived from the runs of a results folder, written into it."""

from pathlib import Path

from rich.console import Console

from bench.common.files import csv_text, write_whole
from bench.common.terminal import stage
from bench.protocol.selection import Selection
from bench.protocol.settings import LECTURE_SETTINGS, RLHF_SETTINGS, SUCCESSOR_SETTINGS
from bench.report.curves import draw_learning_curves
from bench.report.feedback import write_feedback
from bench.report.figures import save_figure, write_figures
from bench.report.final_policies import write_final_policies
from bench.report.lecture import write_lecture
from bench.report.page import write_pages
from bench.report.successors import write_successors
from bench.report.tables import write_table1
from bench.results import evaluations
from bench.results.checksums import write_checksums
from bench.results.folder import Results
from bench.scores import feedback, lecture, successors
from bench.scores.analysis import Analysis, analyze, save_tables
from bench.scores.final_policies import PolicyTables

# Groups of settings beside the table: what they are, which, those that their page shows, and what writes it.
BESIDE = (
    ("the lecture", LECTURE_SETTINGS, lecture.SHOWN, write_lecture),
    ("human feedback", RLHF_SETTINGS, feedback.SHOWN, write_feedback),
    ("later objectives", SUCCESSOR_SETTINGS, successors.SHOWN, write_successors),
)


def write_report(analysis: Analysis, results: Results, selection: Selection, console: Console) -> str:
    """Write the tables, figures and pages of a selection's analysis; returns what was written, as a line.

    The page of another group is written where a run of its settings is finished, and first, because the
    results' page leads to it.
    """
    environments, seeds = selection.environments, selection.seeds
    for what, group, shown, write in BESIDE:
        if not results.finished().isdisjoint(Selection(environments, group, seeds).runs):
            with stage(console, f"writing the page of {what}"):
                write(analyze(results, Selection(environments, shown, seeds)), results.path)
    policies = PolicyTables(analysis, evaluations.read(results.path))
    if policies.is_testable:
        with stage(console, "writing the page of final policies"):
            write_final_policies(policies, results.path)
    with stage(console, "permuting and simulating for the tables"):
        save_tables(analysis, results.path)
        write_table1(analysis, results.path)
    with stage(console, "drawing the figures"):
        write_figures(analysis, results.path)
    with stage(console, "writing the pages"):
        write_pages(analysis, results.path)
    with stage(console, "computing checksums"):
        write_checksums(results)
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
    curves = draw_learning_curves(analysis.runs, analysis.scale["random_uniform"], analysis.settings)
    save_figure(curves, folder, "learning_curves")
    return f"written: {folder}/{', '.join(f'{name}.csv' for name in tables)} and learning_curves.png, .svg"
