"""JSON and CSV read into records: what a field may be is its type, and what is checked is what is used."""

import csv
import json
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
# Signs without a shape of their own: line breaks, a terminal's codes, and what turns the direction of a text.
UNPRINTABLE = (
    r"\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890-\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001345f\U0001bca0-\U0001bca3"
    r"\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# A line of text that people may be shown.
Text = Annotated[str, Meta(pattern=rf"^[^{UNPRINTABLE}]*\Z", max_length=500)]
# A text that a message may quote, which escapes what can't be printed.
Short = Annotated[str, Meta(max_length=500)]


def parse_json(text: str, kind: Any = dict[str, Any]) -> Any:
    """Return the content of a JSON text.

    kind: The type of the content, such as a `TypedDict`. Fields that this does not have are left out.

    Raises:
        ValueError: naming the field that is missing, impossible or there twice, or saying why the text is no
            JSON.
    """
    try:
        content = msgspec.json.decode(text, type=kind)
        json.loads(text, object_pairs_hook=_refuse_repeated)
        return content
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error
    except msgspec.DecodeError as error:
        raise ValueError(f"not valid JSON: {error}") from error
    except RecursionError as error:
        raise ValueError("not valid JSON: nested too deep") from error


def _refuse_repeated(fields: list[tuple[str, Any]]) -> None:
    """Refuse an object in which a name stands twice, of which a reader would silently take one."""
    names: set[str] = set()
    for name, _ in fields:
        if name in names:
            raise ValueError(f"the field {name} is there twice")
        names.add(name)


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
        ValueError: where two columns have one name, a line has more or fewer cells than the heading, or the
            text is not valid.
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
    """Return the cells of each line, the heading first. Only a line feed ends a line."""
    *lines, rest = text.split("\n")
    if rest:
        raise ValueError("its last line has no end")
    for number, line in enumerate(lines, start=1):
        if not line.isprintable():
            raise ValueError(f"line {number} has signs that can't be printed")
    try:
        rows = list(csv.reader(lines, strict=True)) or [[]]
    except csv.Error as error:
        raise ValueError(f"not valid CSV: {error}") from error
    if len(rows) < len(lines):
        raise ValueError("a cell has a line break")
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise ValueError(f"line {number} has {len(row)} fields instead of {len(rows[0])}")
    return rows
