"""How numbers, intervals and lists are written in pages, on the terminal and in figures."""

import math
from collections.abc import Iterable
from typing import Any

from bench.scores.scale import READINGS

# A reading of the scale as a heading, by the name of its column.
READING_NAMES = {
    str(reading): f"{reading.random}, {'best run' if reading.best == 'run' else 'best setting mean'}"
    for reading in READINGS
}


def format_count(count: int, noun: str) -> str:
    """A number of things, such as 1 seed and 1,000 runs."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def format_number(value: float) -> str:
    """Two decimals, or nothing for NaN."""
    return "" if math.isnan(value) else f"{value:z,.2f}"


def format_decimals(value: float, digits: int) -> str:
    """So many decimals, or nothing for NaN."""
    return "" if math.isnan(value) else f"{value:,.{digits}f}"


def format_return(value: float) -> str:
    """A return, or nothing for NaN: below 100, as Reacher's are, with a decimal."""
    return "" if math.isnan(value) else f"{value:,.{return_digits(value)}f}"


def return_digits(value: float) -> int:
    """How many decimals a return is read with."""
    return 0 if abs(value) >= 100 else 1


def format_share(value: float) -> str:
    """A share in percent, or nothing for NaN."""
    return "" if math.isnan(value) else f"{100 * value:z.0f} %"


def format_p(p: float) -> str:
    """A p value with three decimals, or nothing for NaN."""
    return "" if math.isnan(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"


def format_interval(low: float, high: float, unreliable: bool = False) -> str:
    """An interval, in brackets where it is unreliable; nothing for NaN."""
    if math.isnan(low):
        return ""
    interval = f"{low:z,.2f} to {high:z,.2f}"
    return f"({interval})" if unreliable else interval


def format_estimate(row: Any, name: str, ends: tuple[str, str] | None = None) -> str:
    """A number of a table's line and, in brackets, its interval, where there is one.

    name, ends: the columns of the number and of the interval, as `Estimate.as_columns` has them.
    """
    columns = (name, *(ends or (f"{name}_low", f"{name}_high")))
    value, low, high = (getattr(row, column) for column in columns)
    return format_number(value) + ("" if math.isnan(low) else f" ({format_interval(low, high)})")


def format_list(names: Iterable[object], last_word: str = "and") -> str:
    """Names in a sentence, with this word before the last one; none where there is no name."""
    *others, last = [*map(str, names)] or ["none"]
    return f" {last_word} ".join([", ".join(others), last] if others else [last])


def format_quoted(value: object) -> str:
    """A text in quotation marks."""
    return f"“{value}”"


def format_reading(reading: object) -> str:
    """A reading of the scale, such as uniform_run, in words."""
    return READING_NAMES[str(reading)]


def format_ahead(wins: Iterable[int], others: int) -> str:
    """Of how many others each of two settings is ahead."""
    first, second = wins
    if first != second:
        return f"{first} and {second}"
    return f"all {first}" if first == others else "none" if first == 0 else f"{first} each"


def format_kl(value: float) -> str:
    """A KL divergence in nats: two significant digits, or a whole number from 10 on."""
    return f"{value:.2g}" if value < 10 else f"{value:,.0f}"
