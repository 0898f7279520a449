"""The figures of the results: how they look, and their files."""

import io
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from bench.common.files import write_whole
from bench.report.curves import diagnostics, learning_curves
from bench.report.matrices import differences, variance
from bench.report.score_figures import by_seeds, environments, outcomes, profiles, table
from bench.scores.report import Report

# So that the same runs give the same bytes.
DETERMINISTIC: Any = {"svg.hashsalt": "table1", "svg.fonttype": "path"}
DOTS_PER_INCH = 150


def write_figures(report: Report, folder: Path) -> None:
    """Write all figures of a report into `figures/`."""
    figures = {
        "table1": table(report),
        "learning_curves": learning_curves(report.runs, report.scale["random_uniform"], report.settings),
        "environments": environments(report),
        "variance": variance(report),
        "differences": differences(report),
        "by_seeds": by_seeds(report),
        "outcomes": outcomes(report),
        "profiles": profiles(report),
        "diagnostics": diagnostics(report.runs, report.settings),
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
