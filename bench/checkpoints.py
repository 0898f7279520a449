"""Checkpoints: where an unfinished job goes on.

A job is trained in segments. After each, everything that the rest of the job depends on is one file in the
results folder's `checkpoints/`: arrays and JSON, nothing that is executed when it is read. The next segment
may run in another process or on another machine.
"""

import dataclasses
import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.errors import UserError
from bench.files import write_whole
from bench.protocol import SETTINGS, Protocol, Run

# Raised when the content of the files changes its meaning.
FORMAT = 1
HEADER = "header"

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Checkpoint:
    """The runs of a job after some of their updates.

    runs: in the order of the axis `run`.
    updates: how many each run has made.
    seconds: of a processor that the updates took.
    made_by: provenance of the segments so far, each once, the last segment's at the end.
    arrays: of learners and simulators, by name, each with a leading axis `run`.
    records: of each run, what is no array, as JSON has it: random generator and log.
    """

    runs: tuple[Run, ...]
    updates: int
    seconds: float
    made_by: list[dict[str, Any]]
    arrays: Arrays
    records: list[dict[str, Any]]

    def of(self, runs: Iterable[Run]) -> "Checkpoint":
        """The checkpoint of some of its runs, with their share of the seconds."""
        chosen = set(runs)
        places = [place for place, run in enumerate(self.runs) if run in chosen]
        return dataclasses.replace(
            self,
            runs=tuple(self.runs[place] for place in places),
            seconds=self.seconds * len(places) / len(self.runs),
            arrays={name: array[places] for name, array in self.arrays.items()},
            records=[self.records[place] for place in places],
        )

    def to_bytes(self, protocol: Protocol) -> bytes:
        """The content of the checkpoint's file."""
        header = {
            "format": FORMAT,
            "protocol": protocol.fingerprint,
            "settings": _parameters(self.runs),
            "runs": [dataclasses.astuple(run) for run in self.runs],
            "updates": self.updates,
            "seconds": self.seconds,
            "made_by": self.made_by,
            "records": self.records,
        }
        file = io.BytesIO()
        np.savez(file, allow_pickle=False, **{HEADER: _as_array(header)}, **self.arrays)
        return file.getvalue()


def from_bytes(content: bytes, protocol: Protocol) -> Checkpoint:
    """The checkpoint that was written as `content`.

    Raises:
        ValueError: saying why the content can't be used: it is damaged, or of another format, protocol or
            parameters of a setting.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = dict(file)
        header = json.loads(arrays.pop(HEADER).tobytes())
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError("it is damaged") from error
    if header["format"] != FORMAT:
        raise ValueError(f"its format is {header['format']}, this version's is {FORMAT}")
    if header["protocol"] != protocol.fingerprint:
        raise ValueError(f"its protocol is {header['protocol']}, the folder's is {protocol.fingerprint}")
    runs = tuple(Run(*run) for run in header["runs"])
    if header["settings"] != _parameters(runs):
        raise ValueError("a setting of it has other parameters now, or is unknown")
    return Checkpoint(
        runs=runs,
        updates=header["updates"],
        seconds=header["seconds"],
        made_by=header["made_by"],
        arrays=arrays,
        records=header["records"],
    )


def name_of(runs: Sequence[Run]) -> str:
    """The name that stands for a job of these runs, such as Hopper-v4-0123456789ab."""
    digest = hashlib.sha256("\n".join(map(str, sorted(runs))).encode()).hexdigest()[:12]
    return f"{runs[0].environment}-{digest}"


class CheckpointFolder:
    """The folder `checkpoints/` of a results folder."""

    def __init__(self, path: Path, protocol: Protocol) -> None:
        """It need not exist before something is saved."""
        self.path = path
        self._protocol = protocol

    def save(self, runs: Sequence[Run], content: bytes) -> None:
        """Keep a job's checkpoint in place of its earlier one, whole or not at all."""
        write_whole(self._file(runs), content)

    def load(self) -> tuple[list[Checkpoint], list[str]]:
        """The checkpoints that can be used, the furthest first, and a line about each file that can't.

        Raises:
            UserError: when a file can't be read.
        """
        usable, refused = [], []
        for path in sorted(self.path.glob("*.npz")):
            try:
                usable.append(from_bytes(path.read_bytes(), self._protocol))
            except ValueError as error:
                refused.append(f"{path} is not used, its runs start again: {error}")
            except FileNotFoundError:
                continue  # a campaign has finished its job just now
            except OSError as error:
                raise UserError(f"cannot read {path}: {error.strerror}") from error
        return sorted(usable, key=lambda checkpoint: -checkpoint.updates), refused

    def clear(self, finished: set[Run]) -> None:
        """Remove the checkpoints all of whose runs are finished, and the folder once it is empty."""
        for checkpoint in self.load()[0]:
            if finished.issuperset(checkpoint.runs):
                self._file(checkpoint.runs).unlink(missing_ok=True)
        if self.path.exists() and not any(self.path.iterdir()):
            self.path.rmdir()

    def _file(self, runs: Sequence[Run]) -> Path:
        return self.path / f"{name_of(runs)}.npz"


def _parameters(runs: Sequence[Run]) -> dict[str, dict[str, float | None] | None]:
    """The surrogates of the runs' settings; None for a setting that is unknown."""
    names = sorted({run.setting for run in runs})
    return {name: SETTINGS[name].parameters if name in SETTINGS else None for name in names}


def _as_array(header: dict[str, Any]) -> NDArray[np.uint8]:
    return np.frombuffer(json.dumps(header).encode(), np.uint8)
