"""Everything that is derived from the runs of a results folder, written into it."""

from bench.common.files import write_whole
from bench.protocol.selection import Selection
from bench.protocol.settings import LECTURE_SETTINGS
from bench.report.figures import write_figures
from bench.report.lecture import write_lecture
from bench.report.page import write_pages
from bench.report.tables import write_table1
from bench.results.checksums import CHECKSUMS, checksums
from bench.results.folder import Results
from bench.scores.analysis import Analysis, analyze, save_tables
from bench.scores.lecture import SHOWN


def write_report(analysis: Analysis, results: Results, selection: Selection) -> str:
    """Write the tables, figures and pages of a selection's analysis; returns what was written, as a line.

    The lecture's page is written where a run of the lecture's settings is finished, and first, because the
    results' page leads to it.
    """
    environments, seeds = selection.environments, selection.seeds
    if not results.finished().isdisjoint(Selection(environments, LECTURE_SETTINGS, seeds).runs):
        write_lecture(analyze(results, Selection(environments, SHOWN, seeds)), results.path)
    save_tables(analysis, results.path)
    write_table1(analysis, results.path)
    write_figures(analysis, results.path)
    write_pages(analysis, results.path)
    write_whole(results.path / CHECKSUMS, checksums(results))
    return (
        f"written: {results.path}/table1.csv, README.md, details.md, the other tables and the figures;"
        " `make page` writes the page to explore"
    )
