"""Table 1 to be read: on the terminal, in Markdown and in LaTeX."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console

from bench.common.files import write_whole
from bench.common.terminal import print_table
from bench.protocol.settings import Setting, in_table_order
from bench.scores.report import Report

Cells = list[list[str]]

TITLE = "Table 1: average normalized score"
INTERVAL_NOTE = (
    "The interval is Student's 95 % over seeds, resampled jointly for all rows within an environment, the"
    " best run sought anew each time; an incomplete grid, or one seed, has none."
)
READING_HEADINGS = {
    "uniform_run": "uniform, best run",
    "uniform_row_mean": "uniform, best row mean",
    "untrained_run": "untrained, best run",
    "untrained_row_mean": "untrained, best row mean",
}
REFERENCE_HEADINGS = {
    "random_uniform": "random: uniform actions",
    "random_untrained": "random: untrained policy",
    "best_run": "best run",
    "best_row_mean": "best row mean",
}


def show(report: Report, console: Console) -> None:
    """Print the table, and what scores 0 and 1."""
    print_table(console, TITLE, table_cells(report.table))
    scale = "Scale: the returns that score 0 (uniform actions) and 1 (best run)"
    print_table(console, scale, reference_cells(report.references))
    for warning in warnings(report):
        console.print(warning, style="yellow", soft_wrap=True)


def save(report: Report, folder: Path) -> None:
    """Write `table1.md` and `table1.tex`."""
    parts = [f"# {TITLE}", markdown_table(table_cells(report.table)), INTERVAL_NOTE, *warnings(report)]
    write_whole(folder / "table1.md", "\n\n".join(parts) + "\n")
    write_whole(folder / "table1.tex", latex(report.table))


def latex(table: pd.DataFrame) -> str:
    """The table as a LaTeX `tabular` (no packages needed)."""
    # What LaTeX would take for commands comes first, and brings none of the characters that follow.
    escaped = {"&": r"\&", "%": r"\%", "#": r"\#", "d_targ": r"$d\sb\mathrm{targ}$", "_": r"\_"}
    symbols = {"ε": r"$\epsilon$", "β": r"$\beta$"}

    def text(cell: str) -> str:
        for symbol, command in {**escaped, **symbols}.items():
            cell = cell.replace(symbol, command)
        return cell

    heading, *rows = table_cells(table)
    lines = [" & ".join(map(text, row)) + r" \\" for row in (heading, *rows)]
    lines.insert(1, r"\hline")
    return "\n".join([r"\begin{tabular}{l" + "r" * (len(heading) - 1) + "}", *lines, r"\end{tabular}", ""])


def table_cells(table: pd.DataFrame) -> Cells:
    """Heading and rows; the diverged runs are a column only where there are any."""
    heading = ["algorithm", "paper", "ours", "95 % interval", "runs"]
    rows = [
        [
            row.algorithm,
            number(row.paper_score),
            number(row.score),
            between(row.ci_low, row.ci_high),
            str(row.runs),
        ]
        for row in table.itertuples()
    ]
    if table["diverged"].any():
        heading.append("diverged")
        rows = [[*row, str(count)] for row, count in zip(rows, table["diverged"], strict=True)]
    return [heading, *rows]


def return_cells(returns: pd.DataFrame, settings: Mapping[str, Setting]) -> Cells:
    """Mean return ± standard deviation over seeds of each row by environment, and its normalized score."""
    environments = list(dict.fromkeys(returns["environment"]))
    cells = {(row.environment, row.setting): _return_cell(row) for row in returns.itertuples()}
    return [
        ["algorithm", *environments],
        *(
            [
                settings[setting].label,
                *(cells.get((environment, setting), "") for environment in environments),
            ]
            for setting in in_table_order(returns["setting"])
        ),
    ]


def _return_cell(row: object) -> str:
    mean, std, normalized = (float(getattr(row, name)) for name in ("mean", "std", "normalized"))
    digits = 0 if abs(mean) >= 100 else 1
    spread = "" if math.isnan(std) else f" ± {std:,.{digits}f}"
    return f"{mean:,.{digits}f}{spread} ({normalized:.2f})"


def reference_cells(references: pd.DataFrame) -> Cells:
    """What scores 0 and 1 in each environment."""
    rows = references[list(REFERENCE_HEADINGS)].iterrows()
    return [
        ["environment", *REFERENCE_HEADINGS.values()],
        *([str(environment), *(f"{value:,.1f}" for value in row)] for environment, row in rows),
    ]


def reading_cells(readings: pd.DataFrame, settings: Mapping[str, Setting]) -> Cells:
    """The rows' scores under every reading."""
    rows = readings[list(READING_HEADINGS)].iterrows()
    return [
        ["algorithm", *READING_HEADINGS.values()],
        *([settings[str(setting)].label, *map(number, row)] for setting, row in rows),
    ]


def warnings(report: Report) -> list[str]:
    """Environments in which even the best is no better than random, under some reading."""
    best = report.references[["best_run", "best_row_mean"]].min(axis=1)
    random = report.references[["random_uniform", "random_untrained"]].max(axis=1)
    return [
        f"{environment}: the best is no better than random under some reading; more is still better."
        for environment in report.references.index[best <= random]
    ]


def number(value: float) -> str:
    """Two decimals, or nothing for NaN."""
    return "" if math.isnan(value) else f"{value:.2f}"


def between(low: float, high: float) -> str:
    """An interval, or nothing for NaN."""
    return "" if math.isnan(low) else f"{low:.2f} to {high:.2f}"


def markdown_table(cells: Sequence[Sequence[str]]) -> str:
    """Heading and rows as a Markdown table, all but the first column to the right."""
    heading, *rows = cells
    rule = ["---", *["---:"] * (len(heading) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (heading, rule, *rows))
