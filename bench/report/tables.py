"""Table 1 with its notes, in Markdown and in LaTeX, and tables with a column for each environment."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from bench.common.files import write_whole
from bench.protocol.environments import PAPER_ENVIRONMENTS, without_version
from bench.protocol.protocol import DEFAULT, PAPER_SEEDS
from bench.protocol.settings import Setting, in_table_order
from bench.report.formats import format_estimate, format_interval, format_number, format_return, return_digits
from bench.report.templates import render
from bench.scores.analysis import Analysis

Cells = list[list[str]]


def write_table1(analysis: Analysis, folder: Path) -> None:
    """Write `table1.md` and `table1.tex`."""
    write_whole(folder / "table1.md", render("table1.md", **describe_table1(analysis)))
    write_whole(folder / "table1.tex", format_latex(format_table1(analysis, analysis.unreliable)))


def notes(analysis: Analysis) -> list[str]:
    """What the table's columns are, and what to beware of, as paragraphs."""
    return render("notes.md", **describe_table1(analysis)).strip().split("\n\n")


def describe_table1(analysis: Analysis) -> dict[str, Any]:
    """What the templates of Table 1 and its notes are filled with."""
    return {
        "analysis": analysis,
        "table1": format_table1(analysis, analysis.unreliable),
        "unreliable": find_unreliable(analysis),
        "warnings": find_warnings(analysis),
    }


def find_unreliable(analysis: Analysis) -> list[pd.Series]:
    """The least coverage of each interval that is in brackets: a line of the table of coverage."""
    lines = analysis.coverage.sort_values("score", kind="stable").drop_duplicates("setting")
    least = lines.set_index("setting", drop=False)
    return [least.loc[setting] for setting in in_table_order(analysis.unreliable)]


def format_latex(cells: Cells) -> str:
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


def is_of_paper(analysis: Analysis) -> bool:
    """Whether all environments are the paper's: with others, its scores are not comparable."""
    return {without_version(name) for name in analysis.grid.environments} <= set(PAPER_ENVIRONMENTS)


def format_table1(analysis: Analysis, unreliable: Collection[str] = ()) -> Cells:
    """Heading and rows, without columns that would be empty, such as the diverged runs where none did.

    unreliable: settings whose interval is in brackets. Which they are is simulated, so that a table that is
        printed has no brackets.
    """
    scores = ["paper", "ours", "95 % interval", "untrained policy = 0", f"as of {len(PAPER_SEEDS)} seeds"]
    heading = ["algorithm", *scores, "runs", "diverged"]
    of_paper = is_of_paper(analysis)
    any_diverged, rows = analysis.table["diverged"].any(), []
    for row in analysis.table.itertuples():
        paper, ours = format_number(row.paper_score) if of_paper else "", format_number(row.score)
        interval = format_interval(row.ci_low, row.ci_high, row.setting in unreliable)
        more = (format_number(row.untrained_score), format_number(row.score_of_three), str(row.runs))
        diverged = str(row.diverged) if any_diverged else ""
        rows.append([row.algorithm, paper, ours, interval, *more, diverged])
    filled = [index for index, cells in enumerate(zip(*rows, strict=True)) if any(cells)]
    return [[cells[index] for index in filled] for cells in (heading, *rows)]


def format_improvement(analysis: Analysis) -> Cells:
    """The probability of improvement over the baseline, in all and in each environment, with its interval."""
    table, ends = analysis.improvement, ("low", "high")
    _, *rows = lay_out(table, lambda row: format_estimate(row, "improvement", ends), analysis.settings)
    return [["algorithm", *table["environment"].unique()], *rows]


def format_returns(analysis: Analysis) -> Cells:
    """Mean return ± standard deviation over seeds of each row by environment, and its normalized score."""
    _, *rows = lay_out(analysis.returns, _format_spread, analysis.settings)
    return [["algorithm", *analysis.returns["environment"].unique()], *rows]


def lay_out(
    table: pd.DataFrame,
    text: Callable[[Any], str],
    settings: Mapping[str, Setting] | None = None,
    heads: Sequence[str] = ("setting",),
    column: str = "environment",
) -> Cells:
    """Heading and rows: a row for each value of the columns `heads`, and a cell for each value of `column`.

    table: a line for each cell; a cell without one is empty. Environments are named without their version.
    text: what the cell of a line has.
    settings: by name, those of which the rows have the labels instead.
    """
    index = pd.MultiIndex.from_frame(table[[*heads, column]])
    cells = pd.Series(list(map(text, table.itertuples())), index).unstack(column, fill_value="", sort=False)
    columns = [without_version(name) or name for name in cells]
    labels = {name: setting.label for name, setting in (settings or {}).items()}
    return [[*heads, *columns], *cells.rename(index=labels).reset_index().to_numpy().tolist()]


def _format_spread(row: Any) -> str:
    mean, std, normalized = (float(getattr(row, name)) for name in ("mean", "std", "normalized"))
    spread = "" if math.isnan(std) else f" ± {std:,.{return_digits(mean)}f}"
    return f"{format_return(mean)}{spread} ({normalized:.2f})"


def find_warnings(analysis: Analysis) -> list[str]:
    """What to beware of in scores.

    Runs of another length than the paper's; settings that lack an environment; and environments that none
    learned: even the best is no better than random, under some reading.
    """
    length = analysis.all_runs["timesteps"].max()
    paper = f"{DEFAULT.timesteps:,}"
    other_length = f"The runs have {length:,} timesteps, the paper's {paper}: don't compare them."
    best = analysis.scale[["best_run", "best_setting_mean"]].min(axis=1)
    random = analysis.scale[["random_uniform", "random_untrained"]].max(axis=1)
    runs = analysis.returns.pivot(index="setting", columns="environment", values="mean").notna()
    lacking = {str(name): runs.columns[~has].tolist() for name, has in runs[~runs.all(axis=1)].iterrows()}
    return [
        *([other_length] if length != DEFAULT.steps else []),
        *(
            f"{analysis.settings[name].label} has no run in {', '.join(lacking[name])}: its score is over the"
            " other environments, and is not compared."
            for name in in_table_order(lacking)
        ),
        *(
            f"{environment}: under some reading the best result returns no more than the random policy."
            " A higher score is a higher return there, too."
            for environment in analysis.scale.index[best <= random]
        ),
    ]
