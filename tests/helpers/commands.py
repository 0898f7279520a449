"""`python -m bench` within this process: a second less than a process of its own."""

import contextlib
import io
from collections.abc import Callable
from typing import NamedTuple

import pytest

from bench.command_line import Command, execute, run_command_line


class Done(NamedTuple):
    """What a command left: as `subprocess.CompletedProcess` has it."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str, columns: int = 160) -> Done:
    """Run a command that starts no other process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["bench", *arguments])
        return _captured(run_command_line, columns)


def run_command(command: Command) -> Done:
    """Run a command that starts no other process, given by its options."""
    return _captured(lambda: execute(command), 160)


def _captured(function: Callable[[], int], columns: int) -> Done:
    printed, errors = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(columns))
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(errors):
            try:
                status = function()
            except SystemExit as error:  # of the options
                status = int(str(error.code))
    return Done(status, printed.getvalue(), errors.getvalue())
