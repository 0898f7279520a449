"""`lecture.md`, `lecture.csv` and figures: the lecture's methods beside PPO, on the scale of Table 1."""

from collections.abc import Iterable
from pathlib import Path

from markupsafe import Markup
from matplotlib.figure import Figure

from bench.protocol.environments import without_version
from bench.protocol.published import ENVIRONMENTS, POLICY_GRADIENT, TRPO
from bench.protocol.settings import SETTINGS, UNCONSTRAINED
from bench.report.appearance import looks
from bench.report.curves import draw_learning_curves
from bench.report.figures import write_beside
from bench.report.formats import format_number
from bench.report.off_scale import mark_left
from bench.report.score_figures import DIGITS, draw_intervals
from bench.report.tables import format_returns
from bench.report.templates import render
from bench.scores.analysis import Analysis
from bench.scores.estimates import ALPHA, RUNS_FOR_INTERVAL
from bench.scores.lecture import LEAST_HEIGHT, LINE_SEARCH, POLICY_GRADIENTS, TRUST_REGION, LectureTables

# The settings of which some runs are so much worse than the others that intervals tell little.
UNRELIABLE = (UNCONSTRAINED, LINE_SEARCH)
# The part of the scale that is enlarged.
ENLARGED = (-0.35, 1.0)


def write_lecture(analysis: Analysis, folder: Path) -> None:
    """Write the page, its table and its figures.

    analysis: over `bench.scores.lecture.SHOWN`.
    """
    tables = LectureTables(analysis)
    table = tables.comparison.merge(tables.steps, on="setting")
    curves = draw_learning_curves(analysis.runs, analysis.scale["random_uniform"], analysis.settings)
    figures = {"scores": draw_scores(analysis), "curves": curves}
    write_beside(folder, "lecture", render_lecture(tables), {"lecture": table}, figures)


def render_lecture(tables: LectureTables) -> str:
    """The page, with the claims of which all runs that they need are there."""
    analysis, numbers = tables.analysis, SETTINGS[TRUST_REGION].numbers
    return render(
        "lecture.md",
        analysis=analysis,
        lecture=tables,
        compared=analysis.grid.with_runs(RUNS_FOR_INTERVAL),
        scores=analysis.table.set_index("setting")["score"],
        steps=tables.steps.set_index("setting"),
        returns=format_returns(analysis),
        published=format_published(analysis.grid.environments),
        unreliable=UNRELIABLE,
        policy_gradients=list(POLICY_GRADIENTS),
        least_height=LEAST_HEIGHT,
        largest_kl=numbers["kl_radius"] * numbers["kl_tolerance"],
        alpha=ALPHA,
    )


def format_published(environments: Iterable[str]) -> list[list[str]]:
    """Heading and rows of the returns that others published."""
    rows = []
    for source, values in (TRPO | POLICY_GRADIENT).items():
        found = dict(zip(ENVIRONMENTS, values, strict=False))
        returns = [found.get(without_version(environment)) for environment in environments]
        cells = ["" if value is None else f"{value:,g}" for value in returns]
        rows.append([Markup(source), *cells])
    return [["source", *environments], *rows]


def draw_scores(analysis: Analysis) -> Figure:
    """All scores, and enlarged those that are not far below the random policy."""
    rows = analysis.table.round(DIGITS).set_index("setting")[["score", "ci_low", "ci_high"]]
    figure = Figure(figsize=(10, 1.0 + 0.34 * len(rows)), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True, width_ratios=(1, 2))
    for panel, title in zip(panels, ("all", "enlarged"), strict=True):
        draw_intervals(panel, rows, analysis)
        panel.set_title(title, fontsize="medium")
    panels[1].set_xlim(ENLARGED)
    look_of = looks(analysis.settings)
    for line, (name, score) in enumerate(rows["score"].items()):
        if score < ENLARGED[0]:
            mark_left(panels[1], line, look_of[name].colour, format_number(score))
    figure.supxlabel("average normalized score, with 95 % interval", fontsize="medium")
    return figure
