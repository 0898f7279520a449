"""The figure of the variants: what each moves, with large panels for the settings that all variants have."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from bench.protocol.settings import SETTINGS, in_table_order
from bench.report.appearance import Colour
from bench.report.off_scale import FAR_BELOW, OFF_SCALE, mark_left, show_range
from bench.report.score_figures import DIGITS
from bench.scores.estimates import ALPHA
from bench.scores.variants import VariantTables

BLACK: Colour = (0, 0, 0)
LARGE_COLUMNS, SMALL_COLUMNS = 3, 4
WIDTH = 10.0


def draw_differences(variants: VariantTables) -> Figure:
    """The differences from the default as intervals: a panel for each setting, a line for each variant.

    The settings that have the most variants come first, in large panels; the others follow in small ones, on
    one axis. A filled dot is significant after correction. A difference beyond ±`FAR_BELOW` is an arrow.
    Without any difference the figure says so.
    """
    table = variants.table.dropna(subset="difference").round(DIGITS)
    if table.empty:
        figure = Figure(figsize=(WIDTH, 0.8))
        figure.text(0.5, 0.5, "no score can be compared with the default yet", ha="center")
        return figure
    counts = table["setting"].value_counts()
    most = set(counts.index[counts == counts.max()])
    parts = [(table[table["setting"].isin(most)], LARGE_COLUMNS)]
    if len(most) < len(counts):
        parts.append((table[~table["setting"].isin(most)], SMALL_COLUMNS))
    heights = [_height(part, columns) for part, columns in parts]
    figure = Figure(figsize=(WIDTH, 0.5 + sum(heights)), layout="constrained")
    blocks = figure.subfigures(len(parts), 1, squeeze=False, height_ratios=heights).flatten()
    for block, (part, columns) in zip(blocks, parts, strict=True):
        _draw_block(block, part, columns, variants.names, sharex=columns == SMALL_COLUMNS)
    figure.supxlabel(
        "score less that of the default, with 95 % interval; filled: significant after correction",
        fontsize="medium",
    )
    return figure


def _height(part: pd.DataFrame, columns: int) -> float:
    """Of a block in inches."""
    rows = -(-part["setting"].nunique() // columns)
    return float(rows * (0.65 + 0.24 * part["variant"].nunique()))


def _draw_block(
    block: SubFigure, part: pd.DataFrame, columns: int, names: Sequence[str], *, sharex: bool
) -> None:
    settings, present = in_table_order(part["setting"]), set(part["variant"])
    shown = [name for name in names if name in present]
    columns = min(columns, len(settings))
    grid = block.subplots(-(-len(settings) // columns), columns, squeeze=False, sharey=True, sharex=sharex)
    panels = grid.flatten()
    for panel, setting in zip(panels, settings, strict=False):
        _draw_setting(panel, part[part["setting"] == setting], shown)
        panel.set_title(SETTINGS[setting].label, fontsize="medium")
    for empty in panels[len(settings) :]:
        empty.axis("off")
    if sharex:
        panels[0].set_xlim(_limits(part))
    panels[0].set_yticks(range(len(shown)), shown)
    panels[0].set_ylim(len(shown) - 0.4, -0.6)


def _draw_setting(panel: Axes, rows: pd.DataFrame, shown: Sequence[str]) -> None:
    panel.axvline(0, color="grey", linewidth=0.8)
    panel.set_xlim(_limits(rows))
    for row in rows.itertuples():
        height, face = shown.index(row.variant), "black" if row.p_holm < ALPHA else "white"
        panel.hlines(height, row.low, row.high, color="black", linewidth=1.8)
        if abs(row.difference) <= FAR_BELOW:
            panel.plot(row.difference, height, "o", color="black", markerfacecolor=face, markersize=6)
        else:
            mark_left(panel, height, BLACK, OFF_SCALE)
    panel.grid(axis="x", alpha=0.3)
    panel.tick_params(axis="x", labelsize="small")


def _limits(rows: pd.DataFrame) -> tuple[float, float]:
    """Those of the intervals of which the differences are not off the scale."""
    kept = rows[rows["difference"].abs() <= FAR_BELOW]
    ends = kept[["low", "high"]].clip(-FAR_BELOW, FAR_BELOW)
    return show_range(np.append(ends.to_numpy(), 0))
