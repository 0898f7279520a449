"""The figures of the results: how they look, and their files."""

import io
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from bench.common.files import write_whole
from bench.report.curves import draw_diagnostics, draw_learning_curves
from bench.report.score_figures import (
    draw_by_seeds,
    draw_differences,
    draw_environments,
    draw_outcomes,
    draw_profiles,
    draw_table1,
    draw_variance,
)
from bench.scores.report import Report

# So that the same runs give the same bytes.
DETERMINISTIC: Any = {"svg.hashsalt": "table1", "svg.fonttype": "path"}
DOTS_PER_INCH = 150


def write_figures(report: Report, folder: Path) -> None:
    """Write all figures of a report into `figures/`."""
    figures = {
        "table1": draw_table1(report),
        "learning_curves": draw_learning_curves(report.runs, report.scale["random_uniform"], report.settings),
        "environments": draw_environments(report),
        "variance": draw_variance(report),
        "differences": draw_differences(report),
        "by_seeds": draw_by_seeds(report),
        "outcomes": draw_outcomes(report),
        "profiles": draw_profiles(report),
        "diagnostics": draw_diagnostics(report.runs, report.settings),
    }
    for name, figure in figures.items():
        save_figure(figure, folder / "figures", name)


def save_figure(figure: Figure, folder: Path, name: str) -> list[str]:
    """Write a figure as PNG and SVG; returns their paths."""
    png, svg = io.BytesIO(), io.BytesIO()
    # By the canvases themselves, because `savefig` draws everything twice.
    with matplotlib.rc_context(DETERMINISTIC):
        figure.set_dpi(DOTS_PER_INCH)
        FigureCanvasAgg(figure).print_png(png, metadata={"Software": None})
        figure.set_layout_engine("none")  # laid out once
        FigureCanvasSVG(figure).print_svg(svg, metadata={"Date": None})
    paths = []
    for suffix, buffer in (("png", png), ("svg", svg)):
        path = folder / f"{name}.{suffix}"
        write_whole(path, buffer.getvalue())
        paths.append(str(path))
    return paths
