"""One rule of what is off the scale of a panel, so that a few runs far below all others don't hide these."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import Transform
from numpy.typing import ArrayLike, NDArray

from bench.report.appearance import Colour

# Off the scale is what lies more than this many times as far below uniform actions as the best lies above.
FAR_BELOW = 3.0
MARGIN = 0.06
# What stands for a number that would tell only how far the lowest runs fell.
OFF_SCALE = "off the scale"


def is_off_scale(values: ArrayLike, random: float = 0.0, best: float = 1.0) -> NDArray[np.bool_]:
    """Whether each of these is off the scale.

    Nothing is off the scale where nothing is above uniform actions, or where half of the values would be.

    random, best: what uniform actions return and the best returns; by default for normalized scores.
    """
    below = np.asarray(values) < random - FAR_BELOW * (best - random)
    return below & (best > random) & (below.mean() < 0.5)


def show_range(values: ArrayLike) -> tuple[float, float]:
    """The limits of a panel that shows these, with a margin."""
    low, high = np.nanmin(values), np.nanmax(values)
    margin = MARGIN * (high - low) or 1
    return float(low - margin), float(high + margin)


def mark_left(panel: Axes, height: float, colour: Colour, text: str) -> None:
    """An arrow at the left border, because something lies beyond it, and beside the arrow a text."""
    _mark(panel, (0.03, height), r"$\leftarrow$", colour, panel.get_yaxis_transform(), text)


def mark_below(panel: Axes, position: float, colour: Colour) -> None:
    """An arrow at the lower border, where a curve leaves the panel."""
    _mark(panel, (position, 0.05), r"$\downarrow$", colour, panel.get_xaxis_transform(), OFF_SCALE)


def _mark(
    panel: Axes, at: tuple[float, float], arrow: str, colour: Colour, across: Transform, text: str
) -> None:
    panel.plot(*at, marker=arrow, color=colour, markersize=11, transform=across, zorder=4)
    beside: dict[str, Any] = {"xytext": (9, 0), "textcoords": "offset points", "va": "center"}
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
    panel.annotate(text, at, xycoords=across, color=colour, fontsize="small", bbox=paper, zorder=4, **beside)
