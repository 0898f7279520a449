"""What stands where a file should, and is none: a pipe, a device, a byte order mark."""

import os
import shutil
from pathlib import Path

import pytest

from bench.common.errors import UserError
from bench.protocol.protocol import Run
from bench.results.folder import open_results
from bench.results.policies import load_policy
from tests.helpers.commands import run

pytestmark = pytest.mark.slow

RUN = Run("Reacher-v4", "clip-0.2", 0)
# Each with a command that reads it.
FILES = {
    "protocol.json": "status",
    "random.csv": "table",
    "runs/Reacher-v4/clip-0.2/seed-00.csv": "status",
    "runs/Reacher-v4/clip-0.2/seed-00.json": "status",
    "checkpoints/Reacher-v4-0123456789ab.npz": "status",
    "index.html": "page",
}


@pytest.mark.parametrize("file", FILES)
def test_a_pipe_is_not_waited_for(file: str, whole_table: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(whole_table, tmp_path / "results"))
    path = folder / file
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)
    status, out, err = run(FILES[file], "--results", str(folder))  # it returns
    if file == "index.html":
        assert status == 0
        assert path.is_file()  # a page is written in its place
    else:
        assert f"{path}: It is no regular file" in out + err


def test_a_policy_is_no_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "policy.npz")
    with pytest.raises(UserError, match="It is no regular file"):
        load_policy(tmp_path / "policy.npz")


def test_a_device_is_not_read_for_ever(whole_table: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(whole_table, tmp_path / "results"))
    csv = open_results(folder, None, create=False).csv_path(RUN)
    csv.unlink()
    csv.symlink_to("/dev/zero")
    _, _, err = run("status", "--results", str(folder))
    assert err == f"error: cannot read {csv}: It is no regular file\n"


def test_a_byte_order_mark_is_named(whole_table: Path, tmp_path: Path) -> None:
    """Spreadsheets write one."""
    folder = Path(shutil.copytree(whole_table, tmp_path / "results"))
    csv = open_results(folder, None, create=False).csv_path(RUN)
    csv.write_text(csv.read_text(), encoding="utf-8-sig")
    _, out, _ = run("status", "--results", str(folder))
    assert "it starts with a byte order mark; save it as UTF-8 without one" in out
