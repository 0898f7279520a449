"""`successors.md`, its tables and figures: objectives that came after the paper's, beside clip-0.2."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from bench.protocol.protocol import PLANNED_SEEDS
from bench.protocol.settings import BASELINE, SUCCESSOR_SETTINGS
from bench.report.appearance import looks
from bench.report.curves import draw_learning_curves
from bench.report.figures import write_beside
from bench.report.formats import format_number, format_p, format_share
from bench.report.score_figures import DIGITS
from bench.report.tables import Cells, format_returns, lay_out
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
    analysis = tables.analysis
    return render(
        "successors.md",
        analysis=analysis,
        baseline=BASELINE,
        planned_runs=PLANNED_SEEDS * len(analysis.grid.environments),
        missing=tables.missing,
        outcomes=[describe_outcome(tables, outcome) for outcome in OUTCOMES],
        other_ways=format_other_ways(tables),
        changes=describe_changes(tables),
        returns=format_returns(analysis),
        bound=BOUND,
        alpha=ALPHA,
        permutations=PERMUTATIONS,
    )


def describe_outcome(tables: SuccessorTables, outcome: str) -> dict[str, Any]:
    """An outcome's title, its lines, which settings have which finding, and where differences come from."""
    lines = tables.comparison[tables.comparison["outcome"] == outcome]
    return {
        "title": OUTCOMES[outcome],
        "lines": lines,
        "findings": {
            text: lines["setting"][lines["finding"] == finding].tolist() for finding, text in FINDINGS.items()
        },
        "compared": lines["finding"].notna().sum(),
        "parts": format_parts(tables, outcome),
    }


def format_parts(tables: SuccessorTables, outcome: str) -> Cells:
    """What each environment adds to each difference, and its share of it; no lines without a comparison."""
    table = tables.environments[tables.environments["outcome"] == outcome]
    if table.empty:
        return []
    return lay_out(
        table.assign(setting=list(map(tables.analysis.label, table.itertuples()))),
        ["setting"],
        "environment",
        lambda row: f"{format_number(row.part)} ({format_share(row.share)})",
    )


def format_other_ways(tables: SuccessorTables) -> Cells:
    """The difference of each score, and its corrected p, as planned and in the ways that the plan names."""
    planned = tables.comparison[tables.comparison["outcome"] == SCORE].dropna(subset="p_holm")
    rows = planned.set_index("setting")[["difference", "p_holm"]]
    ways = {"as planned": rows}
    for title, way in tables.planned_ways.items() if len(rows) else ():
        lines = tables.other_ways[tables.other_ways["way"] == way]
        ways[title] = lines.set_index("setting")[["difference", "p_holm"]]
    cells = [
        [
            tables.analysis.settings[name].label,
            *(
                f"{format_number(each.loc[name, 'difference'])} ({format_p(each.loc[name, 'p_holm'])})"
                for each in ways.values()
            ),
        ]
        for name in rows.index
    ]
    return [["setting", *ways], *cells] if cells else []


def describe_changes(tables: SuccessorTables) -> list[tuple[str, list[str], list[str]]]:
    """The ways that the plan names, and which differences become significant by each, or cease to be."""
    planned = tables.comparison[tables.comparison["outcome"] == SCORE]
    before = set(planned["setting"][planned["p_holm"] < ALPHA])
    changes = []
    for title, way in tables.planned_ways.items() if len(tables.other_ways) else ():
        lines = tables.other_ways[tables.other_ways["way"] == way]
        significant = lines["setting"][lines["p_holm"] < ALPHA]
        gained = [name for name in significant if name not in before]
        lost = [name for name in lines["setting"] if name in before and name not in set(significant)]
        changes.append((title, gained, lost))
    return changes


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
