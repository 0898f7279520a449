"""`README.md` and `details.md` of the results folder, from `templates/`."""

from pathlib import Path

from markupsafe import Markup

from bench.common.files import read_text, write_whole
from bench.report import details
from bench.report.environment_sections import mean_returns
from bench.report.paper_sections import beside_the_paper
from bench.report.run_sections import two_groups
from bench.report.scale_sections import the_scale
from bench.report.seed_sections import what_seeds_can_tell
from bench.report.setting_sections import who_differs
from bench.report.summary import in_short
from bench.report.tables import TITLE, markdown_table, notes, table_cells
from bench.report.templates import render
from bench.report.unconstrained_sections import by_its_runs
from bench.scores.report import Report

# How scores and intervals are computed, and which files there are.
METHODS = Path(__file__).with_name("methods.md")


def write_pages(report: Report, folder: Path) -> None:
    """Write `README.md` and `details.md`."""
    write_whole(folder / "README.md", results_page(report, folder))
    write_whole(folder / "details.md", "\n\n".join(details.sections(report, folder)) + "\n")


def results_page(report: Report, folder: Path) -> str:
    """The page over a results folder."""
    before = [
        *in_short(report),
        f"## {TITLE}",
        markdown_table(table_cells(report)),
        f"The settings' names, in this order: {', '.join(f'`{name}`' for name in report.table['setting'])}.",
        *notes(report),
        "![Table 1, and the paper's](figures/table1.png)",
        *who_differs(report),
        *beside_the_paper(report),
        *by_its_runs(report),
    ]
    after = [*what_seeds_can_tell(report), *the_scale(report), read_text(METHODS).strip()]
    return render(
        "README.md",
        report=report,
        folder=folder,
        mean_returns=mean_returns(report),
        groups=list(two_groups(report).itertuples()),
        before=[*map(Markup, before)],
        after=[*map(Markup, after)],
    )
