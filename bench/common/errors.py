"""The one kind of error that a user can mend, and errors in one line."""


class UserError(Exception):
    """What was asked for, or found in a results folder, can't be used; the message names it, in one line."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


class DamagedError(UserError):
    """A file is not what was written; the message names it."""


def one_line(error: BaseException) -> str:
    """Return any error as one line: its kind, and the first line of its message."""
    return f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}"


def printable(message: str) -> str:
    """Return a message as one line, with the line breaks and terminal codes of names and files escaped."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in message)
