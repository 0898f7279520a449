"""The one kind of error that a user can mend, and errors in one line."""

from collections.abc import Iterable
from difflib import get_close_matches

# Characters of a message. Longer ones quote a name or a value that nobody wrote by hand.
LONGEST = 4000
LEFT_OUT = " [...] "


class UserError(Exception):
    """What was asked for, or found in a results folder, can't be used; the message names it, in one line."""

    def __init__(self, message: str) -> None:
        super().__init__(readable(message))


class DamagedError(UserError):
    """A file is not what was written; the message names it."""


def one_line(error: BaseException) -> str:
    """Return any error as one line: its kind, and the first line of its message."""
    return f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}"


def readable(message: str) -> str:
    """Return a message as one line that can be printed, without its middle where it is very long."""
    line, half = printable(message), (LONGEST - len(LEFT_OUT)) // 2
    return line if len(line) <= LONGEST else line[:half] + LEFT_OUT + line[-half:]


def printable(message: str) -> str:
    """Return a message as one line, with the line breaks and terminal codes of names and files escaped."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in message)


def unknown(what: str, name: str, choices: Iterable[str]) -> UserError:
    """The error that names what is unknown, what may have been meant, and what there is."""
    choices = tuple(dict.fromkeys(choices))  # a group may have the name of one of its settings
    close = get_close_matches(name, choices, 1)
    meant = f" (did you mean {close[0]}?)" if close else ""
    return UserError(f"unknown {what} '{name}'{meant}; choose from: {' '.join(choices)}")
