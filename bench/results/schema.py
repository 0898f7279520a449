"""What the two files of a finished run are, and what they must be to be believed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, NotRequired, TypedDict

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from bench.common.errors import DamagedError
from bench.common.files import digest
from bench.common.parsing import (
    Count,
    Digest,
    Finite,
    NotNegative,
    Positive,
    Short,
    Text,
    Time,
    convert,
    parse_columns,
)
from bench.protocol.protocol import Protocol, Run
from bench.protocol.settings import SETTING_NAME, SETTINGS, Setting
from bench.results.policies import Policy

# The diagnostics of an update that every update rule has.
DIAGNOSTICS = ("kl", "policy_std", "value_loss", "explained_variance")

# The columns of every run's CSV, before those of its update rule.
COLUMNS = (
    *("timesteps", "episodes", "return_last100", "return_std_last100", "length_last100"),
    *DIAGNOSTICS,
)

# Columns that a table of runs has beside those of their CSVs.
TAKEN = {*(each.name for each in fields(Run)), "diverged"}

# What a cell of these columns may be. A cell of any other is a finite number, or empty.
KINDS = {"timesteps": Count, "episodes": Count, "return_last100": Finite}

EnvironmentId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9]{1,50}-v[0-9]\Z")]
SettingName = Annotated[str, Meta(pattern=rf"^{SETTING_NAME}\Z")]

REPAIR = "`train --repair` keeps it aside and makes it again"


class Processor(TypedDict):
    """A processor, as `bench.common.provenance` describes it."""

    kind: Text
    model: NotRequired[Text]
    name: NotRequired[Text]


class Record(TypedDict):
    """The JSON of a run: its key, its setting, how it ended, and its provenance."""

    environment: str
    setting: str
    seed: Count
    protocol: Short
    label: Text
    family: Text
    rule: Text
    numbers: dict[Short, float | None]
    options: dict[str, Any]
    own_sha256: NotRequired[Digest]
    demonstrations_sha256: NotRequired[Digest]
    diverged_at: Positive | None
    physics_warnings: Count
    csv_sha256: Digest
    job_seconds: NotNegative
    job_runs: Positive
    processor: Processor
    git_commit: NotRequired[Text | None]
    versions: NotRequired[dict[Text, Text]]
    earlier_segments: NotRequired[list[dict[str, Any]]]
    finished: NotRequired[Time]
    command: NotRequired[str]


@dataclass(frozen=True)
class RunResult:
    """The result of a run.

    setting: The setting of the run.
    csv: The content of its CSV, columns `COLUMNS` and those of its rule.
    diverged_at: The timestep at which it diverged, or None.
    physics_warnings: How often MuJoCo reported unstable physics.
    policy: The final policy; None for a run that diverged.
    demonstrations: The SHA-256 of the file of demonstrations that the run started from, or None.
    """

    run: Run
    setting: Setting
    csv: str
    diverged_at: int | None
    physics_warnings: int
    policy: Policy | None = None
    demonstrations: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what the run's JSON tells of its setting and of how it ended."""
        started = {} if self.demonstrations is None else {"demonstrations_sha256": self.demonstrations}
        return {
            **self.setting.as_json(),
            **started,
            "diverged_at": self.diverged_at,
            "physics_warnings": self.physics_warnings,
            "csv_sha256": digest(self.csv),
        }


@dataclass(frozen=True)
class StoredRun:
    """What a finished run's two files say, checked. The text of the CSV is not kept: see `Results.read_csv`.

    record: The JSON.
    setting: The setting of the run, as the JSON describes it.
    columns: The numbers of the CSV, by column, `[line]`. Timesteps and episodes are int64; all others are
        float64, NaN where a cell is empty.
    """

    run: Run
    record: Record
    setting: Setting
    columns: Mapping[str, NDArray[Any]]


@contextmanager
def refuse_damage(path: Path) -> Iterator[None]:
    """Refuse a file where a check within the context fails.

    Raises:
        DamagedError: naming the file, what is wrong with it, and what to do.
    """
    try:
        yield
    except DamagedError as error:
        raise DamagedError(f"{error}; {REPAIR}") from error
    except ValueError as error:
        raise DamagedError(f"{path}: {error}; {REPAIR}") from error


def check_record(record: Record, run: Run, protocol: Protocol) -> Setting:
    """Return the setting that a run's JSON describes, which must be of this run, protocol and version.

    Raises:
        ValueError: saying what differs.
    """
    if Run(record["environment"], record["setting"], record["seed"]) != run:
        raise ValueError("the provenance of another run, so this one is a duplicate")
    if record["protocol"] != protocol.fingerprint:
        raise ValueError(f"of protocol {record['protocol']}, the folder's is {protocol.fingerprint}")
    setting = Setting.from_json(run.setting, record)
    if run.setting in SETTINGS and setting.as_json() != SETTINGS[run.setting].as_json():
        raise ValueError(f"{run.setting} was defined differently when this run was made")
    return setting


def check_csv(text: str, record: Record, protocol: Protocol) -> dict[str, NDArray[Any]]:
    """Return the numbers of a run's CSV, as `StoredRun` has them.

    Raises:
        ValueError: where a column is missing or has an impossible name, a cell is no finite number, timesteps
            don't grow, the last one is not the run's last, or the text is not the one that was written with
            the JSON.
    """
    cells = parse_columns(text)
    missing = [column for column in COLUMNS if column not in cells]
    if missing:
        raise ValueError(f"missing columns: {', '.join(missing)}")
    for name in cells:
        if name in TAKEN or not name.isidentifier():
            raise ValueError(f"a column must not be named {name!r}")
    timesteps = _numbers("timesteps", cells["timesteps"])
    if not len(timesteps):
        raise ValueError("no lines")
    if (np.diff(timesteps) <= 0).any():
        raise ValueError("timesteps that do not grow")
    if timesteps[-1] != (end := record["diverged_at"] or protocol.steps):
        raise ValueError(f"ends at timestep {timesteps[-1]} instead of {end}")
    columns = {name: _numbers(name, column) for name, column in cells.items()}
    if record["csv_sha256"] != digest(text):
        raise ValueError("its content is not what was written when the run finished")
    return columns


def _numbers(name: str, cells: tuple[str, ...]) -> NDArray[Any]:
    kind = KINDS.get(name, Finite)
    filled = [cell for cell in cells if cell or name in KINDS]
    try:
        numbers = convert(filled, list[kind], texts=True)  # type: ignore[valid-type]
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    if len(filled) == len(cells):
        return np.array(numbers, np.int64 if kind is Count else np.float64)
    column = np.full(len(cells), np.nan)
    column[[cell != "" for cell in cells]] = numbers
    return column
