"""What the two files of a finished run must be, to be believed."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench.common.errors import DamagedError
from bench.common.kinds import (
    COUNT,
    FINITE,
    OBJECT,
    POSITIVE,
    SECONDS,
    TEXT,
    list_of,
    object_of,
    or_null,
    require,
)
from bench.protocol.protocol import Protocol, Run
from bench.protocol.settings import SETTINGS, Setting

REPAIR = "`train --repair` keeps it aside and makes it again"


@contextmanager
def judged(path: Path) -> Iterator[None]:
    """Where a check within the context fails, say which file is damaged, and what to do.

    Raises:
        DamagedError: saying so.
    """
    try:
        yield
    except DamagedError as error:
        raise DamagedError(f"{error}; {REPAIR}") from error
    except ValueError as error:
        raise DamagedError(f"{path}: {error}; {REPAIR}") from error


@dataclass(frozen=True)
class StoredRun:
    """A finished run's two files, checked.

    text: of the CSV.
    record: the JSON.
    """

    run: Run
    text: str
    record: dict[str, Any]


REQUIRED = {
    **dict.fromkeys(("environment", "setting", "protocol", "csv_sha256", "label", "family", "rule"), TEXT),
    "seed": COUNT,
    "diverged_at": or_null(POSITIVE),
    "physics_warnings": COUNT,
    "numbers": object_of(or_null(FINITE)),
    "options": OBJECT,
    "job_seconds": SECONDS,
    "job_runs": POSITIVE,
    "processor": object_of(TEXT),
}
OPTIONAL = {
    "own_sha256": TEXT,
    "git_commit": or_null(TEXT),
    "versions": object_of(TEXT),
    "earlier_segments": list_of(OBJECT),
}


def check_record(record: Mapping[str, Any], run: Run, protocol: Protocol) -> None:
    """Check that a run's JSON is whole, of this run and protocol, and of the setting as it is now.

    Raises:
        ValueError: naming the field, or saying what differs.
    """
    require(record, REQUIRED, OPTIONAL)
    if "kind" not in record["processor"]:
        raise ValueError("processor is without kind")
    if {name: record[name] for name in asdict(run)} != asdict(run):
        raise ValueError("the provenance of another run, so this one is a duplicate")
    if record["protocol"] != protocol.fingerprint:
        raise ValueError(f"of protocol {record['protocol']}, the folder's is {protocol.fingerprint}")
    described = Setting.from_json(run.setting, record).as_json()
    if run.setting in SETTINGS and described != SETTINGS[run.setting].as_json():
        raise ValueError(f"{run.setting} was defined differently when this run was made")


def check_csv(text: str, columns: Sequence[str], end: int) -> None:
    """Check that a run's CSV has these columns, lines at growing timesteps up to `end`, and finite scores.

    Raises:
        ValueError: saying what is wrong.
    """
    heading, *lines = text.splitlines() or [""]
    names = heading.split(",")
    missing = [column for column in columns if column not in names]
    if missing:
        raise ValueError(f"missing columns: {', '.join(missing)}")
    if len(set(names)) < len(names):
        raise ValueError("a column stands there twice")
    if not lines:
        raise ValueError("no lines")
    rows = [line.split(",") for line in lines]
    if any(len(row) != len(names) for row in rows):
        raise ValueError("a line has more or fewer fields than the heading")
    cells = dict(zip(names, zip(*rows, strict=True), strict=True))
    wrong = [name for name, column in cells.items() if not all(map(_is_number_or_empty, column))]
    if wrong:
        raise ValueError(f"not numbers in: {', '.join(wrong)}")
    if not all(cell.isdecimal() for name in ("timesteps", "episodes") for cell in cells[name]):
        raise ValueError("timesteps or episodes are not whole numbers")
    timesteps = list(map(int, cells["timesteps"]))
    if any(after <= before for before, after in pairwise(timesteps)):
        raise ValueError("timesteps that do not grow")
    if not all(cell and math.isfinite(float(cell)) for cell in cells["return_last100"]):
        raise ValueError("a score is not a finite number")
    if timesteps[-1] != end:
        raise ValueError(f"ends at timestep {timesteps[-1]} instead of {end}")


def _is_number_or_empty(cell: str) -> bool:
    try:
        float(cell or "0")
    except ValueError:
        return False
    return "_" not in cell  # Python reads 1_000, nobody else does
