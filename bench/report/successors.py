"""`successors.md`, its tables and figures: objectives that came after the paper's, beside clip-0.2."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from bench.protocol.protocol import PLANNED_SEEDS
from bench.protocol.settings import BASELINE, SUCCESSOR_SETTINGS, in_table_order
from bench.report.appearance import looks
from bench.report.curves import draw_learning_curves
from bench.report.figures import write_beside
from bench.report.formats import format_number, format_p, format_share
from bench.report.score_figures import DIGITS
from bench.report.tables import format_returns, lay_out
from bench.report.templates import render
from bench.results import evaluations
from bench.scores.analysis import Analysis
from bench.scores.contrasts import MEAN_ACTIONS, SCORE
from bench.scores.estimates import ALPHA
from bench.scores.pairs import PERMUTATIONS
from bench.scores.successors import BOUND, SuccessorTables

OUTCOMES = {SCORE: "score", MEAN_ACTIONS: "return by mean actions"}
# What the plan lets the page say of a difference.
FINDINGS = {
    "better": "Better than",
    "worse": "Worse than",
    "equivalent": f"Equivalent within {BOUND:g} to",
    "undecided": "Not shown to differ from",
}


def write_successors(analysis: Analysis, folder: Path) -> None:
    """Write the page, its tables and its figures.

    analysis: over `bench.scores.successors.SHOWN`.

    Raises:
        DamagedError: when `policies.csv` of the folder is another file.
    """
    tables = SuccessorTables(analysis, evaluations.read(folder))
    files = {
        "successors/comparison": tables.comparison,
        "successors/environments": tables.environments,
        "successors/other_ways": tables.other_ways,
    }
    uniform = analysis.scale["random_uniform"]
    figures = {
        "differences": draw_differences(tables),
        "curves": draw_learning_curves(analysis.runs, uniform, analysis.settings),
    }
    write_beside(folder, "successors", render_successors(tables), files, figures)


def render_successors(tables: SuccessorTables) -> str:
    """The page, which says of each difference what the plan lets it say."""
    analysis, ways = tables.analysis, tables.other_ways
    return render(
        "successors.md",
        analysis=analysis,
        baseline=BASELINE,
        planned_runs=PLANNED_SEEDS * len(analysis.grid.environments),
        missing=tables.missing,
        outcomes=[describe_outcome(tables, outcome) for outcome in OUTCOMES],
        other_ways=lay_out(ways, format_difference, analysis.settings, column="way") if len(ways) else [],
        changes=describe_changes(tables),
        returns=format_returns(analysis),
        bound=BOUND,
        alpha=ALPHA,
        permutations=PERMUTATIONS,
    )


def describe_outcome(tables: SuccessorTables, outcome: str) -> dict[str, Any]:
    """An outcome's title, its lines, which settings have which finding, and where differences come from."""
    lines = tables.comparison[tables.comparison["outcome"] == outcome]
    parts = tables.environments[tables.environments["outcome"] == outcome]
    return {
        "title": OUTCOMES[outcome],
        "lines": lines,
        "findings": {
            text: lines["setting"][lines["finding"] == finding].tolist() for finding, text in FINDINGS.items()
        },
        "compared": lines["finding"].notna().sum(),
        "parts": lay_out(parts, format_part, tables.analysis.settings) if len(parts) else [],
    }


def format_part(row: Any) -> str:
    """What an environment adds to a difference, and its share of it."""
    return f"{format_number(row.part)} ({format_share(row.share)})"


def format_difference(row: Any) -> str:
    """A difference, and its corrected p."""
    return f"{format_number(row.difference)} ({format_p(row.p_holm)})"


def describe_changes(tables: SuccessorTables) -> list[tuple[str, list[str], list[str]]]:
    """The ways that the plan names, and which differences become significant by each, or cease to be."""
    if tables.other_ways.empty:
        return []
    ways = tables.other_ways.groupby("way", sort=False)
    (_, planned), *others = ((way, set(lines["setting"][lines["p_holm"] < ALPHA])) for way, lines in ways)
    return [(way, in_table_order(now - planned), in_table_order(planned - now)) for way, now in others]


def draw_differences(tables: SuccessorTables) -> Figure:
    """The differences from clip-0.2, with intervals of 90 % (thick) and 95 %, a panel an outcome."""
    settings = tables.analysis.settings
    names = [name for name in SUCCESSOR_SETTINGS if name in settings]
    look_of = looks({name: settings[name] for name in names})
    figure = Figure(figsize=(10, 1.2 + 0.34 * len(names)), layout="constrained")
    panels = figure.subplots(1, len(OUTCOMES), sharey=True)
    rounded = tables.comparison.round(DIGITS).set_index(["outcome", "setting"]).sort_index()
    for panel, (outcome, title) in zip(panels, OUTCOMES.items(), strict=True):
        panel.axvspan(-BOUND, BOUND, color="0.93", linewidth=0)
        panel.axvline(0, color="grey", linewidth=0.8)
        for line, name in enumerate(names):
            row, colour = rounded.loc[(outcome, name)], look_of[name].colour
            panel.plot([row["low"], row["high"]], [line, line], color=colour, linewidth=1.2)
            panel.plot([row["low_90"], row["high_90"]], [line, line], color=colour, linewidth=3.5)
            panel.plot(row["difference"], line, "o", color=colour, markersize=7)
        panel.set_title(title, fontsize="medium")
        panel.grid(axis="x", linewidth=0.4)
    panels[0].set_yticks(range(len(names)), [settings[name].label for name in names])
    panels[0].set_ylim(len(names) - 0.4, -0.6)
    figure.supxlabel(f"difference from {BASELINE}, with intervals of 90 and 95 %", fontsize="medium")
    return figure
