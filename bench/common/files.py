"""Files written whole or not at all, and read back with suspicion."""

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from bench.common.errors import DamagedError, UserError
from bench.common.parsing import parse_json, parse_lines
from bench.common.raw import read_bytes

# The temporary file of a writer that was killed, such as .seed-00.csv.8to096j6 or .lock.01234567.
LEFTOVER = re.compile(r"\.(?:lock|.+\.(?:csv|json|npz|py|md|tex|png|svg|html|webp|sha256))\.[a-z0-9_]{8}")


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file. Whenever the process dies, the file is as it was before, perhaps absent, or whole.

    A file that has this content already is left alone.

    Raises:
        UserError: when it can't be written, for lack of space or permission, say.
    """
    if _content(path) != _bytes(content):
        replace_whole(path, content)


def replace_whole(path: Path, content: str | bytes) -> None:
    """Write a file as `write_whole` does, also where it has this content already."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(_bytes(content))
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        finally:
            Path(temporary).unlink(missing_ok=True)  # where it has not become the file
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from error


def move_aside(path: Path, aside: Path) -> None:
    """Move a file, if it is there, to `aside`, with the first number before its name that is free."""
    if not os.path.lexists(path):
        return
    number = 0
    while os.path.lexists(target := aside.with_name(f"{number}-{aside.name}")):
        number += 1
    target.parent.mkdir(parents=True, exist_ok=True)
    path.rename(target)


def remove_leftovers(folder: Path, but: str) -> None:
    """Remove the temporary files of killed writers in a folder and below it.

    Call it only where nobody writes.

    but: The name of a folder in this one that is left alone.

    Raises:
        UserError: naming a folder that can't be read.
    """
    for path in walk(folder):
        if LEFTOVER.fullmatch(path.name) and path.relative_to(folder).parts[0] != but:
            path.unlink(missing_ok=True)


def walk(folder: Path) -> Iterator[Path]:
    """Give everything below a folder that is no folder itself; nothing where the folder is missing.

    Raises:
        UserError: naming a folder that can't be read, or is none.
    """
    for path in entries(folder):
        if path.is_dir() and not path.is_symlink():
            yield from walk(path)
        else:
            yield path


def entries(folder: Path) -> list[Path]:
    """Return what is in a folder, by name; nothing where the folder is missing.

    Raises:
        UserError: when the folder can't be read, or is no folder but a dangling link, say.
    """
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not folder.is_symlink():
            return []
        raise UserError(f"cannot read {folder}: {error.strerror}") from error


def visible(folder: Path) -> list[Path]:
    """Return the `entries` of a folder that are not hidden."""
    return [path for path in entries(folder) if not path.name.startswith(".")]


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _content(path: Path) -> bytes | None:
    """Return the content of a file; None where it is missing or can't be read."""
    try:
        return read_bytes(path)
    except OSError:
        return None


def read_text(path: Path) -> str:
    """Read a text file.

    Raises:
        UserError: when it can't be read.
        DamagedError: when it is no text in UTF-8, or starts with a byte order mark.
    """
    try:
        text = read_bytes(path).decode()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DamagedError(f"{path}: not a text file") from error
    if text.startswith("\ufeff"):
        raise DamagedError(f"{path}: it starts with a byte order mark; save it as UTF-8 without one")
    return text


def read_json(path: Path, kind: Any = dict[str, Any]) -> Any:
    """Read a JSON file. kind: The type of its content, as `parse_json` explains it.

    Raises:
        UserError: when it can't be read.
        DamagedError: when it is no JSON of this type.
    """
    text = read_text(path)
    try:
        return parse_json(text, kind)
    except ValueError as error:
        raise DamagedError(f"{path}: {error}") from error


def read_lines(path: Path, kind: Any) -> list[Any]:
    """Read the lines of a CSV file; none where it is missing. kind: Their type; see `parse_lines`.

    Raises:
        UserError: when it can't be read.
        DamagedError: when it has other columns or lines.
    """
    if not os.path.lexists(path):
        return []
    text = read_text(path)
    try:
        return parse_lines(text, kind)
    except ValueError as error:
        raise DamagedError(f"{path}: {error}") from error


def json_text(record: dict[str, Any]) -> str:
    """Return a JSON object as text."""
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def csv_text(table: pd.DataFrame) -> str:
    """Return a table as CSV with nine significant digits."""
    return table.to_csv(index=False, float_format="%.9g", lineterminator="\n")


def digest(content: str | bytes) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal."""
    return hashlib.sha256(_bytes(content)).hexdigest()
