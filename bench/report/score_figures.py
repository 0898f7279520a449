"""Figures of scores: as intervals, of all runs, by number of seeds, and of differences as a matrix."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bench.protocol.environments import without_version
from bench.protocol.protocol import PAPER_SEEDS
from bench.protocol.settings import BASELINE, UNCONSTRAINED, Setting
from bench.report.appearance import Look, looks, wrap_panels
from bench.report.formats import format_count
from bench.report.off_scale import is_off_scale, mark_left, show_range
from bench.scores.analysis import Analysis
from bench.scores.estimates import ALPHA, Estimate, estimate_mean
from bench.scores.scale import Floats

COLUMNS = 4
THRESHOLDS = np.linspace(0, 1, 101)
# The last bits of means may differ between processors, and an SVG's names with them.
DIGITS = 9
# Colours end here: beyond, differences are as dark as they get.
LARGEST_DIFFERENCE = 0.25
PAPER_MARKER: dict[str, Any] = {"marker": "D", "fillstyle": "none", "markersize": 5}
THREE_MARKER: dict[str, Any] = {"marker": "|", "markersize": 13, "markeredgewidth": 1.6}


def draw_table1(analysis: Analysis) -> Figure:
    """The scores with their intervals, and the paper's below them: all settings, and the constrained."""
    rows = analysis.table.round(DIGITS)
    figure = Figure(figsize=(9, 1.3 + 0.36 * len(rows)), layout="constrained")
    whole, detail = figure.subplots(1, 2, sharey=True, width_ratios=(1, 2))
    for panel, shown in ((whole, rows), (detail, rows[rows["setting"] != UNCONSTRAINED])):
        scores = shown.set_index("setting")[["score", "ci_low", "ci_high"]]
        draw_intervals(panel, scores, analysis, analysis.unreliable)
        panel.plot(shown["score_of_three"], shown.index, color="black", linestyle="none", **THREE_MARKER)
        panel.plot(shown["paper_score"], shown.index + 0.3, color="black", linestyle="none", **PAPER_MARKER)
        panel.set_xlabel("average normalized score")
    whole.set_title("all settings", fontsize="medium")
    detail.set_title("the constrained settings, enlarged", fontsize="medium")
    detail.plot([], [], "o-", color="grey", linewidth=3, label="ours, 95 % interval")
    label = f"ours as of {len(PAPER_SEEDS)} seeds"
    detail.plot([], [], color="black", linestyle="none", label=label, **THREE_MARKER)
    detail.plot([], [], color="black", linestyle="none", label="the paper's", **PAPER_MARKER)
    figure.legend(loc="outside upper center", ncols=3, fontsize="small", frameon=False)
    return figure


def draw_outcomes(analysis: Analysis) -> Figure:
    """Interquartile mean, area under the learning curve, and probability of improvement, as intervals."""
    rows = analysis.outcomes.set_index("setting").round(DIGITS)
    figure = Figure(figsize=(11, 1.1 + 0.32 * len(rows)), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    improvement = analysis.improvement.set_index("setting").round(DIGITS)
    whole = improvement[improvement["environment"] == "all"].drop(columns="environment")
    for panel, title, values in (
        (panels[0], "interquartile mean", rows[["iqm", "iqm_low", "iqm_high"]]),
        (panels[1], "mean over time", rows[["area", "area_low", "area_high"]]),
        (panels[2], f"probability of improvement over {BASELINE}", whole.reindex(rows.index)),
    ):
        draw_intervals(panel, values, analysis)
        panel.set_title(title, fontsize="medium")
    panels[2].axvline(0.5, color="grey", linewidth=0.8)
    panels[2].set_xlim(0, 1)
    return figure


def draw_intervals(
    panel: Axes, values: pd.DataFrame, analysis: Analysis, unreliable: frozenset[str] = frozenset()
) -> None:
    """One line a setting of a table indexed by it, with value, low and high; unreliable ones dotted."""
    look_of, settings = looks(analysis.settings), list(analysis.table["setting"])
    for setting, value, low, high in values.itertuples():
        line, shade, marker = settings.index(setting), look_of[setting].colour, look_of[setting].marker
        style: dict[str, Any] = {"linestyle": ":" if setting in unreliable else "-", "solid_capstyle": "butt"}
        panel.plot([low, high], [line, line], color=shade, linewidth=3, **style)
        panel.plot(value, line, marker, color=shade, markersize=7)
    panel.set_yticks(range(len(settings)), [analysis.settings[name].label for name in settings])
    panel.set_ylim(len(settings) - 0.4, -0.6)
    panel.grid(axis="x", linewidth=0.4)


def draw_environments(analysis: Analysis) -> Figure:
    """The normalized scores of all runs (markers) and their mean (line): a panel per environment.

    Runs that are off the scale (`is_off_scale`) are counted beside an arrow.
    """
    names, settings = analysis.grid.environments, list(analysis.table["setting"])
    runs, look_of = analysis.grid.only(settings).normalized().round(DIGITS), looks(analysis.settings)
    size = (2.2, 0.8 + 0.24 * len(settings))
    figure, panels = wrap_panels(len(names), COLUMNS, size, margin=(1.8, 0), sharey=True)
    for environment_index, (panel, name) in enumerate(zip(panels, names, strict=True)):
        scores = [each[np.isfinite(each)] for each in runs[:, environment_index]]
        off = is_off_scale([each.mean() if len(each) else np.nan for each in scores])
        kept = np.concatenate([each for each, is_off in zip(scores, off, strict=True) if not is_off])
        low, high = show_range([*kept[~is_off_scale(kept)], 0, 1])
        panel.set_xlim(low, high)
        for line, (setting, values) in enumerate(zip(settings, scores, strict=True)):
            shown, look = values[values >= low], look_of[setting]
            style: dict[str, Any] = {"color": look.colour, "markersize": 4, "alpha": 0.7}
            panel.plot(shown, np.full(len(shown), line), look.marker, **style)
            if len(shown) < len(values):
                mark_left(panel, line, look.colour, format_count(len(values) - len(shown), "run"))
            middle = [values.mean().round(DIGITS)] * 2 if len(values) else []
            panel.plot(middle, [line - 0.35, line + 0.35][: len(middle)], color=look.colour, linewidth=2)
        for end in (0, 1):
            panel.axvline(end, color="grey", linewidth=0.8, zorder=0)
        panel.set_title(without_version(name), fontsize="medium")
        panel.grid(axis="x", linewidth=0.4)
    panels[0].set_yticks(range(len(settings)), [analysis.settings[setting].label for setting in settings])
    panels[0].invert_yaxis()
    figure.supxlabel("normalized score: 0 is random, 1 the best run", fontsize="medium")
    return figure


def draw_by_seeds(analysis: Analysis) -> Figure:
    """Score and 95 % interval of the first seeds, by their number: a panel per family.

    The panels share a vertical range, but for that of the unconstrained setting, which lies far below.
    """
    last_intervals: dict[Axes, list[Floats]] = {}
    alone: set[Axes] = set()

    def draw(panel: Axes, runs: Floats, look: Look, setting: Setting) -> None:
        counts = np.arange(1.0, runs.shape[-1] + 1)
        estimates = [estimate_mean(runs[:, : int(count)]) for count in counts]
        _curve(panel, counts, estimates, look, setting.label)
        last_intervals.setdefault(panel, []).append(np.stack(estimates[-1].interval))
        if setting.name == UNCONSTRAINED:
            alone.add(panel)

    figure = _by_family(analysis, draw)
    figure.supxlabel("number of seeds", fontsize="medium")
    figure.supylabel("average normalized score", fontsize="medium")
    for group in (alone, last_intervals.keys() - alone):
        lines = [line.get_ydata() for panel in group for line in panel.lines]
        intervals = [interval for panel in group for interval in last_intervals[panel]]
        for panel in group:
            panel.set_xlim(1, None)
            panel.xaxis.set_major_locator(MaxNLocator(integer=True))
            shown = np.concatenate([*lines, *intervals])
            panel.set_ylim(np.nanmin(shown) - 0.15, np.nanmax(shown) + 0.15)
    return figure


def draw_profiles(analysis: Analysis) -> Figure:
    """The share of runs that score more than a threshold, with pointwise 95 % bands: a panel per family."""

    def draw(panel: Axes, runs: Floats, look: Look, setting: Setting) -> None:
        beyond = [np.where(np.isnan(runs), np.nan, runs > threshold) for threshold in THRESHOLDS]
        _curve(panel, THRESHOLDS, [estimate_mean(each) for each in beyond], look, setting.label)

    figure = _by_family(analysis, draw)
    figure.supxlabel("normalized score", fontsize="medium")
    figure.supylabel("share of runs that score more", fontsize="medium")
    for panel in figure.axes:
        panel.set_xlim(0, 1)
        panel.set_ylim(0, 1)
    return figure


def _by_family(analysis: Analysis, draw: Callable[[Axes, Floats, Look, Setting], None]) -> Figure:
    """A panel per family, in which `draw` draws the runs of each member, `[environment, run]`."""
    families: dict[str, list[str]] = {}
    for name in analysis.table["setting"]:
        families.setdefault(analysis.settings[name].family, []).append(name)
    look_of = looks(analysis.settings)
    figure, panels = wrap_panels(len(families), 2, (4.5, 3.2), margin=(0, 0.4))
    for panel, members in zip(panels, families.values(), strict=True):
        for name in members:
            runs = analysis.grid.only([name]).normalized()[0]
            draw(panel, runs, look_of[name], analysis.settings[name])
        panel.grid(linewidth=0.4)
        panel.legend(fontsize="small", loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False)
    return figure


def _curve(panel: Axes, positions: Floats, estimates: list[Estimate], look: Look, label: str) -> None:
    """Estimates with their intervals along an axis."""
    low, high = np.transpose([each.interval for each in estimates]).round(DIGITS)
    values = np.array([each.value for each in estimates]).round(DIGITS)
    panel.plot(positions, values, look.line, color=look.colour, linewidth=1.5, label=label)
    panel.fill_between(positions, low, high, color=look.colour, alpha=0.15, linewidth=0)


def draw_differences(analysis: Analysis) -> Figure:
    """Every setting's score less every other's; bold and starred where the corrected test is significant."""
    settings = list(analysis.table["setting"])
    values = np.full((len(settings), len(settings)), np.nan)
    texts = np.full(values.shape, "", object)
    shown = analysis.pairs[["setting", "other"]].isin(settings).all(axis=1)
    for row in analysis.pairs[shown].dropna(subset="difference").itertuples():
        a, b = settings.index(row.setting), settings.index(row.other)
        for cell, value in (((a, b), row.difference), ((b, a), -row.difference)):
            values[cell], texts[cell] = value, f"{value:+z.2f}" + "*" * (row.p_holm < ALPHA)
    figure = Figure(figsize=(10, 1.9 + 0.42 * len(settings)), layout="constrained")
    labels = [analysis.settings[name].label for name in settings]
    panel = figure.subplots()
    ends = (-LARGEST_DIFFERENCE, LARGEST_DIFFERENCE)
    _matrix(panel, values, texts.tolist(), labels, labels, "PuOr", ends)
    panel.set_title("score of the row less that of the column", fontsize="medium")
    return figure


def draw_variance(analysis: Analysis) -> Figure:
    """The share of the variance of a setting's score that each environment brings."""
    table = analysis.returns.pivot(index="setting", columns="environment", values="variance_share")
    values = table.loc[list(analysis.table["setting"])].to_numpy()
    texts = [["" if np.isnan(value) else f"{100 * value:.0f} %" for value in row] for row in values]
    figure = Figure(figsize=(9, 1.3 + 0.36 * len(values)), layout="constrained")
    rows = [analysis.settings[name].label for name in analysis.table["setting"]]
    columns = [without_version(name) for name in table]
    panel = figure.subplots()
    _matrix(panel, values, texts, rows, columns, "Blues", (0, 1))
    panel.set_title("share of the variance of the score", fontsize="medium")
    return figure


def _matrix(
    panel: Axes,
    values: Floats,
    texts: list[list[str]],
    rows: list[str],
    columns: list[str],
    colours: str,
    ends: tuple[float, float],
) -> None:
    """Cells with their texts; white on dark colours."""
    mesh = panel.pcolormesh(values.round(DIGITS), cmap=colours, vmin=ends[0], vmax=ends[1])
    shades = mesh.to_rgba(np.nan_to_num(values))[..., :3] @ (0.3, 0.6, 0.1)
    style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 8, "in_layout": False}
    for row, column in np.ndindex(values.shape):
        text = texts[row][column]
        style["color"] = "white" if shades[row, column] < 0.5 else "black"
        style["weight"] = "bold" if text.endswith("*") else "normal"
        panel.text(column + 0.5, row + 0.5, text, **style)
    panel.set_xticks(np.arange(len(columns)) + 0.5, columns, rotation=35, ha="right", fontsize="small")
    panel.set_yticks(np.arange(len(rows)) + 0.5, rows, fontsize="small")
    panel.invert_yaxis()
