"""Where a results folder is: kept for one campaign, and found again when it is renamed meanwhile."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.common.errors import UserError
from bench.common.files import remove_leftovers
from bench.protocol.variants import VARIANTS_FOLDER


class Place:
    """The place of a folder."""

    def __init__(self, path: Path) -> None:
        """The folder at `path`, which need not exist yet."""
        self._path = path
        self._held: int | None = None  # the folder itself, open, while it is locked

    @property
    def path(self) -> Path:
        """Where the folder is. While it is locked, also after it was renamed.

        Raises:
            UserError: when it was removed while it was locked.
        """
        if self._held is not None and not _is_open_as(self._path, self._held):
            self._path = _place_of(self._held, self._path)
        return self._path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other campaigns away from the folder while the context is open, or until this process dies.

        What a killed campaign left half-written is removed.

        Raises:
            UserError: when another campaign has it.
        """
        self._held = os.open(self._path, os.O_RDONLY)
        try:
            self._lock()
            # The variants have campaigns and locks of their own.
            remove_leftovers(self._path, but=VARIANTS_FOLDER)
            yield
        finally:
            os.close(self._held)
            self._held = None

    def _lock(self) -> None:
        assert self._held is not None
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"another campaign is running on {self._path}") from None


def _is_open_as(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _place_of(descriptor: int, before: Path) -> Path:
    """Where an open folder is now, which Linux knows."""
    link = Path(f"/proc/self/fd/{descriptor}")
    if link.exists() and _is_open_as(link.readlink(), descriptor):
        return link.readlink()
    raise UserError(f"{before} was moved or removed while it was written: stopped")
