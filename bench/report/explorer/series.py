"""The curves of runs, packed: four characters a number, and every run's last line exactly."""

import math
from collections.abc import Iterable, Sequence
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Any

import pandas as pd

from bench.results.reading import KEYS

# Of a number, besides those of a run's last line.
SIGNIFICANT_DIGITS = 4
# Four characters each: 3.2 MB, which leaves room below 5 MB for the library, the last lines and the rest.
MOST_NUMBERS = 800_000

ALPHABET = ascii_uppercase + ascii_lowercase + digits + "+/"
PAIRS = tuple(first + second for first in ALPHABET for second in ALPHABET)
# A number is `mantissa * 10**exponent`, packed as `(mantissa + LARGEST) * EXPONENTS + exponent + LOWEST`.
LARGEST, EXPONENTS, LOWEST = 10**SIGNIFICANT_DIGITS, 700, 350
NOT_FINITE = "////"


def packed(values: Iterable[float]) -> str:
    """Numbers, rounded to `SIGNIFICANT_DIGITS`, as four characters each; `NOT_FINITE` for all that are not.

    Made from decimal text, because logarithms differ by processor in the last bit.
    """
    return "".join(map(_packed, values))


def _packed(value: float) -> str:
    if not math.isfinite(value):
        return NOT_FINITE
    mantissa, exponent = f"{value:.{SIGNIFICANT_DIGITS - 1}e}".split("e")
    whole, power = int(mantissa.replace(".", "")), int(exponent) - (SIGNIFICANT_DIGITS - 1)
    high, low = divmod((whole + LARGEST) * EXPONENTS + power + LOWEST, len(PAIRS))
    return PAIRS[high] + PAIRS[low]


def stride_of(runs: pd.DataFrame, columns: Sequence[str]) -> int:
    """Every how many lines one is kept, so that all curves together have at most `MOST_NUMBERS`, about.

    runs: as `bench.results.reading.load_runs` gives them.
    columns: those that are packed. One that is constant in a run costs nothing there.
    """
    by_run = runs.groupby(list(KEYS))
    varying = (by_run[list(columns)].nunique() > 1).sum(axis="columns")
    return max(1, math.ceil(int((varying * by_run.size()).sum()) / MOST_NUMBERS))


def series(runs: pd.DataFrame, columns: Sequence[str], stride: int) -> dict[str, Any]:
    """All curves, for `data.js` to unpack.

    runs: as `bench.results.reading.load_runs` gives them.

    Returns `axes`, the distinct sequences of timesteps, and `runs`. A run has its environment, setting and
    seed; the number of its axis; whether it diverged; and lists with an entry for each column: `last`, the
    number of its last line, null where not finite; and `curves`, the packed numbers, one where all are equal,
    none where the run does not have the column.
    """
    axes: dict[tuple[int, ...], int] = {}
    lines = []
    for run, table in runs.groupby(list(KEYS), sort=False):
        kept = table[stride - 1 :: stride]
        if len(table) % stride:
            kept = pd.concat([kept, table[-1:]])
        axis = axes.setdefault(tuple(kept["timesteps"].tolist()), len(axes))
        lines.append(
            {
                **dict(zip(KEYS, run, strict=True)),
                "axis": axis,
                "diverged": bool(table["diverged"].iloc[-1]),
                "last": [_finite(table[name].iloc[-1]) for name in columns],
                "curves": [_curve(kept[name].tolist()) for name in columns],
            }
        )
    return {"axes": [list(axis) for axis in axes], "runs": lines}


def _curve(values: list[float]) -> str:
    if not any(map(math.isfinite, values)):
        return ""
    return packed(values[:1] if len(set(values)) == 1 else values)


def _finite(value: Any) -> float | int | None:
    """A number as JSON has it: whole numbers without a point."""
    number = float(value)
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() and abs(number) < 2**53 else number
