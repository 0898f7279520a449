"""Tables on a terminal of any width: a number is never cut."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

# What a column's frame takes: a space on either side and a line.
FRAME = 3
# The narrowest column of texts, which wrap.
NARROWEST_TEXT = 12


def print_table(
    console: Console, title: str, cells: Sequence[Sequence[str]], texts: Sequence[int] = (0,)
) -> None:
    """Print a heading and rows.

    Texts wrap where the terminal is narrow, and where that is not enough each row becomes lines of its own.

    texts: the columns that hold texts; all others hold numbers.
    """
    heading, *rows = cells
    widths = [
        NARROWEST_TEXT if column in texts else max(map(len, [*name.split(), *values]))
        for column, (name, *values) in enumerate(zip(*cells, strict=True))
    ]
    if rows and sum(widths) + FRAME * len(widths) + 1 > console.width:
        _print_lines(console, title, heading, rows)
        return
    table = Table(title=title, title_justify="left")
    for column, name in enumerate(heading):
        if column in texts:
            table.add_column(name, overflow="fold")
        else:
            table.add_column(name, justify="right", min_width=widths[column])
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _print_lines(console: Console, title: str, heading: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Each row as a line of its first cell, and a line for each other cell that is not empty."""
    console.print(title, style="italic", soft_wrap=True)
    for first, *others in rows:
        console.print(first, soft_wrap=True)
        for name, cell in zip(heading[1:], others, strict=True):
            if cell:
                console.print(f"  {name}: {cell}", soft_wrap=True)
