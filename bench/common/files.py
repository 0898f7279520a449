"""Files written whole or not at all, and read back with suspicion."""

import fcntl
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from bench.common.errors import DamagedError, UserError
from bench.common.formats import from_json, lines_from_csv

# The temporary file of a writer that was killed, such as .seed-00.csv.8to096j6.
LEFTOVER = re.compile(r"\..+\.(?:csv|json|npz|md|tex|png|svg|html|webp|sha256)\.[a-z0-9_]{8}")


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that it is as before (absent, perhaps) or whole, whenever the process dies.

    A file that has this content already is left alone.

    Raises:
        UserError: when it can't be written: no space, no permission.
    """
    if _content(path) != _bytes(content):
        replace_whole(path, content)


def replace_whole(path: Path, content: str | bytes) -> None:
    """Write a file as `write_whole` does, whatever it has."""
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
    """Move a file to `aside`, with a number before its name that is not taken yet. It may be missing."""
    if not os.path.lexists(path):
        return
    number = 0
    while os.path.lexists(target := aside.with_name(f"{number}-{aside.name}")):
        number += 1
    target.parent.mkdir(parents=True, exist_ok=True)
    path.rename(target)


@contextmanager
def locked(folder: Path, refusal: str | None = None) -> Iterator[int]:
    """Keep other processes out of this context for the same folder, until it ends or this process dies.

    Gives the folder's descriptor. Files are replaced, so a lock on one of them would not hold.

    refusal: what to say where another process has the folder; None to wait for it.

    Raises:
        UserError: saying so.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (fcntl.LOCK_NB if refusal else 0))
    except BlockingIOError:
        os.close(descriptor)
        raise UserError(refusal) from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def remove_leftovers(folder: Path, but: str) -> None:
    """Remove what writers left in a folder and below it when they were killed.

    Call it only where nobody writes. Raises UserError where a folder can't be read.

    but: the name of something in the folder that is left alone.
    """
    for path in walk(folder):
        if LEFTOVER.fullmatch(path.name) and path.relative_to(folder).parts[0] != but:
            path.unlink(missing_ok=True)


def walk(folder: Path) -> Iterator[Path]:
    """All files below a folder, links and all else that is no folder among them; none where it is missing.

    Raises:
        UserError: naming a folder that can't be read, or is none.
    """
    for path in entries(folder):
        if path.is_dir() and not path.is_symlink():
            yield from walk(path)
        else:
            yield path


def entries(folder: Path) -> list[Path]:
    """What is in a folder, by name; nothing where the folder is missing.

    Raises:
        UserError: when the folder can't be read, or is none, a dangling link, say.
    """
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not folder.is_symlink():
            return []
        raise UserError(f"cannot read {folder}: {error.strerror}") from error


def visible(folder: Path) -> list[Path]:
    """Those of a folder's `entries` that are not hidden."""
    return [path for path in entries(folder) if not path.name.startswith(".")]


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _content(path: Path) -> bytes | None:
    """What a file has; None where there is none, or it can't be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def read_text(path: Path) -> str:
    """The file's text.

    Raises:
        UserError: when it can't be read.
        DamagedError: when it is no text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DamagedError(f"{path}: not a text file") from error


def read_json(path: Path, kind: Any = dict[str, Any]) -> Any:
    """The content of a JSON file, of a type that `from_json` explains.

    Raises:
        UserError: when it can't be read.
        DamagedError: when it is no JSON of this type.
    """
    text = read_text(path)
    try:
        return from_json(text, kind)
    except ValueError as error:
        raise DamagedError(f"{path}: {error}") from error


def read_lines(path: Path, kind: Any) -> list[Any]:
    """The lines of a CSV file as records of a type that `lines_from_csv` explains; none without the file.

    Raises:
        UserError: when it can't be read.
        DamagedError: when it has other columns or lines.
    """
    if not os.path.lexists(path):
        return []
    text = read_text(path)
    try:
        return lines_from_csv(text, kind)
    except ValueError as error:
        raise DamagedError(f"{path}: {error}") from error


def json_text(record: dict[str, Any]) -> str:
    """A JSON object as it is written."""
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def csv_text(table: pd.DataFrame) -> str:
    """A table as CSV with nine significant digits."""
    return table.to_csv(index=False, float_format="%.9g", lineterminator="\n")


def digest(content: str | bytes) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    return hashlib.sha256(_bytes(content)).hexdigest()
