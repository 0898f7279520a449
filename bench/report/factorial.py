"""`factorial.md` and its tables: which choices make the unconstrained setting fail as the paper's does."""

from pathlib import Path
from typing import Any

from bench.common.files import inner_folder
from bench.protocol.environments import without_version
from bench.protocol.protocol import PLANNED_SEEDS, UNIFORM, UNTRAINED
from bench.protocol.selection import ranges
from bench.protocol.settings import BASELINE, SETTINGS, UNCONSTRAINED
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
from bench.scores.fitting import KEPT, PROTOCOLS, FittingTables


def write_factorial(tables: FactorialTables, fitting: FittingTables | None, folder: Path) -> Path:
    """Write the page and its tables into the results folder; returns the page's path."""
    named = {"criteria": tables.criteria, "effects": tables.effects}
    if fitting:
        named |= {"scores": fitting.scores, "reasons": fitting.reasons}
        named |= {"returns": fitting.returns, "seeds": fitting.seeds}
    page = render_factorial(tables, fitting)
    write_beside(folder, FOLDER, page, {f"{FOLDER}/{name}": table for name, table in named.items()}, {})
    return folder / f"{FOLDER}.md"


def write_checksums_of_cells(results: Results) -> None:
    """Write the checksums of each protocol's runs into its folder, within the default's results folder."""
    for cell in CELLS:
        opened = open_cell(results, cell)
        if cell != DEFAULT_CELL and opened is not None:
            inner_folder(results.path / FOLDER, cell)  # refuses a link
            write_checksums(opened)


def render_factorial(tables: FactorialTables, fitting: FittingTables | None) -> str:
    """The page, which says what the plan lets it say. fitting: None before the second part has tables."""
    criteria = tables.criteria
    random = tables.means.reset_index()
    # No other choice changes what the untrained policy does.
    filtered = ~random["cell"].str.contains("observation_filter=none")
    random = random.assign(filtered=filtered).drop_duplicates(["environment", UNIFORM, UNTRAINED, "filtered"])
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
        random=random,
        fitting_tables=fitting,
        baseline=BASELINE,
        kept=KEPT,
        environments={"low": without_version(LOW), "not_low": without_version(NOT_LOW)},
        effects=lay_out(tables.effects, format_effect, heads=("effect",)),
        seeds=ranges(list(SEEDS)),
        protocols=PROTOCOLS,
        all_seeds=ranges(list(range(PLANNED_SEEDS))),
        missing=int((len(SEEDS) - tables.runs).sum()),
        factors=FACTORS,
    )


def format_effect(row: Any) -> str:
    """An effect, its interval and its corrected p."""
    return f"{format_number(row.value)} ({format_interval(row.low, row.high)}; p {format_p(row.p_holm)})"
