"""`factorial.md` and its tables: which choices make the unconstrained setting fail as the paper's does."""

from pathlib import Path

from bench.protocol.environments import without_version
from bench.protocol.protocol import UNIFORM, UNTRAINED
from bench.protocol.selection import ranges
from bench.protocol.settings import SETTINGS, UNCONSTRAINED
from bench.report.figures import write_beside
from bench.report.formats import format_interval, format_number, format_p
from bench.report.tables import Cells
from bench.report.templates import render
from bench.scores.factorial import FACTORS, FOLDER, LOW, NOT_LOW, SEEDS, FactorialTables


def write_factorial(tables: FactorialTables, folder: Path) -> Path:
    """Write the page and its tables into the results folder; returns the page's path."""
    named = {f"{FOLDER}/criteria": tables.criteria, f"{FOLDER}/effects": tables.effects}
    write_beside(folder, FOLDER, render_factorial(tables), named, {})
    return folder / f"{FOLDER}.md"


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
        effects=format_effects(tables),
        seeds=ranges(list(SEEDS)),
        missing=int((len(SEEDS) - tables.runs).sum()),
        factors=FACTORS,
    )


def format_effects(tables: FactorialTables) -> Cells:
    """Effect, interval and corrected p in each environment, a row an effect."""
    rows: dict[str, list[str]] = {}
    for row in tables.effects.itertuples():
        cells = format_number(row.value), format_interval(row.low, row.high), format_p(row.p_holm)
        rows.setdefault(str(row.effect), []).extend(cells)
    heading = [f"{without_version(name)}{what}" for name in (LOW, NOT_LOW) for what in ("", ", 95 %", ", p")]
    return [["effect", *heading], *([effect, *cells] for effect, cells in rows.items())]
