"""Table 1: the rows' scores beside the paper's, as CSV, Markdown, LaTeX and on the terminal."""

import math
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from bench.errors import UserError
from bench.files import csv_text, write_whole
from bench.protocol import PAPER_SETTINGS, SETTINGS
from bench.results import Results
from bench.scores import normalize, readings, references, row_scores
from bench.selection import Selection

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


@dataclass(frozen=True)
class Report:
    """The table and what it rests on.

    scores: one line a run: environment, setting, seed, score, episodes, diverged.
    table: one line a row: setting, algorithm, paper_score, score, ci_low, ci_high, runs, diverged.
    references: what scores 0 and 1 by environment, under every reading.
    readings: the rows' scores under every reading.
    """

    scores: pd.DataFrame
    table: pd.DataFrame
    references: pd.DataFrame
    readings: pd.DataFrame


def report(results: Results, selection: Selection) -> Report:
    """The table over the finished runs of a selection.

    Raises:
        UserError: for a file that can't be used, or scores that can't be normalized.
    """
    # The scale is that of the paper's rows, whichever of them are shown.
    paper_rows = Selection(selection.environments, PAPER_SETTINGS, selection.seeds)
    runs = {*selection.runs, *paper_rows.runs} & results.finished()
    scores = results.scores(runs)
    zero_and_one = references(scores, results.random_scores())
    scores = scores[scores["setting"].isin(selection.settings)]
    normalized = normalize(scores, zero_and_one)
    for environment in normalized["environment"][normalized["normalized"].isna()].head(1):
        raise UserError(f"{environment} cannot be normalized: its best result is the random policy's")
    rows = row_scores(normalized).reset_index()
    table = rows.assign(
        algorithm=rows["setting"].map(lambda name: SETTINGS[name].algorithm),
        paper_score=rows["setting"].map(lambda name: SETTINGS[name].paper_score).astype(float),
    )[["setting", "algorithm", "paper_score", "score", "ci_low", "ci_high", "runs", "diverged"]]
    return Report(scores, table, zero_and_one, readings(scores, zero_and_one))


def save(report: Report, folder: Path) -> None:
    """Write `scores.csv`, `table1.{csv,md,tex}`, `normalization.csv` and `readings.csv`."""
    write_whole(folder / "scores.csv", csv_text(report.scores))
    write_whole(folder / "table1.csv", csv_text(report.table))
    write_whole(folder / "table1.md", markdown(report))
    write_whole(folder / "table1.tex", latex(report.table))
    write_whole(folder / "normalization.csv", csv_text(report.references.reset_index()))
    write_whole(folder / "readings.csv", csv_text(report.readings.reset_index()))


def show(report: Report, console: Console) -> None:
    """Print the table, and what scores 0 and 1."""
    _print(console, "Table 1: average normalized score", _table_cells(report.table))
    _print(
        console,
        "Scale: the returns that score 0 (uniform actions) and 1 (best run)",
        _reference_cells(report),
    )
    for environment in _upside_down(report.references):
        console.print(
            f"{environment}: the best is no better than random under some reading",
            style="yellow",
        )


def markdown(report: Report) -> str:
    """The table, its scale and the other readings, in Markdown."""
    parts = [
        "# Table 1: average normalized score",
        _markdown_table(_table_cells(report.table)),
        "The interval is Student's 95 % over seeds, given the scale; a row with one seed has none.",
        "## Scale",
        "Mean return of what scores 0 (by default uniform actions) and 1 (by default the best single run).",
        _markdown_table(_reference_cells(report)),
        "## Other readings of “random” and “best”",
        _markdown_table(_reading_cells(report.readings)),
    ]
    parts += [
        f"In {environment} the best is no better than random under some reading."
        for environment in _upside_down(report.references)
    ]
    return "\n\n".join(parts) + "\n"


def latex(table: pd.DataFrame) -> str:
    """The table as a LaTeX `tabular` (no packages needed)."""
    symbols = {"ε": r"$\epsilon$", "β": r"$\beta$", "d_targ": r"$d_\mathrm{targ}$", "%": r"\%"}
    heading, *rows = _table_cells(table)
    lines = [" & ".join(row) + r" \\" for row in (heading, *rows)]
    lines.insert(1, r"\hline")
    text = "\n".join([r"\begin{tabular}{l" + "r" * (len(heading) - 1) + "}", *lines, r"\end{tabular}", ""])
    for symbol, command in symbols.items():
        text = text.replace(symbol, command)
    return text


def _table_cells(table: pd.DataFrame) -> list[list[str]]:
    """Heading and rows; the diverged runs are a column only where there are any."""
    heading = ["algorithm", "paper", "ours", "95 % interval", "runs"]
    rows = [
        [
            row.algorithm,
            _score(row.paper_score),
            _score(row.score),
            f"{_score(row.ci_low)} to {_score(row.ci_high)}" if not math.isnan(row.ci_low) else "",
            str(row.runs),
        ]
        for row in table.itertuples()
    ]
    if table["diverged"].any():
        heading.append("diverged")
        rows = [[*row, str(count)] for row, count in zip(rows, table["diverged"], strict=True)]
    return [heading, *rows]


def _reference_cells(report: Report) -> list[list[str]]:
    rows = report.references[list(REFERENCE_HEADINGS)].iterrows()
    return [
        ["environment", *REFERENCE_HEADINGS.values()],
        *([environment, *(f"{value:,.1f}" for value in row)] for environment, row in rows),
    ]


def _reading_cells(readings: pd.DataFrame) -> list[list[str]]:
    rows = readings[list(READING_HEADINGS)].iterrows()
    return [
        ["algorithm", *READING_HEADINGS.values()],
        *([SETTINGS[setting].algorithm, *map(_score, row)] for setting, row in rows),
    ]


def _upside_down(references: pd.DataFrame) -> list[str]:
    """Environments in which even the best is worse than random, under some reading."""
    best = references[["best_run", "best_row_mean"]].min(axis=1)
    random = references[["random_uniform", "random_untrained"]].max(axis=1)
    return list(references.index[best < random])


def _score(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.2f}"


def _print(console: Console, title: str, cells: list[list[str]]) -> None:
    heading, *rows = cells
    table = Table(title=title, title_justify="left")
    for index, name in enumerate(heading):
        table.add_column(name, justify="right" if index else "left", no_wrap=not index)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _markdown_table(cells: list[list[str]]) -> str:
    heading, *rows = cells
    rule = ["---", *["---:"] * (len(heading) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (heading, rule, *rows))
