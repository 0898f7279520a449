"""The command line: `python -m bench --help`, and `--help` after each command."""

import io
import sys
from collections.abc import Sequence

import tyro
from rich.console import Console

from bench.commands.demonstrations import Demonstrate
from bench.commands.evaluation import Evaluate
from bench.commands.machines import Speed, Videos
from bench.commands.reports import Curves, Page, Table, Variants
from bench.commands.training import Status, Train, Verify
from bench.common.errors import UserError, printable
from bench.common.interrupts import STATUS
from bench.protocol.settings import SETTINGS

# Options that take several values: given twice, they take all of them.
LISTS = ("--environments", "--settings", "--set")

Command = Train | Evaluate | Status | Verify | Table | Curves | Page | Variants | Demonstrate | Speed | Videos


def parsed(arguments: Sequence[str] | None = None) -> Command:
    """The command that the arguments name, by default those of this process.

    Raises:
        SystemExit: for arguments that can't be used, after saying why, and after `--help`.
    """
    return tyro.cli(
        Command,
        args=join_repeated(sys.argv[1:] if arguments is None else arguments),
        prog="python -m bench",
        description="\n".join(["Table 1 of the PPO paper, measured. The settings:\n", *_settings_lines()]),
    )


def join_repeated(arguments: Sequence[str]) -> list[str]:
    """The arguments with the values of a list that is given several times behind its first mention.

    Raises:
        SystemExit: for another option that is given twice, after saying so: the last would win unsaid.
    """
    parts: dict[str, list[str]] = {"": []}
    current = ""
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not argument.startswith("--"):
            parts[current].append(argument)
        elif name in LISTS:
            current = name
            parts.setdefault(name, [name]).extend([value] if equals else [])
        elif name in parts:
            print(f"error: {name} is given twice", file=sys.stderr)
            raise SystemExit(1)
        else:
            current = name
            parts[name] = [argument]
    return [argument for part in parts.values() for argument in part]


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
