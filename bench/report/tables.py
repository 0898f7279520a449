"""Table 1 to be read: on the terminal, in Markdown and in LaTeX."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from bench.common.files import write_whole
from bench.common.terminal import print_table, warn
from bench.protocol.protocol import DEFAULT, PAPER_SEEDS
from bench.protocol.settings import Setting, in_table_order
from bench.report.formats import format_interval, format_number, format_return, format_share, return_digits
from bench.scores.report import Report

Cells = list[list[str]]

OF_THREE_HEADING = f"as of {len(PAPER_SEEDS)} seeds"
UNTRAINED_HEADING = "untrained policy = 0"

TITLE = "Table 1: average normalized score"
UNTRAINED = (
    f"“{UNTRAINED_HEADING}” gives the untrained policy 0 instead of uniform actions. The best of more runs is"
    " better, so more seeds lower positive scores."
)
OF_THREE = (
    f" The scores “{OF_THREE_HEADING}” are those to hold beside the paper's: the means over all choices of"
    f" {len(PAPER_SEEDS)} of our seeds in each environment, each choice on its own scale."
)
INTERVAL = (
    "The interval is of 95 % over seeds (Welch and Satterthwaite, environments as strata), with the scale of"
    " the table held fixed."
)
SCALE_HEADINGS = {
    "random_uniform": "random: uniform actions",
    "random_untrained": "random: untrained policy",
    "best_run": "best run",
    "best_setting_mean": "best setting mean",
}


def show(report: Report, console: Console) -> None:
    """Print the table, and what scores 0 and 1."""
    print_table(console, TITLE, table_cells(report))
    scale = "Scale: the returns that score 0 (uniform actions) and 1 (best run)"
    print_table(console, scale, scale_cells(report.scale))
    for warning in warnings(report):
        warn(console, warning)


def save(report: Report, folder: Path) -> None:
    """Write `table1.md` and `table1.tex`."""
    parts = [f"# {TITLE}", markdown_table(table_cells(report)), *notes(report)]
    write_whole(folder / "table1.md", "\n\n".join(parts) + "\n")
    write_whole(folder / "table1.tex", latex(table_cells(report)))


def notes(report: Report) -> list[str]:
    """What the table's columns are, and what to beware of."""
    of_three = OF_THREE if report.table["score_of_three"].notna().any() else ""
    return [UNTRAINED + of_three, INTERVAL + _doubt(report), *warnings(report)]


def _doubt(report: Report) -> str:
    """Why intervals are in brackets; nothing where none is."""
    if not report.doubtful:
        return ""
    found = []
    for setting in in_table_order(report.doubtful):
        lines = report.coverage[report.coverage["setting"] == setting]
        least = lines.loc[lines["score"].idxmin()]
        found.append(
            f" The interval of {setting} is in brackets, and dotted in the figure, because it may be too"
            f" narrow: it contains the true score in {format_share(least['score'])} of"
            f" {least['experiments']:,}"
            f" simulated experiments with {least['runs']} runs."
        )
    return "".join(found)


def latex(cells: Cells) -> str:
    """A table as a LaTeX `tabular` (no packages needed)."""
    # What LaTeX would take for commands comes first, and brings none of the characters that follow.
    escaped = {"&": r"\&", "%": r"\%", "#": r"\#", "d_targ": r"$d\sb\mathrm{targ}$", "_": r"\_"}
    symbols = {"ε": r"$\epsilon$", "β": r"$\beta$"}

    def text(cell: str) -> str:
        for symbol, command in {**escaped, **symbols}.items():
            cell = cell.replace(symbol, command)
        return cell

    heading, *rows = cells
    lines = [" & ".join(map(text, row)) + r" \\" for row in (heading, *rows)]
    lines.insert(1, r"\hline")
    return "\n".join([r"\begin{tabular}{l" + "r" * (len(heading) - 1) + "}", *lines, r"\end{tabular}", ""])


def table_cells(report: Report) -> Cells:
    """Heading and rows, without columns that would be empty, such as the diverged runs where none did."""
    scores = ("algorithm", "paper", "ours", "95 % interval", UNTRAINED_HEADING, OF_THREE_HEADING)
    any_diverged, rows = report.table["diverged"].any(), []
    for row in report.table.itertuples():
        values = (row.paper_score, row.score, row.untrained_score, row.score_of_three)
        paper, score, untrained, of_three = map(format_number, values)
        interval = format_interval(row.ci_low, row.ci_high, row.setting in report.doubtful)
        diverged = str(row.diverged) if any_diverged else ""
        rows.append([row.algorithm, paper, score, interval, untrained, of_three, str(row.runs), diverged])
    filled = [place for place, cells in enumerate(zip(*rows, strict=True)) if any(cells)]
    return [[cells[place] for place in filled] for cells in ((*scores, "runs", "diverged"), *rows)]


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
    spread = "" if math.isnan(std) else f" ± {std:,.{return_digits(mean)}f}"
    return f"{format_return(mean)}{spread} ({normalized:.2f})"


def scale_cells(scale: pd.DataFrame) -> Cells:
    """What scores 0 and 1 in each environment."""
    rows = scale[list(SCALE_HEADINGS)].iterrows()
    return [
        ["environment", *SCALE_HEADINGS.values()],
        *([str(environment), *(f"{value:,.1f}" for value in row)] for environment, row in rows),
    ]


def warnings(report: Report) -> list[str]:
    """What makes the scores unlike the paper's: runs of another length, and an environment that none learned.

    The latter is one in which even the best is no better than random, under some reading.
    """
    length = report.all_runs["timesteps"].max()
    other_length = (
        f"The runs have {length:,} timesteps, the paper's {DEFAULT.timesteps:,}: don't compare them."
    )
    best = report.scale[["best_run", "best_setting_mean"]].min(axis=1)
    random = report.scale[["random_uniform", "random_untrained"]].max(axis=1)
    return [
        *([other_length] if length != DEFAULT.steps else []),
        *(
            f"{environment}: the best is no better than random under some reading; more is still better."
            for environment in report.scale.index[best <= random]
        ),
    ]


def markdown(rows: pd.DataFrame, columns: Mapping[str, Callable[[Any], str]]) -> str:
    """A table as Markdown: what each column tells of a line, by its heading."""
    lines = [[text(row) for text in columns.values()] for row in rows.itertuples()]
    return markdown_table([list(columns), *lines])


def markdown_table(cells: Sequence[Sequence[str]]) -> str:
    """Heading and rows as a Markdown table, all but the first column to the right."""
    heading, *rows = cells
    rule = ["---", *["---:"] * (len(heading) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (heading, rule, *rows))
