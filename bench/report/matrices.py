"""Figures with a number in each cell: differences between settings, and variance by environment."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.protocol.environments import without_version
from bench.report.score_figures import DIGITS
from bench.scores.estimates import ALPHA
from bench.scores.report import Report
from bench.scores.scale import Floats

# Colours end here: beyond, differences are as dark as they get.
LARGEST_DIFFERENCE = 0.25


def differences(report: Report) -> Figure:
    """Every setting's score less every other's; bold and starred where the corrected test is significant."""
    settings = list(report.table["setting"])
    values, significant = (np.full((len(settings), len(settings)), blank) for blank in (np.nan, 0))
    for row in report.pairs.itertuples():
        if {row.setting, row.other} <= set(settings):
            a, b = settings.index(row.setting), settings.index(row.other)
            values[a, b], values[b, a] = row.difference, -row.difference
            significant[a, b] = significant[b, a] = row.p_holm < ALPHA
    texts = [
        [
            "" if np.isnan(value) else f"{value:+z.2f}" + "*" * starred
            for value, starred in zip(*row, strict=True)
        ]
        for row in zip(values, significant, strict=True)
    ]
    figure = Figure(figsize=(10, 1.9 + 0.42 * len(settings)), layout="constrained")
    labels = [report.settings[name].label for name in settings]
    panel = figure.subplots()
    _matrix(panel, values, texts, labels, labels, "PuOr", (-LARGEST_DIFFERENCE, LARGEST_DIFFERENCE))
    panel.set_title("score of the row less that of the column", fontsize="medium")
    return figure


def variance(report: Report) -> Figure:
    """The share of the variance of a setting's score that each environment brings."""
    table = report.returns.pivot(index="setting", columns="environment", values="variance_share")
    values = table.loc[list(report.table["setting"])].to_numpy()
    texts = [["" if np.isnan(value) else f"{100 * value:.0f} %" for value in row] for row in values]
    figure = Figure(figsize=(9, 1.3 + 0.36 * len(values)), layout="constrained")
    rows = [report.settings[name].label for name in report.table["setting"]]
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
