"""`lecture.md`, `lecture.csv` and figures: the lecture's methods beside PPO, on the scale of Table 1."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from bench.common.files import csv_text, write_whole
from bench.protocol import published
from bench.protocol.environments import without_version
from bench.protocol.settings import BASELINE, SETTINGS, UNCONSTRAINED
from bench.report.curves import learning_curves
from bench.report.figures import save_figure
from bench.report.formats import format_interval, format_list, format_number, format_p, format_share
from bench.report.score_figures import DIGITS, intervals
from bench.report.tables import markdown, markdown_table, return_cells
from bench.scores import lecture
from bench.scores.estimates import ALPHA, improvement
from bench.scores.grid import Grid
from bench.scores.pairs import differences
from bench.scores.report import Report

LINE_SEARCH, TRUST_REGION = "line-search", "trpo-0.01"
NUMBERS = SETTINGS[TRUST_REGION].numbers
# The settings of which some runs are so much worse than the others that intervals tell little.
UNRELIABLE = (UNCONSTRAINED, LINE_SEARCH)
# The part of the scale that is enlarged.
ENLARGED = (-0.3, 1.0)
LARGEST_KL = NUMBERS["kl_radius"] * NUMBERS["kl_tolerance"]


def save(report: Report, folder: Path) -> None:
    """Write the page, its table and its figures.

    report: over `bench.scores.lecture.SHOWN`.
    """
    comparison, steps = lecture.comparison(report), lecture.steps(report)
    write_whole(folder / "lecture.csv", csv_text(comparison.merge(steps, on="setting")))
    write_whole(folder / "lecture.md", "\n\n".join(_sections(report, comparison, steps)) + "\n")
    save_figure(_scores(report), folder / "figures", "lecture_scores")
    save_figure(_curves(report), folder / "figures", "lecture_curves")


def _scores(report: Report) -> Figure:
    """All scores, and enlarged those that are not far below the random policy."""
    rows = report.table.round(DIGITS).set_index("setting")[["score", "ci_low", "ci_high"]]
    figure = Figure(figsize=(10, 1.0 + 0.34 * len(rows)), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True, width_ratios=(1, 2))
    for panel, title in zip(panels, ("all", "enlarged"), strict=True):
        intervals(panel, rows, report)
        panel.set_title(title, fontsize="medium")
    panels[1].set_xlim(ENLARGED)
    figure.supxlabel("average normalized score, with 95 % interval", fontsize="medium")
    return figure


def _curves(report: Report) -> Figure:
    """The learning curves; the vertical axes are those of the settings that hold the policy back."""
    figure = learning_curves(report.runs, report.scale["random_uniform"], report.settings)
    held = report.runs[~report.runs["setting"].isin(UNRELIABLE)]
    means = held.groupby(["environment", "setting", "timesteps"])["return_last100"].mean()
    for panel, environment in zip(figure.axes, report.grid.environments, strict=False):
        low, high = means.loc[environment].min(), means.loc[environment].max()
        if low < high:
            panel.set_ylim(low - 0.2 * (high - low), high + 0.2 * (high - low))
    return figure


def _sections(report: Report, comparison: pd.DataFrame, steps: pd.DataFrame) -> list[str]:
    return [
        "# The lecture's other methods",
        "Policy gradients, line search, TRPO and PPO-Clip as Algorithm 1, beside two settings of Table 1:"
        f" {UNCONSTRAINED}, which is importance sampling without a constraint, and {BASELINE}. Written by"
        " `make table1` from the runs in this folder: edit nothing here. [The equations, and what the lecture"
        " leaves open](../algorithms/README.md).",
        "These settings are no rows of Table 1. Their scores are on its scale, which the paper's eleven"
        " settings alone set. The intervals are of 95 % over seeds, and p is of Welch's test of the"
        f" difference from {BASELINE}, corrected by Holm for all comparisons in this table"
        f" ([methods](README.md)). The intervals of {format_list(UNRELIABLE)} are in brackets, because"
        " they are"
        " unreliable: a few very bad runs decide their width.",
        markdown(comparison, _columns(report, comparison)),
        "![Scores as intervals](figures/lecture_scores.png)",
        "![Learning curves](figures/lecture_curves.png)",
        f"The curves of {UNCONSTRAINED} and {LINE_SEARCH} leave the picture where they fall far below the"
        " others.",
        "## Returns",
        "Mean return ± standard deviation over seeds, and in brackets the mean normalized score.",
        markdown_table(return_cells(report.returns, report.settings)),
        "What others published. The environments are of other versions, and the protocols are others, too: a"
        " difference need not come from the method.",
        markdown_table(_published(report.grid.environments)),
        "## What the steps did",
        "Every fifth update is logged. KL: KL(π_old ‖ π) after the policy's step, in nats. Share of first"
        " step: the mean share that the line search accepted. No step: updates in which it accepted none."
        f" Rose: runs whose score was {lecture.LEAST_HEIGHT} or more at some time; only these can fall. Fell:"
        " runs whose score dropped below half of its highest value until then. Still down: those that ended"
        " so.",
        markdown(steps, _step_columns(report)),
        "## What the lecture says, and what the runs show",
        *_claims(report, steps.set_index("setting")),
    ]


def _columns(report: Report, comparison: pd.DataFrame) -> dict[str, Any]:
    columns = {
        "setting": report.label,
        "score": lambda row: format_number(row.score),
        "95 % interval": lambda row: format_interval(row.ci_low, row.ci_high, row.setting in UNRELIABLE),
        f"difference from {BASELINE}": lambda row: format_number(row.difference),
        "95 % interval of the difference": lambda row: format_interval(
            row.low, row.high, row.setting in UNRELIABLE
        ),
        "p, Holm": lambda row: format_p(row.p_holm),
        "runs": lambda row: str(row.runs),
    }
    if comparison["diverged"].any():
        columns["diverged"] = lambda row: str(row.diverged)
    return columns


def _step_columns(report: Report) -> dict[str, Any]:
    return {
        "setting": report.label,
        "KL, median": lambda row: _kl(row.kl_median),
        "KL, 95th percentile": lambda row: _kl(row.kl_95),
        "KL, largest": lambda row: _kl(row.kl_largest),
        "share of first step": lambda row: format_number(row.step_fraction),
        "no step": lambda row: format_share(row.no_step),
        "rose": lambda row: str(row.rose),
        "fell": lambda row: str(row.fell),
        "still down at the end": lambda row: str(row.down),
    }


def _kl(value: float) -> str:
    return f"{value:.2g}" if value < 10 else f"{value:,.0f}"


def _published(environments: Iterable[str]) -> list[list[str]]:
    rows = (*published.TRPO, *published.POLICY_GRADIENT)
    values = [[one.returns.get(without_version(environment)) for environment in environments] for one in rows]
    cells = [["" if value is None else f"{value:,g}" for value in row] for row in values]
    return [["source", *environments], *([one.source, *row] for one, row in zip(rows, cells, strict=True))]


def _claims(report: Report, steps: pd.DataFrame) -> list[str]:
    """The claims of which all runs that they need are there."""
    complete = {row.setting for row in report.table.itertuples() if row.ci_low == row.ci_low}
    return [
        text(report, steps)
        for text, needed in (
            (_estimators, lecture.POLICY_GRADIENTS),
            (_bad_steps, (UNCONSTRAINED, BASELINE, LINE_SEARCH, TRUST_REGION)),
            (_line_search, (LINE_SEARCH, TRUST_REGION)),
        )
        if complete.issuperset(needed)
    ]


def _estimators(report: Report, steps: pd.DataFrame) -> str:
    names = list(lecture.POLICY_GRADIENTS)
    scores = report.table.set_index("setting")["score"]
    pairs = lecture.between_estimators(report)
    found = pairs[pairs["p_holm"] < ALPHA]
    worst, best = (
        f"{name} ({format_number(scores[name])})" for name in (scores[names].idxmin(), scores[names].idxmax())
    )
    seeds = report.table.set_index("setting")["runs"][names].max() // len(report.grid.environments)
    within = report.returns[report.returns["setting"].isin(names)].groupby("environment")["normalized"]
    spans = within.agg(["min", "max"])
    widest = str((spans["max"] - spans["min"]).idxmax())
    return (
        "**The estimator Ψ changes the variance of the gradient and not its expectation.** Runs can't show an"
        " expectation; `tests/algorithms/test_psi.py` proves it for the exact V by enumerating all"
        " trajectories of a small problem. The runs fit V, so their estimates of action value, advantage and"
        " TD residual are biased, and differences are not of variance alone. The scores, over"
        f" {seeds} seeds, go from {worst} to {best}; uniform actions score 0, and {BASELINE} scores"
        f" {format_number(scores[BASELINE])}. The mean scores of an environment are furthest apart in"
        f" {without_version(widest)}, from {format_number(spans['min'][widest])} to"
        f" {format_number(spans['max'][widest])}."
        f" Of the {len(pairs)} differences {len(found)} are significant after Holm's correction."
        f"{_ahead(found)} These differences hold for this number of timesteps and this stepsize."
    )


def _ahead(found: pd.DataFrame) -> str:
    """A sentence for each setting that is ahead of others, by differences as `lecture` has them."""
    swapped = found["difference"] < 0
    first = found["other"].where(swapped, found["setting"])
    second = found["setting"].where(swapped, found["other"])
    return "".join(
        f" {name} is ahead of {format_list(others)}." for name, others in second.groupby(first, sort=False)
    )


def _bad_steps(report: Report, steps: pd.DataFrame) -> str:
    counts = [
        f"{steps['rose'][name]} runs of {name} rose, {steps['fell'][name]} of these fell, and"
        f" {steps['down'][name]} of these were down at the end."
        for name in (*UNRELIABLE, BASELINE, TRUST_REGION)
    ]
    return (
        "**A bad step is not recovered from, because the next samples come from the bad policy.** Runs show"
        f" falls, not what caused them. {' '.join(counts)} Whether a run recovered and fell again in between"
        " is not counted."
    )


def _line_search(report: Report, steps: pd.DataFrame) -> str:
    line = differences(report.grid, [(LINE_SEARCH, TRUST_REGION)]).iloc[0]
    kl = {name: steps.loc[name, ["kl_median", "kl_largest"]] for name in (LINE_SEARCH, TRUST_REGION)}
    outcome = "is" if line["p"] < ALPHA else "is not"
    return (
        "**A line search asks whether the loss falls, not how far the surrogate can be trusted.** The steps"
        f" of {LINE_SEARCH} have a median KL of {_kl(kl[LINE_SEARCH]['kl_median'])}, and the largest is"
        f" {_kl(kl[LINE_SEARCH]['kl_largest'])}. Those of {TRUST_REGION} have a median of"
        f" {_kl(kl[TRUST_REGION]['kl_median'])}, and the largest is {_kl(kl[TRUST_REGION]['kl_largest'])}; it"
        f" accepts none above {LARGEST_KL:g}. The"
        f" difference of the two scores is {format_number(line['difference'])}"
        f" ({format_interval(line['low'], line['high'])}; p {format_p(line['p'])}), and {outcome}"
        " significant by"
        f" Welch's test, in which the lowest runs decide the variance. {_all_below(report.grid)}"
    )


def _all_below(grid: Grid) -> str:
    """In how many environments every run of the line search is below every run of TRPO."""
    _, (beats, _, _) = improvement(grid.only([LINE_SEARCH]).returns, grid.only([TRUST_REGION]).returns)
    return (
        f"In {(beats == 0).sum()} of {beats.size} environments all runs of {LINE_SEARCH} return less than all"
        f" of {TRUST_REGION}."
    )
