"""Figures of scores: the table as intervals, and all runs by environment."""

import numpy as np
from matplotlib.figure import Figure

from bench.appearance import colour
from bench.protocol import SETTINGS, in_table_order
from bench.report import Report
from bench.scores import normalize

COLUMNS = 4


def table(report: Report) -> Figure:
    """The rows' scores with their intervals, and the paper's beside them."""
    rows = report.table
    places = np.arange(len(rows))
    figure = Figure(figsize=(7.5, 1.3 + 0.36 * len(rows)), layout="constrained")
    axes = figure.subplots()
    for place, row in zip(places, rows.itertuples(), strict=True):
        shade = colour(str(row.setting))
        axes.plot([row.ci_low, row.ci_high], [place, place], color=shade, linewidth=3, solid_capstyle="butt")
        axes.plot(row.score, place, "o", color=shade, markersize=7)
        axes.plot(row.paper_score, place, "D", color="black", fillstyle="none", markersize=6)
    axes.plot([], [], "o-", color="grey", linewidth=3, label="ours, 95 % interval")
    axes.plot([], [], "D", color="black", fillstyle="none", linestyle="none", label="the paper's")
    axes.set_yticks(places, rows["algorithm"])
    axes.invert_yaxis()
    axes.set_xlabel("average normalized score")
    axes.grid(axis="x", linewidth=0.4)
    figure.legend(loc="outside upper center", ncols=2, fontsize="small", frameon=False)
    return figure


def environments(report: Report) -> Figure:
    """The normalized scores of all runs (dots) and their mean (line): a panel per environment."""
    scores = normalize(report.scores, report.references)
    names = list(dict.fromkeys(scores["environment"]))
    settings = in_table_order(scores["setting"])
    columns = min(COLUMNS, len(names))
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(1.8 + 2.2 * columns, rows * (0.8 + 0.24 * len(settings))), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for panel, name in zip(axes.flatten(), names, strict=False):
        for place, setting in enumerate(settings):
            chosen = (scores["environment"] == name) & (scores["setting"] == setting)
            values, shade = scores.loc[chosen, "normalized"], colour(setting)
            panel.plot(values, np.full(len(values), place), "o", color=shade, markersize=4, alpha=0.7)
            panel.plot([values.mean()] * 2, [place - 0.35, place + 0.35], color=shade, linewidth=2)
        panel.set_title(name.removesuffix("-v4"), fontsize="medium")
        panel.grid(axis="x", linewidth=0.4)
    for empty in axes.flatten()[len(names) :]:
        empty.axis("off")
    axes[0, 0].set_yticks(range(len(settings)), [SETTINGS[setting].algorithm for setting in settings])
    axes[0, 0].invert_yaxis()
    figure.supxlabel("normalized score: 0 is random, 1 the best run", fontsize="medium")
    return figure
