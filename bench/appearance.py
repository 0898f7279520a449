"""How the rows of the table look in every figure: a colour for a family, shades and lines for its members."""

from matplotlib.colors import to_rgb

from bench.protocol import PAPER_SETTINGS, SETTINGS

# Hues of the Okabe-Ito palette, safe for the colour-blind.
FAMILY_COLOURS = {
    "no-clip": "#000000",
    "clip": "#D55E00",
    "adaptive-kl": "#009E73",
    "fixed-kl": "#0072B2",
    "own": "#CC79A7",
}
MEMBER_STYLES = ("-", "--", ":", "-.")
# How far each member's colour goes towards white, so that print tells them apart too.
MEMBER_TINTS = (0.0, 0.25, 0.45, 0.6)

Colour = tuple[float, float, float]


def colour(setting: str) -> Colour:
    """The colour of a row."""
    base, tint = to_rgb(FAMILY_COLOURS[family(setting)]), MEMBER_TINTS[_place(setting)]
    red, green, blue = (part + (1 - part) * tint for part in base)
    return red, green, blue


def line_style(setting: str) -> str:
    """The line style of a row."""
    return MEMBER_STYLES[_place(setting)]


def family(setting: str) -> str:
    """The kind of objective: no-clip, clip, adaptive-kl, fixed-kl, or own for what the paper doesn't have."""
    if setting not in PAPER_SETTINGS:
        return "own"
    return setting if setting in FAMILY_COLOURS else setting.rpartition("-")[0]


def _place(setting: str) -> int:
    members = [name for name in SETTINGS if family(name) == family(setting)]
    return members.index(setting) % len(MEMBER_STYLES)
