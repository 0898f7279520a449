"""What is printed, wherever it goes: narrow terminals, odd names, other encodings, full disks."""

import io
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from bench.common import terminal
from bench.common.terminal import stage
from bench.protocol.protocol import Run
from bench.training.own import read_own_files
from tests.helpers.commands import run
from tests.helpers.processes import ROOT, environment_with, wait_until
from tests.helpers.soak import mark_soak
from tests.helpers.training import train_into

pytestmark = pytest.mark.slow

RESULTS = ROOT / "results"


def test_no_number_is_cut_on_a_narrow_terminal() -> None:
    def printed(width: int) -> str:
        return run("table", "--results", str(RESULTS), "--seeds", "1", columns=width).stdout

    def numbers(text: str) -> set[str]:
        return set(re.findall(r"-?[0-9][0-9,]*\.[0-9]+", text))

    wide = numbers(printed(200))
    assert len(wide) > 40
    for width in (30, 40, 60, 80):
        narrow = printed(width)
        assert "…" not in narrow
        assert wide <= numbers(narrow)
        if width == 40:
            assert "  95 % interval: " in narrow or "  paper: 0.76" in narrow


def test_names_are_printed_as_they_are(whole_table: Path, tmp_path: Path) -> None:
    name = "[red] [ours] :x: [/]"
    folder = Path(shutil.copytree(whole_table, tmp_path / name))
    for command in ("status", "train", "table"):
        done = run(command, "--results", str(folder), "--seeds", "1", "--environments", "Reacher-v4")
        assert done.returncode == 0, done.stderr
    assert (
        f"nothing to train: all 77 runs are in {folder}"
        in run("train", "--results", str(folder), "--seeds", "1").stdout
    )
    # A terminal obeys nothing that a folder is called.
    hostile = Path(shutil.copytree(whole_table, tmp_path / "\x1b[2J\u202e\n"))
    done = run("train", "--results", str(hostile), "--seeds", "1")
    assert rf"all 77 runs are in {tmp_path}/\x1b[2J\u202e" in done.stdout
    assert done.stdout.replace("\n", "").isprintable()
    missing = run("table", "--results", f"{folder}/{name}")
    assert missing.stderr == f"error: no results in {folder}/{name}: train first\n"


@pytest.mark.soak
@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "utf-8"])
def test_any_encoding_will_do(encoding: str) -> None:
    for arguments in (["--seeds", "1"], ["--help"]):
        done = subprocess.run(
            [sys.executable, "-m", "bench", "table", *arguments],
            cwd=ROOT,
            env=environment_with(PYTHONIOENCODING=encoding),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == b""
        done.stdout.decode(encoding)


@pytest.mark.soak
def test_a_log_on_a_full_disk_does_not_end_a_campaign(tmp_path: Path) -> None:
    arguments = ("--environments", "Reacher-v4", "--settings", "clip-0.2", "--seeds", "1", "--timesteps", "1")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "bench", "train", "--results", str(tmp_path / "results"), *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.stderr.count("\n") <= 1
    assert "Traceback" not in done.stderr
    assert len(list((tmp_path / "results").rglob("seed-*.csv"))) == 1


@pytest.mark.parametrize(
    "command", ["table --seeds 1 | true", "--help | true", "status --seeds 1 >&-", *mark_soak(["--help >&-"])]
)
def test_without_a_reader_nothing_more_is_said(command: str) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m bench {command}; exit ${{PIPESTATUS[0]}}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_error_without_a_reader_has_its_status() -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m bench status --results nowhere >&- 2>&-"], cwd=ROOT, check=False
    )
    assert done.returncode == 1


def test_without_the_paper_s_settings_there_are_returns_and_no_scores(tmp_path: Path) -> None:
    own = tmp_path / "mine.py"
    own.write_text(
        "from bench.protocol.settings import Setting\n"
        "def objective(ratio, log_ratio, kl, advantage, numbers):\n"
        "    return ratio * advantage - numbers['weight'] * kl\n"
        "SETTINGS = [Setting('mine', 'Mine (ours)', 'mine', {'weight': 1.0})]\n"
    )
    results = train_into(tmp_path / "results", [Run("Reacher-v4", "mine", 0)], 1, read_own_files([own]))
    table = run("table", "--results", str(results.path), "--environments", "Reacher-v4")
    assert table.returncode == 0, table.stderr
    assert "│ Mine (ours) │ Reacher-v4" in table.stdout
    assert "Scores on the scale of Table 1 need runs of the paper's settings" in table.stdout


def test_the_help_names_every_group_of_settings_and_each_value_of_set() -> None:
    from bench.protocol.settings import GROUPS

    assert f"the default first: {', '.join(GROUPS)}." in run("--help").stdout
    of_train = run("train", "--help").stdout
    assert "default: None" not in of_train
    assert "hidden_sizes=64,64" in of_train
    assert "advantages=standardized|raw|minibatch" in of_train


def test_the_console_command_is_not_shadowed_by_files_in_the_working_folder(tmp_path: Path) -> None:
    (tmp_path / "algorithms.py").write_text("raise SystemExit('shadowed')")
    (tmp_path / "bench.py").write_text("raise SystemExit('shadowed')")
    command = Path(sys.executable).with_name("ppo-table1")
    done = subprocess.run(
        [command, "status", "--results", str(RESULTS)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_misspelt_make_variables_are_refused() -> None:
    done = subprocess.run(
        ["make", "--dry-run", "table1", "RESULT=x"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "unknown variable RESULT; choose from: RESULTS SEEDS" in done.stderr


def test_what_takes_long_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = io.StringIO()
    console = Console(file=printed)
    with stage(console, "thinking"):
        pass
    monkeypatch.setattr(terminal, "SILENCE", 0.0)
    with stage(console, "drawing"):
        wait_until(lambda: printed.getvalue() != "")
    assert printed.getvalue() == "drawing ...\n"
