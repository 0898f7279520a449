"""Settings far below all others don't hide these: panels end above them, and an arrow stands for them."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from bench.protocol.settings import SETTINGS
from bench.report.curves import draw_learning_curves
from bench.report.off_scale import is_off_scale

TIMES = np.arange(1, 21) * 50_000
ARROW = r"$\downarrow$"


def runs(last: dict[str, float], spread: float = 0.1) -> pd.DataFrame:
    """Three runs a setting in Reacher, from -100 at first in a straight line to their last return."""
    tables = []
    for setting, end in last.items():
        for seed in range(3):
            returns = np.linspace(-100, end, len(TIMES)) + spread * (seed - 1)
            keys = {"environment": "Reacher-v4", "setting": setting, "seed": seed}
            tables.append(pd.DataFrame({**keys, "timesteps": TIMES, "return_last100": returns}))
    return pd.concat(tables)


def draw(last: dict[str, float], spread: float = 0.1) -> Axes:
    random = pd.Series({"Reacher-v4": -43.0})
    return draw_learning_curves(runs(last, spread), random, SETTINGS).axes[0]


def arrows(panel: Axes) -> list[float]:
    return [float(line.get_xdata()[0]) for line in panel.lines if line.get_marker() == ARROW]  # type: ignore[index,arg-type]


def test_only_what_lies_more_than_three_times_as_far_below_is_off_the_scale() -> None:
    assert is_off_scale([1.0, 0.5, -2.9, -3.1]).tolist() == [False, False, False, True]
    # In units of returns: 38 above uniform actions, and so 114 below them.
    assert is_off_scale([-5, -20, -156, -158], -43, -5).tolist() == [False, False, False, True]


@pytest.mark.parametrize("random", [2.0, np.nan])
def test_nothing_is_off_the_scale_where_nothing_is_above_uniform_actions_or_known_of_them(
    random: float,
) -> None:
    assert not is_off_scale([1.0, 0.5, -100.0], random, 1.0).any()


def test_nothing_is_off_the_scale_where_half_would_be() -> None:
    assert not is_off_scale([1.0, -50.0]).any()


def test_a_curve_far_below_leaves_the_panel_at_an_arrow() -> None:
    panel = draw({"clip-0.1": -5, "clip-0.2": -6, "no-clip": -500})
    low, high = panel.get_ylim()
    # At a tenth of the time the others return -95, and there is a margin below.
    assert -101 < low < -99
    assert -5 < high < 1
    (left,) = arrows(panel)
    assert left == TIMES[1]


def test_a_curve_that_is_not_far_below_is_shown_whole() -> None:
    panel = draw({"clip-0.1": -5, "clip-0.2": -6, "no-clip": -150})
    assert panel.get_ylim()[0] < -150
    assert arrows(panel) == []


def test_a_band_that_fills_a_panel_is_left_out() -> None:
    last = {"clip-0.1": -5.0, "clip-0.2": -6.0}
    assert len(draw(last).collections) == 2
    assert len(draw(last, spread=20).collections) == 0
