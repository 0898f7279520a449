"""A page of settings beside Table 1: its text, its tables and its figures, under one name."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from bench.common.files import csv_text, inner_folder, write_whole
from bench.report.figures import save_figure


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
