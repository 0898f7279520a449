"""Figures of scores: the table as intervals, and all runs by environment."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.protocol.environments import without_version
from bench.protocol.settings import UNCONSTRAINED, in_table_order
from bench.report.appearance import Look, looks
from bench.scores.report import Report
from bench.scores.scale import normalize

COLUMNS = 4
PAPER_MARKER: dict[str, Any] = {"marker": "D", "fillstyle": "none", "markersize": 5}


def table(report: Report) -> Figure:
    """The rows' scores with their intervals, and the paper's below them: all rows, and the constrained."""
    # The last bits of means may differ between processors, and an SVG's names with them.
    rows = report.table.round(9)
    constrained = rows[rows["setting"] != UNCONSTRAINED]
    figure = Figure(figsize=(9, 1.3 + 0.36 * len(rows)), layout="constrained")
    whole, detail = figure.subplots(1, 2, sharey=True, width_ratios=(1, 2))
    look_of = looks(report.settings)
    for panel, shown in ((whole, rows), (detail, constrained)):
        _intervals(panel, shown, look_of)
        panel.set_xlabel("average normalized score")
        panel.grid(axis="x", linewidth=0.4)
    whole.set_title("all rows", fontsize="medium")
    detail.set_title("the constrained rows, enlarged", fontsize="medium")
    whole.set_yticks(rows.index, rows["algorithm"])
    whole.invert_yaxis()
    detail.plot([], [], "o-", color="grey", linewidth=3, label="ours, 95 % interval")
    detail.plot([], [], color="black", linestyle="none", label="the paper's", **PAPER_MARKER)
    figure.legend(loc="outside upper center", ncols=2, fontsize="small", frameon=False)
    return figure


def _intervals(panel: Axes, rows: pd.DataFrame, look_of: Mapping[str, Look]) -> None:
    for row in rows.itertuples():
        place, shade = row.Index, look_of[str(row.setting)].colour
        panel.plot([row.ci_low, row.ci_high], [place, place], color=shade, linewidth=3, solid_capstyle="butt")
        panel.plot(row.score, place, "o", color=shade, markersize=7)
        panel.plot(row.paper_score, place + 0.28, color="black", **PAPER_MARKER)


def environments(report: Report) -> Figure:
    """The normalized scores of all runs (dots) and their mean (line): a panel per environment."""
    scores = normalize(report.scores, report.references)
    names = list(dict.fromkeys(scores["environment"]))
    settings, look_of = in_table_order(scores["setting"]), looks(report.settings)
    columns = min(COLUMNS, len(names))
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(1.8 + 2.2 * columns, rows * (0.8 + 0.24 * len(settings))), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for panel, name in zip(axes.flatten(), names, strict=False):
        for place, setting in enumerate(settings):
            chosen = (scores["environment"] == name) & (scores["setting"] == setting)
            values, shade = scores.loc[chosen, "normalized"], look_of[setting].colour
            panel.plot(values, np.full(len(values), place), "o", color=shade, markersize=4, alpha=0.7)
            panel.plot([values.mean()] * 2, [place - 0.35, place + 0.35], color=shade, linewidth=2)
        for end in (0, 1):
            panel.axvline(end, color="grey", linewidth=0.8, zorder=0)
        panel.set_title(without_version(name), fontsize="medium")
        panel.grid(axis="x", linewidth=0.4)
    for empty in axes.flatten()[len(names) :]:
        empty.axis("off")
    axes[0, 0].set_yticks(range(len(settings)), [report.settings[setting].label for setting in settings])
    axes[0, 0].invert_yaxis()
    figure.supxlabel("normalized score: 0 is random, 1 the best run", fontsize="medium")
    return figure
