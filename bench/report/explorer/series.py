"""The curves of runs, packed: four characters a number, and every run's last line exactly."""

import base64
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from bench.results.reading import KEYS, find_starts

# Of which every packed number is sure.
SIGNIFICANT_DIGITS = 4
# Four characters each: 3.2 MB, which leaves room below 5 MB for the library, the last lines and the rest.
MOST_NUMBERS = 800_000


def pack(values: ArrayLike) -> str:
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
    starts = find_starts(runs)
    counts, varying = np.diff(starts, append=len(runs)), np.zeros(len(starts), int)
    for name in columns:
        values = runs[name].to_numpy(float)
        varying += np.fmax.reduceat(values, starts) > np.fmin.reduceat(values, starts)
    return max(1, math.ceil(int((varying * counts).sum()) / MOST_NUMBERS))


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
    lines, starts = [], find_starts(runs)
    keys = runs[list(KEYS)].iloc[starts].to_dict("records")
    timesteps, diverged = runs["timesteps"].to_numpy(), runs["diverged"].to_numpy()
    numbers = [runs[name].to_numpy() for name in columns]
    for run, start, end in zip(keys, starts, [*starts[1:], len(runs)], strict=True):
        kept = np.arange(start + stride - 1, end, stride)
        if (end - start) % stride:
            kept = np.append(kept, end - 1)
        axis = axes.setdefault(tuple(timesteps[kept].tolist()), len(axes))
        lines.append(
            {
                **run,
                "axis": axis,
                "diverged": bool(diverged[end - 1]),
                "last": [_finite(column[end - 1]) for column in numbers],
                "curves": [_curve(column[kept]) for column in numbers],
            }
        )
    return {"axes": [list(axis) for axis in axes], "runs": lines}


def _curve(values: NDArray[Any]) -> str:
    if not np.isfinite(values).any():
        return ""
    return pack(values[:1] if (values == values[0]).all() else values)


def _finite(value: Any) -> float | int | None:
    """A number as JSON has it: whole numbers without a point."""
    number = float(value)
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() and abs(number) < 2**53 else number
