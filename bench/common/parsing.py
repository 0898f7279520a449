"""JSON and CSV read into records: what a field may be is its type, and what is checked is what is used."""

import csv
import io
from typing import Annotated, Any

import msgspec
from msgspec import Meta

# Whole numbers that are exact as floating-point numbers, too.
Count = Annotated[int, Meta(ge=0, le=2**53)]
Positive = Annotated[int, Meta(ge=1, le=2**53)]
# In CSV, unlike JSON, `nan` and `inf` are numbers, which have no place between these bounds.
Finite = Annotated[float, Meta(ge=-1.7e308, le=1.7e308)]
NotNegative = Annotated[float, Meta(ge=0, le=1.7e308)]
Time = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00\Z")]
Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


def parse_json(text: str, kind: Any = dict[str, Any]) -> Any:
    """Return the content of a JSON text.

    kind: The type of the content, such as a `TypedDict`. Fields that this does not have are left out.

    Raises:
        ValueError: naming the field that is missing or impossible, or saying why the text is no JSON.
    """
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error
    except msgspec.DecodeError as error:
        raise ValueError(f"not valid JSON: {error}") from error
    except RecursionError as error:
        raise ValueError("not valid JSON: nested too deep") from error


def convert(value: Any, kind: Any, *, texts: bool = False) -> Any:
    """Return a value as this type.

    texts: Whether numbers are given as texts, as in CSV.

    Raises:
        ValueError: naming what is missing or impossible.
    """
    try:
        return msgspec.convert(value, kind, strict=not texts)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error


def parse_columns(text: str) -> dict[str, tuple[str, ...]]:
    """Return the cells of each column of a CSV, by the column's name.

    Raises:
        ValueError: where two columns have one name, or a line has more or fewer cells than the heading.
    """
    heading, *rows = _rows(text)
    if len(set(heading)) < len(heading):
        raise ValueError("two columns have one name")
    return dict(zip(heading, zip(*rows, strict=True) if rows else [()] * len(heading), strict=True))


def parse_lines(text: str, kind: Any) -> list[Any]:
    """Return the lines of a CSV as records.

    kind: The type of a record, a `TypedDict` with the columns in their order.

    Raises:
        ValueError: naming the line, and the column that is impossible.
    """
    heading, *rows = _rows(text)
    columns = list(kind.__annotations__)
    if heading != columns:
        raise ValueError(f"its first line must be {','.join(columns)}")
    lines = []
    for number, row in enumerate(rows, start=2):
        try:
            lines.append(convert(dict(zip(columns, row, strict=True)), kind, texts=True))
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from error
    return lines


def _rows(text: str) -> list[list[str]]:
    """Return the cells of each line, the heading first."""
    try:
        rows = list(csv.reader(io.StringIO(text), strict=True)) or [[]]
    except csv.Error as error:
        raise ValueError(f"not valid CSV: {error}") from error
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise ValueError(f"line {number} has {len(row)} fields instead of {len(rows[0])}")
    return rows
