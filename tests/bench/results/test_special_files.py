"""What stands where a file should, and is none: a pipe, a device, a link, a byte order mark."""

import os
import shutil
from pathlib import Path

import pytest

from bench.common.errors import UserError
from bench.common.files import write_whole
from bench.protocol.protocol import Run
from bench.results.folder import open_results
from bench.results.policies import load_policy
from bench.training.checkpoints import CheckpointFolder
from tests.helpers.commands import run
from tests.helpers.damage import put, snapshot

pytestmark = pytest.mark.slow

RUN = Run("Reacher-v4", "clip-0.2", 0)
RUN_JSON = "runs/Reacher-v4/clip-0.2/seed-00.json"
# Each with a command that reads it.
FILES = {
    "protocol.json": "status",
    "random.csv": "table",
    "runs/Reacher-v4/clip-0.2/seed-00.csv": "status",
    RUN_JSON: "status",
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
    assert f"{path}: it is no regular file" in out + err
    assert path.is_fifo()
    assert status == 1


def test_a_damaged_checkpoint_is_not_moved_through_a_link(tmp_path: Path) -> None:
    results, elsewhere = open_results(tmp_path / "results", 2048, create=True), tmp_path / "elsewhere"
    checkpoint = results.path / "checkpoints" / "Reacher-v4-0123456789ab.npz"
    checkpoint.parent.mkdir()
    checkpoint.write_bytes(b"damaged")
    elsewhere.mkdir()
    (results.path / "damaged").symlink_to(elsewhere)
    with pytest.raises(UserError, match="damaged: it is a link"), results.locked():
        CheckpointFolder(results).clear(set())
    assert checkpoint.is_file()


def test_a_policy_is_no_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "policy.npz")
    with pytest.raises(UserError, match="it is no regular file"):
        load_policy(tmp_path / "policy.npz")


def test_a_device_is_not_read_for_ever(whole_table: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(whole_table, tmp_path / "results"))
    csv = open_results(folder, None, create=False).csv_path(RUN)
    csv.unlink()
    csv.symlink_to("/dev/zero")
    _, _, err = run("status", "--results", str(folder))
    assert err == f"error: cannot read {csv}: it is no regular file\n"


def test_a_huge_file_is_not_read(whole_table: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(whole_table, tmp_path / "results"))
    csv = open_results(folder, None, create=False).csv_path(RUN)
    with csv.open("wb") as file:
        file.truncate(10 * 2**30)
    _, _, err = run("status", "--results", str(folder))
    assert err == f"error: cannot read {csv}: File too large\n"


@pytest.mark.parametrize(
    "kind", ["dangling link", "link to a folder", "empty device", "pipe", "socket", "folder"]
)
def test_what_is_no_file_is_not_replaced(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    put(path, kind, tmp_path)
    before = snapshot(tmp_path)
    with pytest.raises(UserError, match=r"cannot write .*page\.html: it is (a link|no regular file)"):
        write_whole(path, "new")
    assert snapshot(tmp_path) == before


def test_a_link_is_refused_where_what_it_leads_to_would_not_change(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("new")
    (tmp_path / "page.html").symlink_to("elsewhere")
    with pytest.raises(UserError, match="it is a link"):
        write_whole(tmp_path / "page.html", "new")


@pytest.mark.parametrize(
    ("name", "command"), [("figures", ("curves", "--seeds", "1")), ("damaged", ("train", "--repair"))]
)
def test_nothing_is_written_through_a_link_to_another_folder(
    name: str, command: tuple[str, ...], whole_table: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(whole_table, tmp_path / "results"))
    if name == "damaged":
        (folder / RUN_JSON).write_text("{}")
    (tmp_path / "elsewhere").mkdir()
    (folder / name).symlink_to("../elsewhere")
    before = snapshot(tmp_path)
    choice = ("--environments", "Reacher-v4", "--settings", "clip-0.2")
    done = run(*command, "--results", str(folder), *choice)
    assert done == (1, "", f"error: cannot write into {folder / name}: it is a link\n")
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    "name", ["runs", "runs/Reacher-v4", "policies/Reacher-v4/clip-0.2", "checkpoints", "own", "damaged"]
)
def test_nothing_is_trained_into_a_folder_elsewhere(name: str, whole_table: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(whole_table, tmp_path / "results"))
    elsewhere, path = tmp_path / "elsewhere", folder / name
    if path.exists():
        shutil.move(path, elsewhere)
    elsewhere.mkdir(exist_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(elsewhere)
    before = snapshot(tmp_path)
    for options in (("--seeds", "2"), ("--repair",)):
        done = run("train", "--results", str(folder), *options)
        assert done.stderr == f"error: cannot write into {path}: it is a link\n"
        assert snapshot(tmp_path) == before


def test_a_dangling_link_is_refused_before_training(whole_table: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(whole_table, tmp_path / "results"))
    (folder / "policies").symlink_to("nowhere")
    done = run("train", "--results", str(folder), "--seeds", "2")
    assert done.stderr == f"error: cannot write into {folder / 'policies'}: it is a link\n"


def test_the_results_folder_itself_may_be_a_link(whole_table: Path, tmp_path: Path) -> None:
    folder, link = Path(shutil.copytree(whole_table, tmp_path / "disk" / "mine")), tmp_path / "results"
    link.symlink_to(folder)
    results = open_results(link, None, create=False)
    (folder / RUN_JSON).write_text("{}")
    with results.locked():
        results.set_aside(RUN)
    assert (folder / "damaged" / RUN_JSON).with_name("0-seed-00.json").is_file()
    # So may the files be that are only read.
    csv = results.csv_path(Run("Reacher-v4", "clip-0.1", 0))
    shutil.move(csv, tmp_path / "annexed")
    csv.symlink_to(tmp_path / "annexed")
    with open_results(link, None, create=False).locked():
        assert csv.is_symlink()


def test_a_byte_order_mark_is_named(whole_table: Path, tmp_path: Path) -> None:
    """Spreadsheets write one."""
    folder = Path(shutil.copytree(whole_table, tmp_path / "results"))
    csv = open_results(folder, None, create=False).csv_path(RUN)
    csv.write_text(csv.read_text(), encoding="utf-8-sig")
    _, out, _ = run("status", "--results", str(folder))
    assert "it starts with a byte order mark; save it as UTF-8 without one" in out
