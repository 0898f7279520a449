"""What stands where a file should, and is none: a pipe, a device, a byte order mark."""

import os
import shutil
from pathlib import Path

import pytest

from bench.protocol.protocol import Run
from bench.results.folder import open_results
from tests.helpers.commands import run

pytestmark = pytest.mark.slow

RUN = Run("Reacher-v4", "clip-0.2", 0)
FILES = (
    *("protocol.json", "random.csv", "policies.csv", "verified.csv", "index.html", "table1.csv"),
    *(f"runs/Reacher-v4/clip-0.2/seed-00.{suffix}" for suffix in ("csv", "json")),
    *("policies/Reacher-v4/clip-0.2/seed-00.npz", "checkpoints/Reacher-v4-0123456789ab.npz"),
)


@pytest.mark.parametrize("file", FILES)
def test_a_pipe_is_not_waited_for(file: str, written_table: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(written_table, tmp_path / "results"))
    path = folder / file
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)
    for command in ("table", "page", "status", "curves"):
        _, out, err = run(command, "--results", str(folder))  # it returns
        assert "Traceback" not in out + err
    if file.startswith(("protocol", "random", "runs")):
        assert f"cannot read {path}: It is no regular file" in err


def test_a_device_is_not_read_for_ever(written_table: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(written_table, tmp_path / "results"))
    csv = open_results(folder, None, create=False).csv_path(RUN)
    csv.unlink()
    csv.symlink_to("/dev/zero")
    _, _, err = run("table", "--results", str(folder))
    assert err == f"error: cannot read {csv}: It is no regular file\n"


def test_a_byte_order_mark_is_named(written_table: Path, tmp_path: Path) -> None:
    """Spreadsheets write one."""
    folder = Path(shutil.copytree(written_table, tmp_path / "results"))
    csv = open_results(folder, None, create=False).csv_path(RUN)
    csv.write_text(csv.read_text(), encoding="utf-8-sig")
    _, _, err = run("table", "--results", str(folder))
    assert "it starts with a byte order mark; save it as UTF-8 without one" in err
