"""Panels wrap, and no more than asked for are shown."""

import pytest

from bench.report.panels import wrapped


@pytest.mark.parametrize(
    ("count", "columns", "rows"), [(1, 1, 1), (3, 3, 1), (4, 4, 1), (5, 4, 2), (8, 4, 2), (11, 4, 3)]
)
def test_panels_are_wrapped(count: int, columns: int, rows: int) -> None:
    figure, panels = wrapped(count, 4, (3.0, 2.0), margin=(1.0, 0.5), sharey=True)
    assert figure.get_size_inches().tolist() == [1 + 3 * columns, 0.5 + 2 * rows]
    assert len(panels) == count
    assert [panel for panel in figure.axes if panel.axison] == panels
