"""How figures look: a colour for a family of settings; shades, lines and markers for its members; panels."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from bench.protocol.settings import PAPER_SETTINGS, SETTINGS, Setting, in_table_order

# Hues of the Okabe-Ito palette, safe for the colour-blind: of the paper's families, in the table's order.
PAPER_COLOURS = ("#000000", "#D55E00", "#009E73", "#0072B2")
# Other families take these in the order of their names, and with more families than colours begin again.
OTHER_COLOURS = ("#CC79A7", "#E69F00", "#56B4E9", "#8C564B", "#7B3294", "#8A8A00")
LINES = ("-", "--", ":", "-.")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
# A family of up to twelve members needs three, with four lines each.
MARKERS_OF_A_FAMILY = 3
# How far each member's colour goes towards white, so that print tells them apart too.
TINTS = (0.0, 0.25, 0.45, 0.6)

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Look:
    """How a setting looks. No two settings of a figure have all three alike."""

    colour: Colour
    line: str
    marker: str


def looks(settings: Mapping[str, Setting]) -> dict[str, Look]:
    """The look of each of these settings, and of the paper's: by its family and its index there."""
    known = {name: SETTINGS[name] for name in PAPER_SETTINGS} | dict(settings)
    members: dict[str, list[str]] = {}
    for name in in_table_order(known):
        members.setdefault(known[name].family, []).append(name)
    families = dict.fromkeys(SETTINGS[name].family for name in PAPER_SETTINGS)
    colour_of = dict(zip(families, PAPER_COLOURS, strict=True))
    others = sorted(members.keys() - colour_of.keys())
    found = {}
    for family, names in members.items():
        number = others.index(family) if family in others else 0
        base = colour_of.get(family, OTHER_COLOURS[number % len(OTHER_COLOURS)])
        # A family that shares its colour with an earlier one begins with other markers.
        first = number // len(OTHER_COLOURS) * MARKERS_OF_A_FAMILY
        for index, name in enumerate(names):
            turn, style = divmod(index, len(LINES))
            marker = MARKERS[(first + turn) % len(MARKERS)]
            found[name] = Look(_tinted(base, TINTS[style]), LINES[style], marker)
    return found


def _tinted(base: str, tint: float) -> Colour:
    red, green, blue = (part + (1 - part) * tint for part in to_rgb(base))
    return red, green, blue


def wrap_panels(
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
