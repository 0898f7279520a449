"""The panels of a figure, wrapped so that it can be read on a page."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure


def wrapped(
    count: int,
    columns: int,
    panel: tuple[float, float],
    margin: tuple[float, float] = (0, 0),
    *,
    sharey: bool = False,
) -> tuple[Figure, list[Axes]]:
    """A figure and its `count` panels, in rows of at most `columns`; the rest of the last row is blank.

    panel, margin: width and height in inches, of a panel and of what the figure has beside its panels.
    sharey: whether all panels have one vertical axis, with labels in the first column.
    """
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    size = (margin[0] + panel[0] * columns, margin[1] + panel[1] * rows)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharey=sharey).flatten().tolist()
    for empty in panels[count:]:
        empty.axis("off")
    return figure, panels[:count]
