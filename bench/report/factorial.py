"""`factorial.md` and its tables: which choices make the unconstrained setting fail as the paper's does."""

from pathlib import Path
from typing import Any

from bench.common.files import inner_folder
from bench.protocol.environments import without_version
from bench.protocol.protocol import UNIFORM, UNTRAINED
from bench.protocol.selection import ranges
from bench.protocol.settings import SETTINGS, UNCONSTRAINED
from bench.report.figures import write_beside
from bench.report.formats import format_interval, format_number, format_p
from bench.report.tables import lay_out
from bench.report.templates import render
from bench.results.checksums import write_checksums
from bench.results.folder import Results
from bench.scores.factorial import (
    CELLS,
    DEFAULT_CELL,
    FACTORS,
    FOLDER,
    LOW,
    NOT_LOW,
    SEEDS,
    FactorialTables,
    open_cell,
)


def write_factorial(tables: FactorialTables, folder: Path) -> Path:
    """Write the page and its tables into the results folder; returns the page's path."""
    named = {f"{FOLDER}/criteria": tables.criteria, f"{FOLDER}/effects": tables.effects}
    write_beside(folder, FOLDER, render_factorial(tables), named, {})
    return folder / f"{FOLDER}.md"


def write_checksums_of_cells(results: Results) -> None:
    """Write the checksums of each protocol's runs into its folder, within the default's results folder."""
    for cell in CELLS:
        opened = open_cell(results, cell)
        if cell != DEFAULT_CELL and opened is not None:
            inner_folder(results.path / FOLDER, cell)  # refuses a link
            write_checksums(opened)


def render_factorial(tables: FactorialTables) -> str:
    """The page, which says what the plan lets it say."""
    criteria = tables.criteria
    return render(
        "factorial.md",
        published=SETTINGS[UNCONSTRAINED].paper_score,
        setting=UNCONSTRAINED,
        criteria=criteria,
        fitting={
            policy: criteria["cell"][criteria[f"fits_{policy}"]].tolist() for policy in (UNIFORM, UNTRAINED)
        },
        readings={UNIFORM: "uniformly random actions", UNTRAINED: "the untrained policy of the protocol"},
        nearest=criteria["cell"].head(2).tolist(),
        random=tables.means.reset_index(),
        environments={"low": without_version(LOW), "not_low": without_version(NOT_LOW)},
        effects=lay_out(tables.effects, format_effect, heads=("effect",)),
        seeds=ranges(list(SEEDS)),
        missing=int((len(SEEDS) - tables.runs).sum()),
        factors=FACTORS,
    )


def format_effect(row: Any) -> str:
    """An effect, its interval and its corrected p."""
    return f"{format_number(row.value)} ({format_interval(row.low, row.high)}; p {format_p(row.p_holm)})"
