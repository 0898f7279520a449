"""A lock that holds on any file system and between machines: a file that names who holds the folder.

`flock` holds within one mount of one machine: not between two FUSE mounts or overlays of a folder, nor
everywhere between machines on a network. That a file is created by one process alone holds on all of them.

A holder writes into its file again and again. Who finds a file watches it, by the watcher's clock alone,
because machines' clocks differ. A holder on the same machine that has ended is seen at once. The libraries do
less: `filelock` (4.3) takes over by an exchange of names, which NFS and most FUSE file systems lack, and
`flufl.lock` (10.0) compares the clocks of machines.
"""

import json
import os
import platform
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Annotated

import psutil
from msgspec import Meta

from bench.common.errors import UserError, printable
from bench.common.files import PARTIAL
from bench.common.parsing import parse_json
from bench.common.raw import read_bytes

FILE = ".lock"
# How often a holder writes into its file.
REFRESH_SECONDS = 30.0
# How long a file stays as it is before its holder counts as ended. Network file systems show others'
# changes late, by a minute at most as they are usually mounted.
STALE_SECONDS = 180.0
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Holder:
    """Who holds a folder, as its lock file says. `str` tells it to people.

    host: The machine's name.
    process: The process's number.
    since: When it took the folder, by its machine's clock.
    refreshed: When it last wrote into the file, by the same clock.
    started: When the process started, in the words of its machine, which tell it from a later one of the
        same number.
    processes: The list of processes in which it has its number.
    token: Random digits that no other holder has.
    """

    host: str
    process: Annotated[int, Meta(ge=1, le=2**31 - 1)]
    since: str
    refreshed: str
    started: str
    processes: str
    token: str

    def __str__(self) -> str:
        return printable(f"process {self.process} on {self.host} since {self.since}")

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone, as far as this machine can tell: of others' it can't."""
        if self.processes != _processes():
            return False
        return not psutil.pid_exists(self.process) or _start_of(self.process) not in (self.started, "")

    def to_bytes(self) -> bytes:
        """Return the file's content. Its length stays the same when it is refreshed."""
        return (json.dumps(asdict(self), indent=2) + "\n").encode()


class Lock:
    """A folder that this process holds."""

    def __init__(self, path: Path, descriptor: int, holder: Holder) -> None:
        """Keep the file's content fresh from now on. descriptor: Of the file, open for writing."""
        self._path, self._descriptor, self._holder = path, descriptor, holder
        self._released = Event()
        self._refreshing = Thread(target=self._refresh, name="lock", daemon=True)
        self._refreshing.start()

    def require_held(self) -> None:
        """Make sure that this process still holds the folder.

        Raises:
            UserError: saying that the folder is gone, or who has it.
        """
        content = _read(self._path)
        holder = _holder(content)
        if holder is not None and holder.token == self._holder.token:
            return
        folder = self._path.parent
        if not folder.exists():
            raise UserError(f"{folder} was moved or removed while it was written: stopped")
        if content is None:
            raise UserError(f"{self._path} is gone, so others may write into {folder}: stopped")
        raise UserError(f"{folder} was taken over by {holder or 'another process'}: stopped")

    def release(self) -> None:
        """Let others have the folder."""
        self._released.set()
        self._refreshing.join()
        with suppress(UserError, OSError):
            self.require_held()
            self._path.unlink()
        os.close(self._descriptor)

    def _refresh(self) -> None:
        while not self._released.wait(REFRESH_SECONDS):
            # Another's file in its place is left alone. A disk may be full.
            with suppress(OSError):
                os.pwrite(self._descriptor, replace(self._holder, refreshed=_now()).to_bytes(), 0)
                os.fsync(self._descriptor)


@contextmanager
def locked(
    folder: Path, refusal: str, say: Callable[[str], None] = lambda line: None, patience: float = 0.0
) -> Iterator[Lock]:
    """Keep other processes out of this context for the same folder, until it ends or this process dies.

    A holder that has ended on this machine is replaced at once; another that gives no sign for
    `STALE_SECONDS` when they have passed.

    refusal: The message where another process holds the folder, before its name.
    say: Is called with a line when this waits, and when a folder is taken over.
    patience: How many seconds to wait for a holder that lives.

    Raises:
        UserError: when another process holds the folder, or the file can't be written.
    """
    path = folder / FILE
    lock = _take(path, refusal, say, time.monotonic() + patience)
    try:
        yield lock
    finally:
        lock.release()


def find_holder(folder: Path) -> Holder | None:
    """Return who holds a folder; None where nobody does. On other machines a holder may have ended."""
    holder = _holder(_read(folder / FILE))
    return None if holder is None or holder.has_ended else holder


def _take(path: Path, refusal: str, say: Callable[[str], None], deadline: float) -> Lock:
    seen: bytes | None = None
    seen_at = time.monotonic()
    while True:
        if (lock := _create(path)) is not None:
            return lock
        if (content := _read(path)) is None:
            continue  # its holder has just let go
        holder, now = _holder(content), time.monotonic()
        who = holder or "a process that it does not name"
        if holder is not None and holder.has_ended:
            if _remove(path, content):
                say(f"{path.parent} is taken over from {who}, which has ended")
            continue
        # A process elsewhere is known to live only once its file has changed.
        elsewhere = holder is None or holder.processes != _processes()
        if now >= deadline and not (elsewhere and seen in (None, content)):
            raise UserError(f"{refusal}: {who}")
        if elsewhere and seen is None:
            say(
                f"{path.parent} is held by {who}: waiting for a sign of it, {STALE_SECONDS:.0f} s at most."
                f" If you know that it has ended, remove {path}"
            )
        if content != seen:
            seen, seen_at = content, now
        elif elsewhere and now - seen_at >= STALE_SECONDS and _remove(path, content):
            say(f"{path.parent} is taken over from {who}, which gave no sign for {STALE_SECONDS:.0f} s")
            continue
        time.sleep(POLL_SECONDS)


def _create(path: Path) -> Lock | None:
    """Create the file; return None where there is one."""
    now = _now()
    own = Holder(
        host=platform.node(),
        process=os.getpid(),
        since=now,
        refreshed=now,
        started=_start_of(os.getpid()),
        processes=_processes(),
        token=secrets.token_hex(8),
    )
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        return None
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from error
    try:
        os.write(descriptor, own.to_bytes())
        os.fsync(descriptor)
    except OSError as error:
        os.close(descriptor)
        path.unlink(missing_ok=True)
        raise UserError(f"cannot write {path}: {error.strerror}") from error
    return Lock(path, descriptor, own)


def _remove(path: Path, content: bytes) -> bool:
    """Remove a file with this content; return whether this process did. Of several that try it, one does."""
    aside = path.with_name(f"{path.name}.{secrets.token_hex(4)}{PARTIAL}")
    try:
        path.rename(aside)
    except FileNotFoundError:
        return False
    if _read(aside) == content:
        aside.unlink(missing_ok=True)
        return True
    # It was another's: one that was faster and holds the folder now, or this one's, which lives. Were there a
    # third meanwhile, it would lose the folder here, and stop before it writes.
    with suppress(FileNotFoundError):
        aside.rename(path)
    return False


def _read(path: Path) -> bytes | None:
    """Return the content of the file, None where there is none. A dangling link counts as empty."""
    try:
        return read_bytes(path)
    except (FileNotFoundError, NotADirectoryError):
        return b"" if path.is_symlink() else None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error


def _holder(content: bytes | None) -> Holder | None:
    """Return who wrote the content of a file; None where it is not whole, or is another's."""
    try:
        holder: Holder = parse_json((content or b"").decode(), Holder)
    except ValueError:  # UnicodeDecodeError among them
        return None
    return holder


def _now() -> str:
    return datetime.now(UTC).isoformat(" ", "milliseconds")


def _processes() -> str:
    """Name the list of processes that this one sees: a machine's since its start, or a container's."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{platform.node()} {boot} {Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return platform.node()


def _start_of(process: int) -> str:
    """Return when a process of this machine started, in ticks; empty where Linux does not say it."""
    try:
        state, *fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return ""
    return "ended" if state == "Z" else fields[18]
