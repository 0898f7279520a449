"""Score tables that other commands have written into the results folder, as the page shows them.

They are read and not computed anew: `table` permutes runs, and `variants` reads a dozen folders. Each is
shown only where its scores are those of Table 1 on the page; else it is of other runs.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.common.errors import DamagedError
from bench.common.files import read_text
from bench.common.parsing import parse_columns
from bench.protocol.settings import BASELINE
from bench.report.off_scale import OFF_SCALE
from bench.scores.contrasts import SCORE
from bench.scores.lecture import LINE_SEARCH
from bench.scores.variants import FAR

Row = dict[str, Any]
Scores = Mapping[str, float | None]
# CSVs have nine significant digits.
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Column:
    """A column of numbers. low, high: the columns of its interval. kind: score, p or count."""

    heading: str
    key: str
    low: str | None = None
    high: str | None = None
    kind: str = "score"


@dataclass(frozen=True)
class Table:
    """A table beside Table 1.

    file, page: its CSV, and its page without the ending, in the results folder.
    texts: columns of texts.
    numbers: columns of numbers.
    scored: the column that has Table 1's score of the line's setting, if that is one of Table 1.
    command: what writes the file.
    parts: a CSV with the parts of each difference, by the same columns of texts. A score of which an interval
        there reaches beyond ±`FAR` is off the scale, as on the table's page.
    only: a column, and the value there of the lines that are shown.
    """

    title: str
    file: str
    page: str
    texts: tuple[str, ...]
    numbers: tuple[Column, ...]
    scored: str = "score"
    command: str = "make table1"
    parts: str | None = None
    only: tuple[str, str] | None = None


LESS_BASELINE = Column(f"less {BASELINE}", "difference", "low", "high")
P, RUNS = Column("p, Holm", "p_holm", kind="p"), Column("runs", "runs", kind="count")
BESIDE = (Column("score", "score", "ci_low", "ci_high"), LESS_BASELINE, P, RUNS)
TABLES = (
    Table("The lecture’s other methods", "lecture.csv", "lecture", ("setting",), BESIDE),
    Table("PPO from human feedback", "rlhf.csv", "rlhf", ("setting",), BESIDE),
    Table(
        "Objectives that came after",
        "successors/comparison.csv",
        "successors",
        ("setting",),
        (Column("score", "value", "ci_low", "ci_high"), LESS_BASELINE, P, RUNS),
        scored="value",
        only=("outcome", SCORE),
    ),
    Table(
        "Variants of the protocol",
        "variants/variants.csv",
        "variants/README",
        ("variant", "setting"),
        (
            Column("score", "score"),
            Column("default’s score", "default_score"),
            Column("less the default’s", "difference", "low", "high"),
            *(P, RUNS),
        ),
        scored="default_score",
        command="make variants",
        parts="variants/by_environment.csv",
    ),
)
PAIRS = "pairs.csv"
PAIR_NUMBERS = ("paper_difference", "difference", "ci_low", "ci_high", "p", "p_holm", "significant_readings")


def gather_tables(folder: Path, scores: Scores, doubtful: Iterable[str]) -> list[dict[str, Any]]:
    """The tables beside Table 1 that the folder has, ready for JSON: fields of `Table`, rows and a note.

    A row has its numbers, and whether its intervals are doubtful; off the scale, a score is a text.

    scores: those of Table 1 on the page, by setting.
    doubtful: settings whose intervals are.

    Raises:
        UserError: for a file that can't be read, or is another one, naming it.
    """
    found = []
    for table in TABLES:
        keys = [key for each in table.numbers for key in (each.key, each.low, each.high) if key]
        rows = _read(folder / table.file, (*table.texts, *(table.only or ())[:1]), keys)
        if table.only:
            name, value = table.only
            rows = [row for row in rows if row[name] == value]
        note = ""
        if not all(_is_close(row[table.scored], scores.get(row["setting"])) for row in rows):
            rows, note = [], f"{table.file} is of other runs than Table 1; {table.command} renews it."
        for row in rows:
            row["doubtful"] = row["setting"] in doubtful or row["setting"] == LINE_SEARCH
        if table.parts:
            _take_off_scale(rows, table.texts, _read(folder / table.parts, table.texts, ("low", "high")))
        if rows or note:
            found.append({**asdict(table), "rows": rows, "note": note})
    return found


def _take_off_scale(rows: list[Row], texts: tuple[str, ...], parts: list[Row]) -> None:
    """Replace scores and differences of which a part is off the scale by a text that says so."""
    far = {
        tuple(part[name] for name in texts)
        for part in parts
        if any(abs(part[end] or 0) > FAR for end in ("low", "high"))
    }
    for row in rows:
        if tuple(row[name] for name in texts) in far:
            row |= {"score": OFF_SCALE, "difference": OFF_SCALE, "low": None, "high": None}


def gather_pairs(folder: Path, scores: Scores) -> list[Row]:
    """The differences between settings; none where the file is of other runs than Table 1.

    scores: those of Table 1 on the page, by setting.

    Raises:
        UserError: for a file that can't be read, or is another one, naming it.
    """
    rows = _read(folder / PAIRS, ("setting", "other"), PAIR_NUMBERS)
    is_current = all(
        scores.keys() >= {row["setting"], row["other"]}
        and _is_close(row["difference"], scores[row["setting"]], scores[row["other"]])
        for row in rows
    )
    return rows if is_current else []


def _is_close(difference: float | None, one: float | None, other: float | None = 0.0) -> bool:
    """Whether a difference is that of two numbers but for rounding, or one of the three is missing."""
    if difference is None or one is None or other is None:
        return True
    return math.isclose(difference, one - other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def _read(path: Path, texts: tuple[str, ...], numbers: tuple[str, ...] | list[str]) -> list[Row]:
    """These columns of a CSV, a line each, with None for an empty number; no lines where it is missing."""
    if not path.exists():
        return []
    try:
        columns = parse_columns(read_text(path))
        cells: list[Iterable[Any]] = [columns[name] for name in texts]
        cells += [map(_number, columns[name]) for name in numbers]
        return [dict(zip((*texts, *numbers), row, strict=True)) for row in zip(*cells, strict=True)]
    except KeyError as error:
        raise DamagedError(f"{path}: it has no column {error}") from error
    except ValueError as error:
        raise DamagedError(f"{path}: {error}") from error


def _number(cell: str) -> float | None:
    number = float(cell) if cell else None
    if number is not None and not math.isfinite(number):
        raise ValueError(f"{cell} is no finite number")
    return number
