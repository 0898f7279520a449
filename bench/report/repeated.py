"""Which runs were repeated with `verify --record`: where, how far and with what outcome."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from bench.protocol.selection import ranges
from bench.protocol.variants import folder_of
from bench.report.tables import markdown
from bench.results import verified

IDENTICAL = "identical"


def repeated(folder: Path) -> list[str]:
    """The paragraphs about `verified.csv` of a results folder; none where the file is not there.

    Raises:
        DamagedError: when the file is another one.
    """
    lines = _lines(folder)
    if lines.empty:
        return []
    return [
        "### Repeated",
        f"{_counted(lines)} They are listed in [verified.csv](verified.csv), with commit and versions;"
        " `python -m bench verify --record` adds yours.",
        _table(lines, "environment"),
    ]


def repeated_in_variants(folder: Path, variants: Sequence[str]) -> list[str]:
    """The paragraphs about `verified.csv` of the variants in a results folder; none where none has one.

    Raises:
        DamagedError: when such a file is another one.
    """
    lines = pd.concat([_lines(folder_of(folder, name)).assign(variant=name) for name in variants])
    if lines.empty:
        return []
    return [
        "## Repeated",
        f"{_counted(lines)} They are listed in `verified.csv` of the variant's folder, with commit and"
        " versions; `python -m bench verify --variant NAME --record` adds yours.",
        _table(lines, "variant"),
    ]


def _lines(folder: Path) -> pd.DataFrame:
    lines = pd.DataFrame(verified.read(folder), columns=verified.COLUMNS)
    lines = lines.astype({"seed": int, "timesteps": int})
    return lines.assign(identical=lines["outcome"] == IDENTICAL)


def _counted(lines: pd.DataFrame) -> str:
    return (
        f"Runs, or the first part of their timesteps, were trained again from their seeds. Of {len(lines)}"
        f" repetitions {lines['identical'].sum()} have the same lines to the last digit."
    )


def _table(lines: pd.DataFrame, by: str) -> str:
    """Processors, lengths and outcomes, a line for each value of a column."""
    table = lines.groupby(["repeated_on", "timesteps", by], as_index=False).agg(
        made_on=("made_on", lambda processors: "; ".join(sorted(set(processors)))),
        seeds=("seed", lambda seeds: ranges(sorted(set(seeds)))),
        runs=("seed", "size"),
        identical=("identical", "sum"),
    )
    return markdown(
        table,
        {
            "repeated on": lambda row: row.repeated_on,
            "made on": lambda row: row.made_on,
            by: lambda row: getattr(row, by),
            "seeds": lambda row: row.seeds,
            "timesteps": lambda row: f"{row.timesteps:,}",
            "repetitions": lambda row: str(row.runs),
            "identical": lambda row: str(row.identical),
        },
    )
