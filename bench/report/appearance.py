"""How figures look: colour and marker of a family of settings, shades and lines of its members; panels."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from bench.protocol.settings import PAPER_SETTINGS, SETTINGS, Setting, in_table_order

# Hues of the Okabe-Ito palette, safe for the colour-blind: of the paper's families, in the table's order.
# Each colour has a contrast of at least 3 to 1 to white, as WCAG 2 asks of graphics.
PAPER_COLOURS = ("#000000", "#D55E00", "#009E73", "#0072B2")
# Other families take these in the order of their names, and with more families than colours begin again.
OTHER_COLOURS = ("#B8558B", "#A87900", "#2E8FC0", "#8C564B", "#7B3294", "#6E6E00")
LINES = ("-", "--", ":", "-.")
PAPER_MARKERS = ("o", "s", "^", "D")
# Their number has no divisor in common with that of the colours: thirty families differ in one of the two.
OTHER_MARKERS = ("v", "P", "X", "*", "h")
MARKERS = PAPER_MARKERS + OTHER_MARKERS
# How far a member's colour goes towards black, so that print tells them apart too. Their number has no
# divisor in common with that of the lines: twelve members differ in one of the two.
SHADES = (0.0, 0.25, 0.45)

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
    in_the_paper = list(dict.fromkeys(SETTINGS[name].family for name in PAPER_SETTINGS))
    others = sorted(members.keys() - set(in_the_paper))
    found = {}
    for families, colours, markers in (
        (in_the_paper, PAPER_COLOURS, PAPER_MARKERS),
        (others, OTHER_COLOURS, OTHER_MARKERS),
    ):
        for number, family in enumerate(families):
            base = colours[number % len(colours)]
            for index, name in enumerate(members[family]):
                turn = index // (len(LINES) * len(SHADES))
                marker = markers[(number + turn) % len(markers)]
                shade = SHADES[index % len(SHADES)]
                found[name] = Look(_darkened(base, shade), LINES[index % len(LINES)], marker)
    return found


def _darkened(base: str, shade: float) -> Colour:
    red, green, blue = (part * (1 - shade) for part in to_rgb(base))
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
