"""Files written whole or not at all, and read back with suspicion."""

import errno
import fcntl
import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd

from bench.common.errors import DamagedError, UserError
from bench.common.parsing import parse_json, parse_lines
from bench.common.raw import read_bytes, read_whole

# How the name of a file ends that is being written, such as .seed-00.csv.8to096j6.ppo-table1-partial.
PARTIAL = ".ppo-table1-partial"
# Opening a pipe waits for nobody, and opening a link fails.
_AT_ONCE = os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file. Whenever the process dies, the file is as it was before, perhaps absent, or whole.

    A file that has this content already is left alone.

    Raises:
        UserError: when it can't be written, for lack of space or permission, say, or because a link or what
            is no file stands there.
    """
    if path.is_symlink() or _content(path) != _bytes(content):
        replace_whole(path, content)


def replace_whole(path: Path, content: str | bytes) -> None:
    """Write a file as `write_whole` does, also where it has this content already."""
    try:
        _require_replaceable(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = _make_partial(path)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(_bytes(content))
                file.flush()
                os.fsync(file.fileno())
                temporary.chmod(0o644)
                temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)  # where it has not become the file
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from error


def _require_replaceable(path: Path) -> None:
    """Refuse to write where something stands that is not a file of ours. Raises OSError saying so."""
    with suppress(FileNotFoundError):
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            raise OSError(errno.EINVAL, "it is a link")
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is no regular file")


def _make_partial(path: Path) -> tuple[int, Path]:
    """Make the file that is to take the place of `path`, open and locked, so that it is no leftover."""
    while True:
        descriptor, name = tempfile.mkstemp(PARTIAL, prefix=f".{path.name}.", dir=path.parent)
        with suppress(OSError):  # where locks are unknown no campaign runs, which would remove leftovers
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor, Path(name)
        os.close(descriptor)  # a campaign came between


def inner_folder(folder: Path, name: str) -> Path:
    """Return a folder in a results folder, to write into it.

    Raises:
        UserError: where it is a link, because what is elsewhere is not replaced.
    """
    path = folder / name
    if path.is_symlink():
        raise UserError(f"cannot write into {path}: it is a link")
    return path


def require_own_folders(folder: Path, names: Iterable[str]) -> None:
    """Make sure that no link leads out of these folders of a results folder, which may be missing.

    Campaigns write, move and remove files in them, and what is elsewhere may be somebody else's. Where
    another disk is wanted, the results folder itself may be a link.

    Raises:
        UserError: naming a link that leads to a folder, or to nothing.
    """
    for name in names:
        for path in walk(inner_folder(folder, name)):
            if path.is_symlink() and not path.is_file():
                raise UserError(f"cannot write into {path}: it is a link")


def remove_leftovers(folder: Path, but: str) -> None:
    """Remove what killed writers left half-written in a folder and below it. Who still writes is let be.

    but: The name of a folder in this one that is left alone.

    Raises:
        UserError: naming a folder that can't be read.
    """
    for path in walk(folder):
        if path.name.endswith(PARTIAL) and path.relative_to(folder).parts[0] != but:
            # What is in use or no file stays.
            with suppress(OSError), os.fdopen(os.open(path, _AT_ONCE), "r+b", 0) as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()


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
        text = read_whole(path).decode()
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
