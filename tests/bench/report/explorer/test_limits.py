"""The limits of a panel: they follow what is shown, and can be changed."""

import json

import pytest

from tests.helpers.browser import Page
from tests.helpers.explorer_page import IN_CHROMIUM, click, count

pytestmark = IN_CHROMIUM

PANEL = "#panels figure:nth-child(1)"


def limits(page: Page) -> list[float]:
    """Left, right, bottom and top of the first panel."""
    found = page.evaluate("views[0].scale('x').domain().concat(views[0].scale('y').domain())")
    assert len(found) == 4
    return [float(number) for number in found]


def limits_of(page: Page, curves: dict[str, list[float]], **more: list[float]) -> list[float]:
    """Bottom and top of a panel of these means, and of these values of single runs."""
    means = [
        {"setting": name, "timesteps": index, "mean": mean}
        for name, values in curves.items()
        for index, mean in enumerate(values)
    ]
    seeds = [{"value": value} for value in more.get("seeds", [])]
    rows = json.dumps({"means": means, "seeds": seeds, "bands": [], "reference": []})
    found = page.evaluate(f"limitsOf({{logarithmic: false}}, {rows})")
    return [found["bottom"], found["top"]]


def test_limits_by_hand(page: Page) -> None:
    usual = {name: [float(number) for number in range(101)] for name in ("a", "b", "c")}
    assert limits_of(page, usual) == pytest.approx([-4, 104])
    # Neither a curve nor a run that is far off moves them; near ones do.
    assert limits_of(page, {**usual, "d": [-5e4] * 101}, seeds=[1e6]) == pytest.approx([-4, 104])
    assert limits_of(page, {**usual, "d": [-100.0] * 101}) == pytest.approx([-108, 108])
    # Of two or three each is usual; what is constant has limits, too.
    assert limits_of(page, {"a": [0.0] * 9, "b": [100.0] * 9}) == pytest.approx([-4, 104])
    assert limits_of(page, {"a": [0.0] * 9, "b": [50.0] * 9, "c": [100.0] * 9}) == pytest.approx([-4, 104])
    assert limits_of(page, {"a": [5.0] * 9}) == pytest.approx([4.8, 5.2])


def test_hidden_runs_move_no_axis_and_shown_ones_do(page: Page) -> None:
    click(page, "#intervals")
    hidden = limits(page)
    assert page.evaluate("rowsOf(chosenNow(), DATA.environments[0]).seeds.length") == 0
    click(page, "#single")
    shown = limits(page)
    assert shown[2] < hidden[2]
    assert shown[3] > hidden[3]


def test_a_curve_that_is_far_off_leaves_with_an_arrow(page: Page) -> None:
    """The own setting's returns are far below all others."""
    panel = "#panels figure:nth-child(2)"
    assert count(page, f"{panel} .below_marks path") == 1
    assert count(page, f"{panel} .above_marks path") == 0
    moved = page.evaluate(f"document.querySelector('{panel} .below_marks path').getAttribute('transform')")
    height = page.evaluate("views[1].height()")
    assert height - 10 < float(moved.rstrip(")").split(",")[1]) < height


def test_zoom_by_wheel_drag_and_keys(page: Page) -> None:
    whole = limits(page)
    x, y = page.middle(f"{PANEL} .plot")
    page.turn_wheel(x, y, -100)
    assert limits(page) == whole  # without Ctrl the page is scrolled
    page.turn_wheel(x, y, -100, with_ctrl=True)
    zoomed = limits(page)
    assert zoomed[1] - zoomed[0] == pytest.approx((whole[1] - whole[0]) / 1.25)
    assert zoomed[3] - zoomed[2] == pytest.approx((whole[3] - whole[2]) / 1.25)
    page.drag((x, y), (x, y + 10))
    dragged = limits(page)
    assert dragged[:2] == pytest.approx(zoomed[:2])
    assert dragged[3] > zoomed[3]
    page.press("0", "0")
    assert limits(page) == whole
    page.press("+", "+")
    assert limits(page)[1] < whole[1]
