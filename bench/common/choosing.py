"""How a name that there is not is refused."""

from collections.abc import Iterable
from difflib import get_close_matches

from bench.common.errors import UserError


def unknown(what: str, name: str, choices: Iterable[str]) -> UserError:
    """The error that names what is unknown, what may have been meant, and what there is."""
    choices = tuple(dict.fromkeys(choices))  # a group may have the name of one of its settings
    close = get_close_matches(name, choices, 1)
    meant = f" (did you mean {close[0]}?)" if close else ""
    return UserError(f"unknown {what} '{name}'{meant}; choose from: {' '.join(choices)}")
