"""`rlhf.md`, `rlhf.csv` and figures: PPO from human feedback, on the scale of Table 1."""

from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from bench.protocol.environments import without_version
from bench.protocol.settings import SETTINGS
from bench.report.appearance import looks, wrap_panels
from bench.report.curves import draw_learning_curves
from bench.report.figures import write_beside
from bench.report.formats import format_estimate
from bench.report.score_figures import DIGITS, draw_intervals
from bench.report.tables import format_returns, lay_out
from bench.report.templates import render
from bench.results.demonstrations import demonstrated_returns
from bench.scores.analysis import Analysis
from bench.scores.feedback import NO_PENALTY, PLANNED_SEEDS, WHOLE, FeedbackTables

COLUMNS = 4


def write_feedback(analysis: Analysis, folder: Path) -> None:
    """Write the page, its tables and its figures.

    analysis: over `bench.scores.feedback.SHOWN`.
    """
    tables = FeedbackTables(analysis)
    random = analysis.scale["random_uniform"]
    figures = {
        "scores": draw_scores(analysis),
        "curves": draw_learning_curves(analysis.runs, random, analysis.settings),
        "returns": draw_returns_by_kl(analysis),
    }
    named = {
        "rlhf": tables.comparison,
        "rlhf_models": tables.models,
        "rlhf_improvements": tables.improvements,
        "rlhf_pairs": tables.pairs,
    }
    write_beside(folder, "rlhf", render_feedback(tables), named, figures)


def render_feedback(tables: FeedbackTables) -> str:
    """The page, with the answers to which all runs that they need are there."""
    analysis, found = tables.analysis, tables.improvements
    findings, improvements = {}, []
    if len(found):
        findings = {name: lines.set_index("environment") for name, lines in found.groupby("setting")}
        ends = ("low", "high")
        improvements = lay_out(found, lambda row: format_estimate(row, "difference", ends), analysis.settings)
    return render(
        "rlhf.md",
        analysis=analysis,
        feedback=tables,
        planned=PLANNED_SEEDS,
        pairs={(row.setting, row.other): row for row in tables.pairs.itertuples()},
        settings=SETTINGS,
        returns=format_returns(analysis),
        findings=findings,
        improvements=improvements,
        models={(row.setting, row.environment): row for row in tables.models.itertuples()},
        demonstrated=demonstrated_returns(analysis.grid.environments),
    )


def draw_scores(analysis: Analysis) -> Figure:
    """The scores with their intervals."""
    rows = analysis.table.round(DIGITS).set_index("setting")[["score", "ci_low", "ci_high"]]
    figure = Figure(figsize=(9, 1.0 + 0.36 * len(rows)), layout="constrained")
    panel = figure.subplots()
    draw_intervals(panel, rows, analysis)
    panel.set_xlabel("average normalized score, with 95 % interval")
    return figure


def draw_returns_by_kl(analysis: Analysis) -> Figure:
    """True and learned return of the last 100 episodes against KL to the supervised policy, by environment.

    Means over seeds at each logged update after the policy's first step. The learned return has an axis of
    its own, to the right.
    """
    runs, look_of = analysis.runs, looks(analysis.settings)
    there = set(runs["environment"][runs["setting"].isin((WHOLE, NO_PENALTY))])
    names = sorted(there) or analysis.grid.environments
    figure, panels = wrap_panels(len(names), COLUMNS, (3.0, 2.6))
    for panel, environment in zip(panels, names, strict=True):
        learned = panel.twinx()
        for setting in (WHOLE, NO_PENALTY):
            means = _means(runs, environment, setting)
            if means.empty:
                continue
            style: dict[str, Any] = {"color": look_of[setting].colour, "linewidth": 1.3}
            for axes, column, line in ((panel, "return_last100", "-"), (learned, "learned_return", "--")):
                label = f"{setting}: {'true' if axes is panel else 'learned'} return"
                axes.plot(means["supervised_kl"], means[column], line, label=label, **style)
        panel.set_title(without_version(environment), fontsize="medium")
        panel.grid(linewidth=0.4)
    lines = [line for axes in figure.axes for line in axes.get_lines()]
    shown = {str(line.get_label()): line for line in lines}
    figure.legend(list(shown.values()), list(shown), loc="outside upper center", ncols=4, frameon=False)
    figure.supxlabel("KL(π ‖ π_supervised), nats", fontsize="medium")
    return figure


def _means(runs: pd.DataFrame, environment: str, setting: str) -> pd.DataFrame:
    """Means over the seeds, by timestep, of what is drawn; only after the policy's first step."""
    chosen = runs[(runs["environment"] == environment) & (runs["setting"] == setting)]
    if chosen.empty:
        return chosen
    means = chosen.groupby("timesteps")[["supervised_kl", "return_last100", "learned_return"]].mean()
    return means[means["supervised_kl"] > 0].round(DIGITS)
