"""`policies.csv` of a results folder: what final policies return, by sampled and by mean actions.

A line is of a run and a mode. It names the policy by the SHA-256 of its file, because not all are published.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import Literal, TypedDict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.common.errors import DamagedError
from bench.common.files import csv_text, digest, read_lines, write_whole
from bench.common.parsing import Count, Digest, Finite, NotNegative, Positive
from bench.protocol.protocol import Run
from bench.results.policies import Policy
from bench.results.schema import EnvironmentId, SettingName

FILE = "policies.csv"

# Actions as the policy samples them, and the mean of its Gaussian.
MODES = ("sampled", "mean")

KEYS = ("environment", "setting", "seed", "mode")


class Line(TypedDict):
    """A line of the file: a run's policy in a mode. Returns and lengths are means over the episodes.

    mean_length: in steps.
    action_std: the mean over the action's dimensions.
    entropy: the Gaussian's, in nats.
    """

    environment: EnvironmentId
    setting: SettingName
    seed: Count
    mode: Literal["sampled", "mean"]
    episodes: Positive
    mean_return: Finite
    standard_error: NotNegative
    mean_length: NotNegative
    action_std: NotNegative
    entropy: Finite
    policy_sha256: Digest


COLUMNS = tuple(Line.__annotations__)
# The types of columns by which lines are chosen or compared, also where there is no line.
NUMBERS = {"seed": int, "episodes": int, "mean_return": float, "action_std": float, "entropy": float}


def summarize(
    run: Run, stored: bytes, returns: NDArray[np.float64], lengths: NDArray[np.int_]
) -> pd.DataFrame:
    """Return a line for each mode, columns `COLUMNS`. Sums are exact, so that they don't depend on an order.

    stored: The content of the policy's file.
    returns, lengths: The returns of the episodes and their lengths in steps, `[mode, episode]`, of two
        episodes at least.
    """
    log_std = Policy.from_bytes(stored).log_std.tolist()
    return pd.DataFrame(
        {
            **asdict(run),
            "mode": mode,
            "episodes": len(values),
            "mean_return": fmean(values),
            "standard_error": _standard_error(values),
            "mean_length": fmean(steps),
            "action_std": fmean([math.exp(value) for value in log_std]),
            "entropy": math.fsum(value + 0.5 * math.log(2 * math.pi * math.e) for value in log_std),
            "policy_sha256": digest(stored),
        }
        for mode, values, steps in zip(MODES, returns.tolist(), lengths.tolist(), strict=True)
    )


def _standard_error(values: list[float]) -> float:
    mean, count = fmean(values), len(values)
    return math.sqrt(math.fsum((value - mean) * (value - mean) for value in values) / (count - 1) / count)


def read(folder: Path) -> pd.DataFrame:
    """Read a results folder's `policies.csv`, columns `COLUMNS`; no lines where the file is not there.

    Raises:
        DamagedError: saying what is wrong, when the file is not what `record` writes.
        UserError: when it can't be read.
    """
    try:
        table = pd.DataFrame(read_lines(folder / FILE, Line), columns=list(COLUMNS)).astype(NUMBERS)
        if table.duplicated(list(KEYS)).any():
            raise DamagedError(f"{folder / FILE}: two lines are of one run and mode")
    except DamagedError as error:
        raise DamagedError(f"{error}; restore it, or move it away and evaluate again") from error
    return table


def record(folder: Path, lines: pd.DataFrame) -> None:
    """Add lines to `policies.csv`; each replaces an earlier one of its run and mode.

    Call it only in a campaign, which locks the folder.

    Raises:
        DamagedError: when the file is not what this function writes.
        UserError: when it can't be read or written.
    """
    known = read(folder)
    table = lines if known.empty else pd.concat([known, lines])
    table = table.drop_duplicates(list(KEYS), keep="last").sort_values(list(KEYS))
    write_whole(folder / FILE, csv_text(table))


def find_evaluated(lines: pd.DataFrame, policies: Mapping[Run, bytes], episodes: int) -> set[Run]:
    """Return the runs whose policies have lines of all modes, over this number of episodes.

    policies: The content of each policy's file.
    """
    columns = [*KEYS, "policy_sha256"]
    there = set(lines[lines["episodes"] == episodes][columns].itertuples(index=False, name=None))
    return {
        run
        for run, stored in policies.items()
        if all((*asdict(run).values(), mode, digest(stored)) in there for mode in MODES)
    }
