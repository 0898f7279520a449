"""What a field of JSON may be: each kind in words, for people, and as a test."""

import math
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple


class Kind(NamedTuple):
    """What a value may be: in words, and as a test."""

    words: str
    holds: Callable[[Any], bool]


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_finite(value: Any) -> bool:
    return _is_whole(value) or (isinstance(value, float) and math.isfinite(value))


TEXT = Kind("a text", lambda value: isinstance(value, str))
COUNT = Kind("a whole number, 0 or more", lambda value: _is_whole(value) and value >= 0)
POSITIVE = Kind("a whole number, 1 or more", lambda value: _is_whole(value) and value > 0)
FINITE = Kind("a finite number", _is_finite)
SECONDS = Kind("a number of seconds, 0 or more", lambda value: _is_finite(value) and value >= 0)
OBJECT = Kind("an object", lambda value: isinstance(value, dict))


def one_of(texts: Collection[str]) -> Kind:
    """One of these texts."""
    return Kind(f"one of {', '.join(texts)}", lambda value: isinstance(value, str) and value in texts)


def or_null(kind: Kind) -> Kind:
    """That kind, or null."""
    return Kind(f"{kind.words}, or null", lambda value: value is None or kind.holds(value))


def list_of(kind: Kind) -> Kind:
    """A list, each item of that kind."""
    return Kind(
        f"a list, each item {kind.words}",
        lambda value: isinstance(value, list) and all(map(kind.holds, value)),
    )


def object_of(kind: Kind) -> Kind:
    """An object, each value of that kind."""
    return Kind(
        f"an object, each value {kind.words}",
        lambda value: OBJECT.holds(value) and all(map(kind.holds, value.values())),
    )


def require(record: Mapping[str, Any], kinds: Mapping[str, Kind], optional: Mapping[str, Kind]) -> None:
    """Check that fields are there and of their kind, each by itself.

    optional: of the fields that may be missing.

    Raises:
        ValueError: naming the field.
    """
    missing = kinds.keys() - record.keys()
    if missing:
        raise ValueError(f"without {', '.join(sorted(missing))}")
    for name, kind in {**kinds, **optional}.items():
        if name in record and not kind.holds(record[name]):
            raise ValueError(f"{name} must be {kind.words}, not {_short(record[name])}")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
