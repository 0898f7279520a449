"""The curves of runs, packed: four characters a number, and every run's last line exactly."""

import base64
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from bench.results.reading import KEYS

# Of which every packed number is sure.
SIGNIFICANT_DIGITS = 4
# Four characters each: 3.2 MB, which leaves room below 5 MB for the library, the last lines and the rest.
MOST_NUMBERS = 800_000


def pack(values: Sequence[float]) -> str:
    """Numbers in base64: of each, the first three bytes of its 32 bits, the last of them rounded.

    What is not finite, or beyond what 32 bits hold, is packed as NaN.
    """
    with np.errstate(over="ignore"):
        singles = np.asarray(values, np.float32)
    words = np.where(np.isfinite(singles), singles, np.float32(np.nan)).view(np.uint32) + 0x80
    return base64.b64encode(words.astype(">u4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()).decode()


def choose_stride(runs: pd.DataFrame, columns: Sequence[str]) -> int:
    """Every how many lines of a run one is kept, so that all runs have about `MOST_NUMBERS` at most.

    runs: as `bench.results.reading.load_runs` gives them.
    columns: those that are packed. A column that is constant in a run counts for nothing there.
    """
    by_run = runs.groupby(list(KEYS))
    varying = (by_run[list(columns)].nunique() > 1).sum(axis="columns")
    return max(1, math.ceil(int((varying * by_run.size()).sum()) / MOST_NUMBERS))


def pack_runs(runs: pd.DataFrame, columns: Sequence[str], stride: int) -> dict[str, Any]:
    """All curves, for `data.js` to unpack.

    runs: as `bench.results.reading.load_runs` gives them.

    Returns:
        `axes`, the distinct sequences of timesteps, and `runs`. A run has its environment, setting and seed;
        the index of its axis; whether it diverged; and lists with an entry for each column: `last`, the
        number of its last line, None where it is not finite; and `curves`, the packed numbers: one where all
        are equal, none where the run does not have the column.
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
    return pack(values[:1] if len(set(values)) == 1 else values)


def _finite(value: Any) -> float | int | None:
    """A number as JSON has it: whole numbers without a point."""
    number = float(value)
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() and abs(number) < 2**53 else number
