"""`README.md` of the results folder: what was found, for whoever opens the folder in a browser."""

from pathlib import Path

from bench.common.files import read_text, write_whole
from bench.report import details
from bench.report.environment_sections import by_environment
from bench.report.paper_sections import beside_the_paper
from bench.report.scale_sections import the_scale
from bench.report.seed_sections import what_seeds_can_tell
from bench.report.setting_sections import who_differs
from bench.report.summary import in_short
from bench.report.tables import TITLE, counted, markdown_table, notes, table_cells
from bench.report.unconstrained_sections import by_its_runs
from bench.report.words import contents
from bench.scores.report import Report

# How scores and intervals are computed, and which files there are.
METHODS = Path(__file__).with_name("methods.md")
# What else the folder may have to read.
BESIDE = {
    "index.html": "[`index.html`](index.html): explore all runs, offline",
    "lecture.md": "[The lecture's methods](lecture.md): policy gradients, line search, TRPO; not counted"
    " here",
    "variants/README.md": "[Variants](variants/README.md): choices that the paper leaves open, and what they"
    " move",
    "studies.md": "[Studies](studies.md): plans written before their runs",
    "speed/README.md": "[Speed](speed/README.md)",
}


def save(report: Report, folder: Path) -> None:
    """Write `README.md` and `details.md`."""
    for name, parts in (
        ("README.md", sections(report, folder)),
        ("details.md", details.sections(report, folder)),
    ):
        write_whole(folder / name, "\n\n".join(parts) + "\n")


def sections(report: Report, folder: Path) -> list[str]:
    """The paragraphs, tables and figures of the page over a results folder."""
    parts = [
        *in_short(report),
        f"## {TITLE}",
        markdown_table(table_cells(report)),
        f"The settings' names, in this order: {', '.join(f'`{name}`' for name in report.table['setting'])}.",
        *notes(report),
        "![Table 1, and the paper's](figures/table1.png)",
        *who_differs(report),
        *beside_the_paper(report),
        *by_its_runs(report),
        *by_environment(report),
        *what_seeds_can_tell(report),
        *the_scale(report),
        read_text(METHODS).strip(),
    ]
    beside = [line for name, line in BESIDE.items() if (folder / name).exists()]
    more = ["[Details](details.md): all tests, other outcomes, how the runs were made and repeated", *beside]
    return [
        "# Results",
        f"{counted(len(report.scores), 'run')} of {counted(report.seeds, 'seed')}. Written by `make table1`"
        ": edit nothing here. Every number is in the CSV files beside this page,"
        " or follows from them.",
        contents(parts),
        "More:",
        "\n".join(f"- {line}" for line in more),
        *parts,
    ]
