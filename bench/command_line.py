"""The command line: `python -m bench --help`, and `--help` after each command."""

import io
import sys
from collections.abc import Sequence

import tyro
from rich.console import Console

from bench.commands.evaluation import Evaluate
from bench.commands.machines import Speed, Videos
from bench.commands.reports import Curves, Page, Table, Variants
from bench.commands.training import Status, Train, Verify
from bench.common.errors import UserError, printable
from bench.common.interrupts import STATUS
from bench.protocol.settings import SETTINGS

Command = Train | Evaluate | Status | Verify | Table | Curves | Page | Variants | Speed | Videos


def parsed(arguments: Sequence[str] | None = None) -> Command:
    """The command that the arguments name, by default those of this process.

    Raises:
        SystemExit: for arguments that can't be used, after saying why, and after `--help`.
    """
    return tyro.cli(
        Command,
        args=arguments,
        prog="python -m bench",
        description="\n".join(["Table 1 of the PPO paper, measured. The settings:\n", *_settings_lines()]),
    )


def _settings_lines() -> list[str]:
    width = max(map(len, SETTINGS))
    return [f"  {setting.name:<{width}}  {setting.label}" for setting in SETTINGS.values()]


def run_command_line() -> int:
    """Run the command that the arguments name; returns the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # where an encoding has no ε
    command = parsed()
    # Names and paths are printed as they are: [red] is a folder's name, and :x: no picture.
    console = Console(highlight=False, markup=False, emoji=False)
    try:
        command.execute(console)
        sys.stdout.flush()
    except (UserError, OSError) as error:
        print(f"error: {printable(str(error))}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return STATUS
    return 0
