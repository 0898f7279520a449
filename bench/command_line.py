"""The command line: `python -m bench --help`, and `--help` after each command."""

import io
import sys
from collections.abc import Sequence
from typing import get_args

import tyro

from bench.commands.evaluation import Evaluate
from bench.commands.machines import Speed, Videos
from bench.commands.reports import Curves, Page, Table, Variants
from bench.commands.training import Demonstrate, Status, Train, Verify
from bench.common.errors import UserError, readable
from bench.common.interrupts import STATUS
from bench.common.terminal import PlainConsole, silence_stdout
from bench.protocol.settings import GROUPS

# Options that take several values: given twice, they take all of them.
LISTS = ("--environments", "--settings", "--set", "--own")

TITLE = "Table 1 of the PPO paper, measured."

Command = Train | Evaluate | Status | Verify | Table | Curves | Page | Variants | Demonstrate | Speed | Videos


def parsed(arguments: Sequence[str] | None = None) -> Command:
    """The command that the arguments name, by default those of this process.

    Raises:
        SystemExit: for arguments that can't be used, after saying why, and after `--help`.
    """
    given = join_repeated(sys.argv[1:] if arguments is None else arguments)
    if given in (["-h"], ["--help"]):
        print(overview())
        raise SystemExit(0)
    return tyro.cli(Command, args=given, prog="python -m bench", description=TITLE)


def overview() -> str:
    """What `--help` without a command says: the commands first, on one screen of 80 columns."""
    commands = {command.__name__.lower(): str(command.__doc__) for command in get_args(Command)}
    width = max(map(len, commands))
    return "\n".join(
        [
            "usage: python -m bench COMMAND [OPTIONS]",
            "",
            TITLE,
            "",
            *(f"  {name:<{width}}  {about.splitlines()[0]}" for name, about in commands.items()),
            "",
            "python -m bench COMMAND --help explains its options.",
            f"Groups of settings, the default first: {', '.join(GROUPS)}.",
            "All settings are in bench/protocol/settings.py.",
        ]
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
            print(f"error: {readable(name)} is given twice", file=sys.stderr)
            raise SystemExit(1)
        else:
            current = name
            parts[name] = [argument]
    return [argument for part in parts.values() for argument in part]


def run_command_line() -> int:
    """Run the command that the arguments of this process name; returns the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # where an encoding has no ε
    try:
        command = parsed()
    except BrokenPipeError:  # help was asked for, and not read to its end
        silence_stdout()
        return 0
    return execute(command)


def execute(command: Command) -> int:
    """Run a command; returns the exit status. What the user can mend is told in one line."""
    try:
        try:
            command.execute(PlainConsole())
        finally:
            _flush()
    except (UserError, OSError) as error:
        print(f"error: {readable(str(error))}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return STATUS
    return 0


def _flush() -> None:
    """Write what is printed and not yet written, without complaint where its reader has left."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        silence_stdout()
