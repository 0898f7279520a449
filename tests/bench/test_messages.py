"""The command line's help, its one clear line where something is wrong, and what make passes to it."""

import os
import subprocess
from pathlib import Path
from typing import get_args

import pytest

from algorithms.hyperparameters import Hyperparameters
from bench.command_line import Command
from bench.common.files import json_text
from bench.protocol.protocol import Protocol
from bench.protocol.settings import GROUPS
from tests.helpers.commands import run
from tests.helpers.processes import ROOT

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["train", "--environments", "Pong-v5"],
            "unknown environment 'Pong-v5'; choose from: HalfCheetah-v4",
        ),
        (["train", "--settings", "two\nlines\x1b[31m"], r"unknown setting 'two\nlines\x1b[31m'; choose from"),
        (
            ["train", "--environments", "Hopper-v5"],
            "Hopper-v5 is of another protocol: this one has Hopper-v4; --variant v5 has Hopper-v5",
        ),
        (["train", "--variant", "luck"], "unknown variant 'luck'; choose from: raw-advantages"),
        (
            ["train", "--settings", "clip-0.25"],
            "'clip-0.25' (did you mean clip-0.2?); choose from: no-clip",
        ),
        (["train", "--seeds", "0"], "seeds must be a positive number"),
        (["train", "--seeds", "1.5"], "seeds must be a positive number"),
        (
            ["train", "--timesteps", "-5"],
            "of at most 12 digits, not '-5'",
        ),
        (
            ["train", "--timesteps", "1e6"],
            "of at most 12 digits, not '1e6'",
        ),
        (["table", "--results", "{tmp}/nothing"], "no results in {tmp}/nothing: train first"),
        (["train", "--results", "{tmp}/foreign"], "{tmp}/foreign is not a results folder"),
        (["train", "--results", "{tmp}/foreign/file"], "cannot read {tmp}/foreign/file: Not a directory"),
        (["train", "--results", "{tmp}/foreign/file/x"], "cannot read {tmp}/foreign/file/x: Not a directory"),
        (["train", "--results", "/proc/results"], "cannot write /proc/results/protocol.json"),
        (["train", "--results", "{results}", "--timesteps", "9999"], "holds runs of 1 timesteps, not 9,999"),
        (["curves", "--results", "{results}", "--seeds", "5-6"], "no run of this selection is finished"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    arguments: list[str],
    message: str,
    whole_table: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "file").write_text("mine")
    monkeypatch.chdir(tmp_path)
    filled = [argument.format(tmp=tmp_path, results=whole_table) for argument in arguments]
    status, out, err = run(*filled)
    assert status == 1
    assert err.startswith("error: ")
    assert message.format(tmp=tmp_path) in err
    assert err.count("\n") == 1
    assert out == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["foreign"]


def test_results_of_another_protocol_are_refused(
    results_folder: Path,
) -> None:
    path = results_folder / "protocol.json"
    other = Protocol(timesteps=1, hyperparameters=Hyperparameters(discount=0.999))
    for text, message in (
        (json_text(other.as_json()), f"holds results of protocol {other.fingerprint}, not of "),
        (path.read_text().replace("0.99,", "0.999,"), "its fingerprint is "),
    ):
        path.write_text(text)
        status, _, err = run("train", "--results", str(results_folder))
        assert (status, err.count("\n")) == (1, 1)
        assert message in err
        assert path.read_text() == text


def test_a_damaged_run_stops_the_table(
    results_folder: Path,
) -> None:
    path = results_folder / "runs" / "Hopper-v4" / "clip-0.2" / "seed-00.csv"
    path.write_text(path.read_text().replace("return_last100", "score"))
    status, _, err = run("table", "--results", str(results_folder))
    assert (status, err.count("\n")) == (1, 1)
    assert err.startswith(f"error: {path}: missing columns: return_last100; `train --repair`")


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_has_all_commands_on_one_screen(flag: str) -> None:
    done = run(flag, columns=80)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert len(lines) < 24
    commands = [line.split()[0] for line in lines if line.startswith("  ")]
    assert commands == [command.__name__.lower() for command in get_args(Command)]
    assert all(group in done.stdout for group in GROUPS)


@pytest.mark.parametrize("command", [command.__name__.lower() for command in get_args(Command)])
def test_no_line_of_help_is_broken_by_the_terminal(command: str) -> None:
    for arguments in ([], [command]):
        assert max(map(len, run(*arguments, "--help", columns=80).stdout.splitlines())) <= 80


@pytest.mark.parametrize("command", ["train", "table", "curves"])
def test_help_explains_itself(command: str) -> None:
    done = run(command, "--help")
    assert done.returncode == 0
    for flag in ("--results", "--seeds", "--timesteps", "--environments", "--settings"):
        assert flag in done.stdout


def test_make_passes_its_variables() -> None:
    variables = [
        "RESULTS=/tmp/x",
        "SEEDS=1",
        "TIMESTEPS=20480",
        "ENVIRONMENTS=Hopper-v4 Walker2d-v4",
        "SETTINGS=no-clip",
    ]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        ["make", "--dry-run", "table1", *variables],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    flags = (
        "--results '/tmp/x' --seeds '1' --timesteps '20480'"
        " --environments 'Hopper-v4' 'Walker2d-v4' --settings 'no-clip'"
    )
    for command in ("train", "table"):
        assert f"python -m bench {command} {flags}" in " ".join(done.stdout.split())
