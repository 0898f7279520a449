"""Checkpoints: where an unfinished job goes on.

A job is trained in segments. After each, everything that the rest of the job depends on is one file in the
results folder's `checkpoints/`: arrays and JSON, nothing that is executed when it is read. The next segment
may run in another process or on another machine.

A file starts with a line that names its format, and a line with the SHA-256 of all that follows, which is
NumPy's archive of the arrays. Nothing is parsed before the hash is right.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from bench.common.archives import pack_arrays, unpack_arrays
from bench.common.errors import UserError, readable
from bench.common.files import digest, entries, replace_whole
from bench.common.parsing import Count, NotNegative, Positive, parse_json
from bench.common.raw import read_bytes
from bench.protocol.protocol import Protocol, Run
from bench.protocol.settings import SETTINGS, Setting
from bench.results.folder import Results
from bench.results.schema import EnvironmentId, SettingName

# The number is raised when the content of the files changes its meaning.
FORMAT = b"ppo-table1 checkpoint 4"
HEADER = "header"


class Header(TypedDict):
    """The JSON of a checkpoint. runs: the key, setting, generator and log of each."""

    protocol: str
    updates: Positive
    seconds: NotNegative
    made_by: list[dict[str, Any]]
    runs: list[
        tuple[tuple[EnvironmentId, SettingName, Count], dict[str, Any], dict[str, Any], dict[str, Any]]
    ]


@dataclass(frozen=True)
class RunCheckpoint:
    """One run after some of its updates.

    setting: as JSON describes it.
    arrays: of its learner and its simulator, by name.
    generator: state of its environment's random generator, as JSON has it.
    log: of the run, as JSON has it.
    """

    run: Run
    setting: dict[str, Any]
    arrays: dict[str, NDArray[Any]]
    generator: dict[str, Any]
    log: dict[str, Any]


@dataclass(frozen=True)
class Checkpoint:
    """The runs of a job after some of their updates.

    states: of the runs.
    updates: how many each run has made.
    seconds: of a processor core, that the updates took so far.
    made_by: provenance of the segments so far, each once, the last segment's at the end.
    """

    states: tuple[RunCheckpoint, ...]
    updates: int
    seconds: float
    made_by: list[dict[str, Any]]

    @property
    def runs(self) -> tuple[Run, ...]:
        """The job's runs."""
        return tuple(state.run for state in self.states)

    def of(self, runs: Iterable[Run]) -> "Checkpoint":
        """The checkpoint with some of its runs only, and their share of the seconds."""
        chosen = set(runs)
        states = tuple(state for state in self.states if state.run in chosen)
        return replace(self, states=states, seconds=self.seconds * len(states) / len(self.states))

    def to_bytes(self, protocol: Protocol) -> bytes:
        """The content of the checkpoint's file."""
        header: Header = {
            "protocol": protocol.fingerprint,
            "updates": self.updates,
            "seconds": self.seconds,
            "made_by": self.made_by,
            "runs": [
                (astuple(state.run), state.setting, state.generator, state.log) for state in self.states
            ],
        }
        arrays = {
            f"{index}/{name}": array
            for index, state in enumerate(self.states)
            for name, array in state.arrays.items()
        }
        text = np.frombuffer(json.dumps(header).encode(), np.uint8)
        archive = pack_arrays({HEADER: text, **arrays})
        return b"\n".join((FORMAT, digest(archive).encode(), archive))


def from_bytes(content: bytes, protocol: Protocol) -> Checkpoint:
    """The checkpoint that was written as `content`.

    Raises:
        ValueError: saying why the content can't be used: it is damaged, or of another format or protocol.
    """
    first, _, rest = content.partition(b"\n")
    stated, _, archive = rest.partition(b"\n")
    if first != FORMAT:
        raise ValueError(f"it does not start with the line {FORMAT.decode()}")
    if stated != digest(archive).encode():
        raise ValueError("it is damaged")
    try:
        arrays = unpack_arrays(archive)
        header: Header = parse_json(arrays.pop(HEADER).tobytes().decode(), Header)
        checkpoint, fingerprint = _from_parts(header, arrays), header["protocol"]
    except Exception as error:  # a hash is no signature: a forged archive may have the right one
        raise ValueError("it is damaged") from error
    if fingerprint != protocol.fingerprint:
        raise ValueError(f"its protocol is {fingerprint}, the folder's is {protocol.fingerprint}")
    if not checkpoint.states or checkpoint.updates > protocol.updates:
        raise ValueError("it is damaged")
    return checkpoint


def _from_parts(header: Header, arrays: dict[str, NDArray[Any]]) -> Checkpoint:
    arrays_of: list[dict[str, NDArray[Any]]] = [{} for _ in header["runs"]]
    for key, array in arrays.items():
        index, _, name = key.partition("/")
        arrays_of[int(index)][name] = array
    return Checkpoint(
        states=tuple(
            RunCheckpoint(Run(*run), setting, own, generator, log)
            for own, (run, setting, generator, log) in zip(arrays_of, header["runs"], strict=True)
        ),
        updates=header["updates"],
        seconds=header["seconds"],
        made_by=header["made_by"],
    )


def checkpoint_name(runs: Sequence[Run]) -> str:
    """The name that stands for a job of these runs, such as Hopper-v4-0123456789ab."""
    names = "\n".join(map(str, sorted(runs)))
    return f"{runs[0].environment}-{digest(names)[:12]}"


class CheckpointFolder:
    """The folder `checkpoints/` of a results folder. It need not exist before something is saved."""

    def __init__(self, results: Results) -> None:
        """The checkpoints of the unfinished runs of these results."""
        self.path = results.path / "checkpoints"
        self._results, self._protocol = results, results.protocol

    def save(self, runs: Sequence[Run], content: bytes) -> None:
        """Keep a job's checkpoint in place of its earlier one, whole or not at all."""
        replace_whole(self.path / f"{checkpoint_name(runs)}.npz", content)

    def load(self, settings: Mapping[str, Setting] = SETTINGS) -> tuple[list[Checkpoint], list[str]]:
        """The checkpoints that can be used, the furthest first, and a line about each file that can't.

        settings: by name, as they are now; a checkpoint that defines one of them differently is not used.

        Raises:
            UserError: when a file can't be read.
        """
        usable, refused = [], []
        for path, content in self._files():
            try:
                checkpoint = from_bytes(content, self._protocol)
                _require_same(checkpoint, settings)
                usable.append(checkpoint)
            except ValueError as error:
                refused.append(readable(f"{path} is not used, its runs start again: {error}"))
        return sorted(usable, key=lambda checkpoint: -checkpoint.updates), refused

    def clear(self, finished: set[Run]) -> None:
        """Remove the checkpoints all of whose runs are finished, and the folder once it is empty.

        Those that can never be used are moved to `damaged/`, so that they are told once.

        Raises:
            UserError: when a file can't be read.
        """
        for path, content in self._files():
            try:
                checkpoint = from_bytes(content, self._protocol)
            except ValueError:
                self._results.move_aside(path)
            else:
                if finished.issuperset(checkpoint.runs):
                    path.unlink(missing_ok=True)
        if self.path.exists() and not any(self.path.iterdir()):
            self.path.rmdir()

    def _files(self) -> Iterator[tuple[Path, bytes]]:
        for path in entries(self.path):
            if path.suffix == ".npz":
                try:
                    yield path, read_bytes(path)
                except FileNotFoundError:
                    continue  # a campaign has finished its job just now
                except OSError as error:
                    raise UserError(f"cannot read {path}: {error.strerror}") from error


def _require_same(checkpoint: Checkpoint, settings: Mapping[str, Setting]) -> None:
    for state in checkpoint.states:
        setting = settings.get(state.run.setting)
        if setting is not None and setting.as_json() != state.setting:
            raise ValueError(f"it defines {setting.name} differently from today")
