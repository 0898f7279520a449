"""What is printed on a terminal: tables in which no number is cut, warnings, and stages that take long."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Timer

from rich.console import Console
from rich.table import Table

# The width of a column's frame: a space on either side and a line.
FRAME = 3
# The narrowest column of texts, which wrap.
NARROWEST_TEXT = 12
# How many seconds a stage may take without a word.
SILENCE = 3.0


class PatientConsole(Console):
    """A console that says no more once its reader has left, while the command goes on."""

    def on_broken_pipe(self) -> None:
        """Say no more."""
        self.quiet = True
        silence_stdout()


def silence_stdout() -> None:
    """Send to nowhere what this process prints from now on."""
    descriptor = os.open(os.devnull, os.O_WRONLY)
    os.dup2(descriptor, sys.stdout.fileno())
    os.close(descriptor)


def print_table(
    console: Console, title: str, cells: Sequence[Sequence[str]], texts: Sequence[int] = (0,)
) -> None:
    """Print a table. Its texts wrap where the terminal is narrow; on a still narrower one a cell is a line.

    cells: The heading, and then the rows.
    texts: The indices of the columns that hold texts; all others hold numbers.
    """
    heading, *rows = cells
    columns = list(zip(*cells, strict=True))
    widest = [max(map(len, column)) for column in columns]
    narrowest = [
        NARROWEST_TEXT if number in texts else max(map(len, [*column[0].split(), *column[1:]]))
        for number, column in enumerate(columns)
    ]
    if not _fits(narrowest, console):
        _print_lines(console, title, heading, rows)
        return
    table = Table(title=title, title_justify="left")
    for number, name in enumerate(heading):
        if number in texts:
            table.add_column(name, overflow="fold")
        else:
            width = widest if _fits(widest, console) else narrowest
            table.add_column(name, justify="right", width=width[number])
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _fits(widths: Sequence[int], console: Console) -> bool:
    return sum(widths) + FRAME * len(widths) + 1 <= console.width


def _print_lines(console: Console, title: str, heading: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print for each row a line of its first cell, and a line for each other cell that is not empty."""
    console.print(title, style="italic", soft_wrap=True)
    for first, *others in rows:
        console.print(first, soft_wrap=True)
        for name, cell in zip(heading[1:], others, strict=True):
            if cell:
                console.print(f"  {name}: {cell}", soft_wrap=True)


def warn(console: Console, line: str) -> None:
    """Print a line that asks for attention."""
    console.print(line, style="yellow", soft_wrap=True)


@contextmanager
def stage(console: Console, doing: str) -> Iterator[None]:
    """Say what is being done within the context once it takes more than `SILENCE`. doing: Such as drawing."""

    def say() -> None:
        with suppress(OSError):  # a full disk, or a reader that has left
            console.print(f"{doing} ...", soft_wrap=True)

    timer = Timer(SILENCE, say)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
