"""`verified.csv` of a results folder: which runs were repeated, where, by what, and with what outcome."""

from collections.abc import Mapping
from operator import itemgetter
from pathlib import Path
from typing import Annotated, TypedDict

import pandas as pd
from msgspec import Meta

from bench.common.errors import DamagedError
from bench.common.files import csv_text, inner_folder, read_lines, write_whole
from bench.common.locks import locked
from bench.common.provenance import processor_of
from bench.protocol.protocol import Run
from bench.results.folder import Results
from bench.results.schema import EnvironmentId, SettingName

FILE = "verified.csv"
# How many seconds to wait for another verification that writes the file.
PATIENCE = 60.0

Digits = Annotated[str, Meta(pattern=r"^[0-9]{1,15}\Z")]


class Line(TypedDict):
    """A line of the file: a run that was repeated, whole or in part. All is text, because it is sorted so."""

    environment: EnvironmentId
    setting: SettingName
    seed: Digits
    timesteps: Digits
    repeated_on: str
    repeated_by: str
    outcome: str
    made_on: str
    made_by: str
    python: str
    libc: str
    jax: str
    jaxlib: str
    mujoco: str
    gymnasium: str
    numpy: str


COLUMNS = tuple(Line.__annotations__)
# What tells one repetition from another.
KEYS = COLUMNS[: COLUMNS.index("outcome")]
_key = itemgetter(*KEYS)


def read(folder: Path) -> list[dict[str, str]]:
    """Read the lines of a results folder's `verified.csv`; none where the file is not there.

    Raises:
        DamagedError: when the file is not what `record` writes.
        UserError: when it can't be read.
    """
    lines = read_lines(folder / FILE, Line)
    if len({_key(line) for line in lines}) < len(lines):
        raise DamagedError(f"{folder / FILE}: two lines are of one repetition")
    return lines


def record(results: Results, repeated: Results, outcomes: Mapping[Run, str]) -> None:
    """Add repetitions to `verified.csv`; each replaces an earlier one with the same `KEYS`.

    repeated: The folder with the repetitions of the runs, or of their first timesteps.
    outcomes: The runs' outcomes, as `bench.campaign.verify.Outcome` lists them.

    Raises:
        DamagedError: when the file is not what this function writes.
        UserError: when it can't be read or written, or another process does not let go of it.
    """
    made = [_line(results, repeated, run, outcome) for run, outcome in outcomes.items()]
    # Other verifications, which may end at the same time, wait. A campaign locks the results folder itself.
    with locked(inner_folder(results.path, "runs"), f"{results.path} is being written", patience=PATIENCE):
        by_key = {_key(line): line for line in (*read(results.path), *made)}
        lines = [by_key[key] for key in sorted(by_key)]
        write_whole(results.path / FILE, csv_text(pd.DataFrame(lines, columns=list(COLUMNS))))


def _line(results: Results, repeated: Results, run: Run, outcome: str) -> dict[str, str]:
    made, again = results.read(run).record, repeated.read(run).record
    return {
        "environment": run.environment,
        "setting": run.setting,
        "seed": str(run.seed),
        "timesteps": str(repeated.protocol.timesteps),
        "repeated_on": processor_of(again),
        "repeated_by": str(again.get("git_commit")),
        "outcome": outcome,
        "made_on": processor_of(made),
        "made_by": str(made.get("git_commit")),
        **{name: version for name, version in again.get("versions", {}).items() if name in COLUMNS},
    }
