"""The files of the results: figures, and pages with their tables and figures."""

import io
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from bench.common.files import csv_text, inner_folder, write_whole
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
from bench.scores.analysis import Analysis

# So that the same runs give the same bytes.
DETERMINISTIC: Any = {"svg.hashsalt": "table1", "svg.fonttype": "path"}
DOTS_PER_INCH = 150


def write_figures(analysis: Analysis, folder: Path) -> None:
    """Write all figures of an analysis into `figures/`."""
    random, settings = analysis.scale["random_uniform"], analysis.settings
    figures = {
        "table1": draw_table1(analysis),
        "learning_curves": draw_learning_curves(analysis.runs, random, settings),
        "environments": draw_environments(analysis),
        "variance": draw_variance(analysis),
        "differences": draw_differences(analysis),
        "by_seeds": draw_by_seeds(analysis),
        "outcomes": draw_outcomes(analysis),
        "profiles": draw_profiles(analysis),
        "diagnostics": draw_diagnostics(analysis.runs, settings),
    }
    for name, figure in figures.items():
        save_figure(figure, inner_folder(folder, "figures"), name)


def save_figure(figure: Figure, folder: Path, name: str) -> list[str]:
    """Write a figure as PNG and SVG; returns their paths."""
    png, svg = io.BytesIO(), io.BytesIO()
    # By the canvases themselves, because `savefig` draws everything twice.
    with matplotlib.rc_context(DETERMINISTIC), warnings.catch_warnings():
        # A label may have signs that the font lacks: boxes stand for them.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
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


def write_beside(
    folder: Path, name: str, page: str, tables: Mapping[str, pd.DataFrame], figures: Mapping[str, Figure]
) -> None:
    """Write `NAME.md`, and the tables and `figures/NAME_….png` and `.svg` that it shows.

    folder: of the results.
    tables: by their path in the folder, without `.csv`; one without columns is left out.
    figures: by what their names end in.
    """
    write_whole(folder / f"{name}.md", page)
    for path, table in tables.items():
        if len(table.columns):
            write_whole(folder / f"{path}.csv", csv_text(table))
    for ending, figure in figures.items():
        save_figure(figure, inner_folder(folder, "figures"), f"{name}_{ending}")
