"""Files written whole or not at all, and read back with suspicion."""

import hashlib
import io
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from bench.common.errors import UserError


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that it is as before (absent, perhaps) or whole, whenever the process dies.

    Raises:
        UserError: when it can't be written: no space, no permission.
    """
    try:
        _write_whole(path, content)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from error


def _write_whole(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def read_text(path: Path) -> str:
    """The file's text. Raises UserError naming it when it can't be read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not a text file") from error


def read_json(path: Path) -> dict[str, Any]:
    """The file's JSON object. Raises UserError naming it when it isn't one."""
    try:
        record = json.loads(read_text(path))
    except ValueError as error:
        raise UserError(f"{path}: not valid JSON: {error}") from error
    if not isinstance(record, dict):
        raise UserError(f"{path}: not a JSON object")
    return record


def json_text(record: dict[str, Any]) -> str:
    """A JSON object as it is written."""
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def parse_csv(path: Path, text: str, columns: Sequence[str], names: Sequence[str] = ()) -> pd.DataFrame:
    """A CSV's `columns`, of which all but `names` are numbers. Raises UserError naming the file otherwise."""
    try:
        table = pd.read_csv(io.StringIO(text))
    except ValueError as error:
        raise UserError(f"{path}: not a CSV file: {str(error).splitlines()[0]}") from error
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise UserError(f"{path}: missing columns: {', '.join(missing)}")
    if table.empty:
        raise UserError(f"{path}: no lines")
    numbers = [column for column in columns if column not in names]
    wrong = [column for column in numbers if not pd.api.types.is_numeric_dtype(table[column])]
    if wrong:
        raise UserError(f"{path}: not numbers in: {', '.join(wrong)}")
    return table[list(columns)]


def csv_text(table: pd.DataFrame) -> str:
    """A table as CSV with nine significant digits."""
    return table.to_csv(index=False, float_format="%.9g", lineterminator="\n")


def digest(text: str) -> str:
    """SHA-256 of a file's text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
