"""`verified.csv` of a results folder: which runs were repeated, where, by what, and with what outcome."""

import csv
import fcntl
import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.common.errors import DamagedError
from bench.common.files import read_text, write_whole
from bench.common.provenance import processor_of
from bench.protocol.protocol import Run
from bench.results.folder import Results

FILE = "verified.csv"

# What tells one repetition from another.
KEYS = ("environment", "setting", "seed", "timesteps", "repeated_on", "repeated_by")
COLUMNS = (
    *KEYS,
    *("outcome", "made_on", "made_by", "python", "libc", "jax", "jaxlib", "mujoco", "gymnasium", "numpy"),
)


def read(folder: Path) -> list[dict[str, str]]:
    """The lines of a results folder's `verified.csv`; none where the file is not there.

    Raises:
        DamagedError: when the file is not what `record` writes.
        UserError: when it can't be read.
    """
    path = folder / FILE
    if not os.path.lexists(path):
        return []
    heading, *rows = list(csv.reader(io.StringIO(read_text(path)))) or [[]]
    whole = heading == list(COLUMNS) and all(len(row) == len(COLUMNS) for row in rows)
    lines = [dict(zip(COLUMNS, row, strict=False)) for row in rows]
    if not whole or not all(line["seed"].isdecimal() and line["timesteps"].isdecimal() for line in lines):
        raise DamagedError(f"{path}: not what `verify --record` writes")
    return lines


def record(results: Results, repeated: Results, outcomes: Mapping[Run, str]) -> None:
    """Add what was repeated; a repetition of the same kind takes the earlier one's place.

    repeated: with the repetitions of the runs, or of their first timesteps.
    outcomes: of the runs, as `bench.campaign.verify.Outcome` has them.

    Raises:
        DamagedError: when the file is not what this function writes.
        UserError: when it can't be read or written.
    """
    made = [_line(results, repeated, run, outcome) for run, outcome in outcomes.items()]
    with _locked(results.path / "runs"):
        by_key = {tuple(line[key] for key in KEYS): line for line in (*read(results.path), *made)}
        file = io.StringIO()
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(by_key[key] for key in sorted(by_key))
        write_whole(results.path / FILE, file.getvalue())


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other verifications waiting, which may end at the same time.

    The lock is on a folder, because files are replaced; the results folder itself is locked by a campaign.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _line(results: Results, repeated: Results, run: Run, outcome: str) -> dict[str, str]:
    made, again = results.provenance(run), repeated.provenance(run)
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
