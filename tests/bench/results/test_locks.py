"""Who may write into a folder: one process at a time, whatever its machine sees, and whoever is killed."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from bench.common import locks
from bench.common.errors import UserError
from bench.common.locks import find_holder, locked
from tests.helpers.processes import ROOT, wait_until

# Holds a folder until its input ends. `{}` stands for what is different from usual.
HOLD = """
import sys
from pathlib import Path
from bench.common import locks
from bench.common.errors import UserError
{}
try:
    with locks.locked(Path(sys.argv[1]), "in use", lambda line: print(line, flush=True)):
        print("held", flush=True)
        sys.stdin.read()
except UserError as error:
    print(error)
"""
# A process of which this machine knows nothing, and one that gives a sign ten times a second.
ELSEWHERE = "locks._processes = lambda: 'of another machine'\n"
OFTEN = "locks.REFRESH_SECONDS = 0.1\n"
IN_USE = r"^in use: process \d+ on .+ since \d{4}-"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "STALE_SECONDS", 1.0)
    monkeypatch.setattr(locks, "POLL_SECONDS", 0.05)


@contextmanager
def holding(folder: Path, *different: str, through: tuple[str, ...] = ()) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the folder, or was refused."""
    command = [*through, sys.executable, "-c", HOLD.format("".join(different)), str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


def take(folder: Path) -> list[str]:
    """What is said until this process has the folder, which it lets go again."""
    said: list[str] = []
    with locked(folder, "in use", said.append):
        holder = find_holder(folder)
        assert holder is not None
        assert holder.process == os.getpid()
    assert list(folder.iterdir()) == []
    return said


def test_a_folder_is_held_by_one_process_which_is_named(tmp_path: Path) -> None:
    assert find_holder(tmp_path) is None
    with holding(tmp_path) as process:
        assert first_line(process) == "held"
        holder = find_holder(tmp_path)
        assert holder is not None
        assert (holder.process, holder.host) == (process.pid, os.uname().nodename)
        with pytest.raises(UserError, match=IN_USE), locked(tmp_path, "in use"):
            raise AssertionError("two have the folder")
        process.communicate()
    assert take(tmp_path) == []


def test_after_kill_9_the_next_goes_on_at_once(tmp_path: Path) -> None:
    with holding(tmp_path) as process:
        assert first_line(process) == "held"
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # its parent has not taken note of its end
        assert find_holder(tmp_path) is None
        start = time.monotonic()
        (line,) = take(tmp_path)
        assert time.monotonic() - start < locks.POLL_SECONDS
    assert line.startswith(f"{tmp_path} is taken over from process {process.pid} on ")
    assert line.endswith(", which has ended")


def test_a_process_of_the_same_number_is_another_one(tmp_path: Path) -> None:
    with locked(tmp_path, "in use"):
        content = (tmp_path / locks.FILE).read_text()
        started = locks._start_of(os.getpid())
    (tmp_path / locks.FILE).write_text(content.replace(f'"{started}"', '"1"'))
    assert find_holder(tmp_path) is None
    assert len(take(tmp_path)) == 1


def test_two_views_of_a_folder_are_one(tmp_path: Path) -> None:
    """An overlay shows the folder as another one, in which `flock` does not hold."""
    lower, work, view, folder = (tmp_path / name for name in ("lower", "work", "view", "folder"))
    for each in (lower, work, view, folder):
        each.mkdir()
    options = f"lowerdir={lower},upperdir={folder},workdir={work}"
    mount = f"mount -t overlay overlay -o {options} {view} && flock --nonblock {view} true || exit 77; "
    through = ("unshare", "--mount", "bash", "-c", f'{mount} exec "$@"', "bash")
    if shutil.which("unshare") is None or subprocess.run([*through, "true"], check=False).returncode:
        pytest.skip("mounting is not allowed here")
    with locked(folder, "in use"), holding(view, through=through) as process:
        assert first_line(process).startswith(f"in use: process {os.getpid()} on ")


def test_of_another_machine_a_living_process_is_waited_for_until_it_gives_a_sign(
    tmp_path: Path, quick: None
) -> None:
    said: list[str] = []
    with holding(tmp_path, ELSEWHERE, OFTEN) as process:
        assert first_line(process) == "held"
        with pytest.raises(UserError, match=IN_USE), locked(tmp_path, "in use", said.append):
            raise AssertionError("two have the folder")
        assert find_holder(tmp_path) is not None
    (line,) = said
    assert line.startswith(f"{tmp_path} is held by process {process.pid} on ")
    assert line.endswith(
        f": waiting for a sign of it, 1 s at most. If you know that it has ended, remove"
        f" {tmp_path / locks.FILE}"
    )


def test_of_another_machine_a_killed_process_is_replaced_after_a_while(tmp_path: Path, quick: None) -> None:
    with holding(tmp_path, ELSEWHERE, OFTEN) as process:
        assert first_line(process) == "held"
        process.kill()
        process.wait()
    start = time.monotonic()
    waiting, taken = take(tmp_path)
    assert time.monotonic() - start >= locks.STALE_SECONDS
    assert ": waiting for a sign of it" in waiting
    assert taken.endswith(", which gave no sign for 1 s")


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_bytes(b""),  # killed after it was made and before it was written
        lambda path: path.write_bytes(b"\xff{"),
        lambda path: path.symlink_to("nowhere"),
    ],
)
def test_a_file_that_names_nobody_is_replaced_after_a_while(
    make: Callable[[Path], None], tmp_path: Path, quick: None
) -> None:
    make(tmp_path / locks.FILE)
    _, taken = take(tmp_path)
    assert taken == (
        f"{tmp_path} is taken over from a process that it does not name, which gave no sign for 1 s"
    )


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / locks.FILE)
    with pytest.raises(UserError, match=r"cannot read .*\.lock: It is no regular file"):
        take(tmp_path)


def test_who_loses_a_folder_notices_it_and_leaves_the_other_s_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "REFRESH_SECONDS", 0.05)
    file = tmp_path / locks.FILE
    with ExitStack() as others:
        with locked(tmp_path, "in use") as lock:
            content = file.read_bytes()
            wait_until(lambda: file.read_bytes() != content)
            assert len(file.read_bytes()) == len(content)
            lock.require_held()
            file.unlink()  # as the line that tells of waiting says
            with pytest.raises(UserError, match=r"\.lock is gone, so others may write into .*: stopped"):
                lock.require_held()
            other = others.enter_context(holding(tmp_path))
            assert first_line(other) == "held"
            content = file.read_bytes()
            time.sleep(0.2)
            with pytest.raises(UserError, match=rf"was taken over by process {other.pid} on .*: stopped"):
                lock.require_held()
            assert file.read_bytes() == content
        assert file.read_bytes() == content


def test_of_many_who_find_a_dead_process_s_file_one_at_a_time_gets_the_folder(tmp_path: Path) -> None:
    folder, log = tmp_path / "folder", tmp_path / "log"
    folder.mkdir()
    with holding(folder) as process:
        assert first_line(process) == "held"
    enter = f"""
import os, time
from bench.common import locks
from pathlib import Path
locks.POLL_SECONDS = 0.01
def write(text):
    with open({str(log)!r}, "a") as file:
        file.write(text)
with locks.locked(Path({str(folder)!r}), "in use", patience=60):
    write("in ")
    time.sleep(0.02)
    write("out ")
"""
    with ExitStack() as stack:
        command = [sys.executable, "-c", enter]
        crowd = [stack.enter_context(subprocess.Popen(command, cwd=ROOT)) for _ in range(4)]
    assert [each.returncode for each in crowd] == [0] * 4
    assert log.read_text().split() == ["in", "out"] * 4
