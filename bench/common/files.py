"""Files written whole or not at all, and read back with suspicion."""

import errno
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd

from bench.common.errors import DamagedError, UserError

# The temporary file of a writer that was killed, such as .seed-00.csv.8to096j6.
LEFTOVER = re.compile(r"\..+\.(?:csv|json|npz|md|tex|png|svg|html|webp|sha256)\.[a-z0-9_]{8}")
# How file systems without hard links say so.
WITHOUT_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}


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
        with _written_beside(path, _bytes(content)) as temporary:
            temporary.replace(path)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from error


def write_new(path: Path, content: str | bytes) -> None:
    """Write a file as `write_whole` does, but never in place of another.

    Raises:
        UserError: when it can't be written, or there is one.
    """
    try:
        with _written_beside(path, _bytes(content)) as temporary:
            _name_anew(temporary, path)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from error


def _name_anew(temporary: Path, path: Path) -> None:
    try:
        path.hardlink_to(temporary)
    except OSError as error:
        if error.errno not in WITHOUT_LINKS or os.path.lexists(path):
            raise
        temporary.rename(path)


@contextmanager
def _written_beside(path: Path, data: bytes) -> Iterator[Path]:
    """A temporary file of this content beside `path`; its name is gone afterwards."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def move_aside(path: Path, aside: Path) -> None:
    """Move a file to `aside`, with a number before its name that is not taken yet. It may be missing."""
    number = 0
    while os.path.lexists(place := aside.with_name(f"{number}-{aside.name}")):
        number += 1
    if os.path.lexists(path):
        place.parent.mkdir(parents=True, exist_ok=True)
        path.rename(place)


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


def read_json(path: Path) -> dict[str, Any]:
    """The file's JSON object.

    Raises:
        UserError: when it can't be read.
        DamagedError: when it is no JSON object.
    """
    try:
        record = json.loads(read_text(path), parse_constant=_refuse_constant)
    except ValueError as error:
        raise DamagedError(f"{path}: not valid JSON: {error}") from error
    except RecursionError as error:
        raise DamagedError(f"{path}: not valid JSON: nested too deep") from error
    if not isinstance(record, dict):
        raise DamagedError(f"{path}: not a JSON object")
    return record


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def json_text(record: dict[str, Any]) -> str:
    """A JSON object as it is written."""
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def csv_text(table: pd.DataFrame) -> str:
    """A table as CSV with nine significant digits."""
    return table.to_csv(index=False, float_format="%.9g", lineterminator="\n")


def digest(content: str | bytes) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    return hashlib.sha256(_bytes(content)).hexdigest()
