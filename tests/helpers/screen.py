"""What a terminal shows of what is written to it."""

import re

# A control sequence, or any other sign.
PARTS = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|(.)", re.DOTALL)


def shown(written: str, width: int) -> list[str]:
    """The lines of a terminal of this width that understands what a progress bar needs, and wraps lines."""
    lines, row, column = [""], 0, 0
    for numbers, command, sign in PARTS.findall(written):
        if command == "A":
            row = max(0, row - int(numbers or 1))
        elif command == "K":
            lines[row] = ""
        elif sign == "\r":
            column = 0
        elif sign and (sign == "\n" or column == width):
            row, column = row + 1, 0
        if sign and sign not in "\r\n":
            lines += [""] * (row + 1 - len(lines))
            lines[row] = lines[row][:column].ljust(column) + sign + lines[row][column + 1 :]
            column += 1
        lines += [""] * (row + 1 - len(lines))
    return [line.rstrip() for line in lines]
