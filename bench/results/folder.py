"""A results folder: what stands where, writing it without losing anything, reading it back with suspicion.

    protocol.json                                   the protocol of everything in the folder
    runs/<environment>/<setting>/seed-<NN>.csv      a run: it is finished when this file is there
    runs/<environment>/<setting>/seed-<NN>.json     its setting and provenance, written before it
    policies/<environment>/<setting>/seed-<NN>.npz  its final policy, written before both
    checkpoints/                                    from which unfinished jobs continue
    random.csv                                      the random policies' scores
    policies.csv                                    what policies return: `bench.results.evaluations`
    verified.csv                                    which runs were repeated: `bench.results.verified`
    own/<sha256>.py                                 a file of one's own settings, by the hash of its text
    variants/<name>/                                a results folder of another protocol
    .lock                                           who writes into the folder: `bench.common.locks`

What is read back is data: JSON and CSV, checked against the protocol, nothing executed.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd

from bench.common.errors import DamagedError, UserError
from bench.common.files import (
    PARTIAL,
    entries,
    json_text,
    read_json,
    read_text,
    remove_leftovers,
    replace_whole,
    require_own_folders,
    visible,
    write_whole,
)
from bench.common.locks import Lock, locked
from bench.protocol.changes import holds_another_protocol
from bench.protocol.environments import all_environments_of
from bench.protocol.protocol import DEFAULT, NUMERICS, Protocol, Run
from bench.protocol.settings import SETTING_NAME, SETTINGS, Setting, in_table_order
from bench.protocol.variants import VARIANTS_FOLDER
from bench.results import random_scores
from bench.results.schema import Record, RunResult, StoredRun, check_csv, check_record, refuse_damage

PROTOCOL_FILE = "protocol.json"
# The folders into which campaigns write.
FOLDERS = ("runs", "policies", "checkpoints", "own", "damaged")


class Results:
    """The results folder at `path`, of one protocol.

    The folder is walked once and each run is read once. What was found is kept, and so is what this object
    writes itself. `locked` forgets it all, because another campaign may have written before.
    """

    def __init__(self, path: Path, protocol: Protocol) -> None:
        """Use `open_results` instead, which checks the folder."""
        self._path = path
        self.protocol = protocol
        self._lock: Lock | None = None
        self._finished: set[Run] | None = None
        self._stored: dict[Run, StoredRun] = {}

    @property
    def path(self) -> Path:
        """The folder's path.

        Raises:
            UserError: when the folder was moved or removed while it is locked, or others may write into it.
        """
        if self._lock is not None:
            self._lock.require_held()
        return self._path

    @contextmanager
    def locked(self, say: Callable[[str], None] = lambda line: None) -> Iterator[None]:
        """Keep other campaigns away from the folder while the context is open, or until this process dies.

        What a killed campaign left half-written is removed.

        say: Is called with a line when this waits for another campaign, or takes its place.

        Raises:
            UserError: when another campaign has the folder, or it can't be written.
        """
        require_own_folders(self._path, FOLDERS)
        # Even where it stands already: better now than after an hour of training.
        replace_whole(self._path / PROTOCOL_FILE, json_text(self.protocol.as_json()))
        try:
            with locked(self._path, f"another campaign is running on {self._path}", say) as self._lock:
                # The variants have campaigns and locks of their own.
                remove_leftovers(self._path, but=VARIANTS_FOLDER)
                self._finished = None
                self._stored.clear()
                yield
        finally:
            self._lock = None

    def policy_path(self, run: Run) -> Path:
        """Return the path of the run's final policy, without which a run is finished, too."""
        return self.path / "policies" / run.environment / run.setting / f"seed-{run.seed:02d}.npz"

    def csv_path(self, run: Run) -> Path:
        """Return the path of the run's CSV, which is there once the run is finished."""
        return self.path / "runs" / run.environment / run.setting / f"seed-{run.seed:02d}.csv"

    def json_path(self, run: Run) -> Path:
        """Return the path of the run's JSON, which is written before the CSV."""
        return self.csv_path(run).with_suffix(".json")

    def own_path(self, sha256: str) -> Path:
        """Return the path of a file of one's own settings. Nothing executes it unasked."""
        return self.path / "own" / f"{sha256}.py"

    def save_run(self, result: RunResult, provenance: dict[str, Any]) -> None:
        """Write a finished run: policy, JSON, then the CSV, each whole or not at all.

        Raises:
            UserError: when a file can't be written, or the run is finished already, and stays as it is.
        """
        run, path = result.run, self.csv_path(result.run)
        if os.path.lexists(path):
            raise UserError(f"{path} is there already, and is not replaced")
        if result.policy is not None:
            write_whole(self.policy_path(run), result.policy.to_bytes())
        record = {
            **asdict(run),
            "protocol": self.protocol.fingerprint,
            **result.as_json(),
            **provenance,
        }
        write_whole(self.json_path(run), json_text(record))
        replace_whole(path, result.csv)
        self._stored.pop(run, None)
        if self._finished is not None:
            self._finished.add(run)

    def finished(self) -> set[Run]:
        """Return the runs whose CSV is there, damaged or not.

        Raises:
            UserError: naming a folder that can't be read, or a CSV that is not of a run of this benchmark.
        """
        if self._finished is None:
            settings = (path for environment in visible(self.path / "runs") for path in visible(environment))
            files = (path for setting in settings for path in visible(setting))
            self._finished = {self._run_at(path) for path in files if path.suffix == ".csv"}
        return set(self._finished)

    def read(self, run: Run) -> StoredRun:
        """Read a run's files, which must be as they were written, and of today's protocol and setting.

        Raises:
            DamagedError: naming the file, what is wrong with it, and what to do.
            UserError: when a file can't be read.
        """
        if run not in self._stored:
            record, setting = self._read_record(run)
            with refuse_damage(path := self.csv_path(run)):
                columns = check_csv(read_text(path), record, self.protocol)
            self._stored[run] = StoredRun(run, record, setting, columns)
        return self._stored[run]

    def _read_record(self, run: Run) -> tuple[Record, Setting]:
        path = self.json_path(run)
        with refuse_damage(path):
            if not os.path.lexists(path):
                raise ValueError("it is missing")
            record: Record = read_json(path, Record)
            return record, check_record(record, run, self.protocol)

    def read_csv(self, run: Run) -> str:
        """Return the text of a run's CSV. Raises as `read` does."""
        record = self.read(run).record
        with refuse_damage(path := self.csv_path(run)):
            check_csv(text := read_text(path), record, self.protocol)
        return text

    def damaged(self, runs: Iterable[Run]) -> dict[Run, str]:
        """Return those of some finished runs that can't be used, and why.

        Raises:
            UserError: when a file can't be read.
        """
        found = {}
        for run in sorted(runs):
            try:
                self.read(run)
            except DamagedError as error:
                found[run] = str(error)
        return found

    def set_aside(self, run: Run) -> None:
        """Move a damaged run's files to `damaged/`, so that the run counts as missing."""
        for path in (self.json_path(run), self.csv_path(run), self.policy_path(run)):
            self.move_aside(path)
        self._finished = None

    def move_aside(self, path: Path) -> None:
        """Move a damaged file, if it is there, to `damaged/`, with the first free number before its name."""
        if not os.path.lexists(path):
            return
        aside, number = self.path / "damaged" / path.relative_to(self.path), 0
        while os.path.lexists(target := aside.with_name(f"{number}-{aside.name}")):
            number += 1
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)

    def settings(self, runs: Iterable[Run]) -> dict[str, Setting]:
        """Return the settings of these runs by name, in the table's order: this version's, or the files'.

        Raises:
            UserError: for a file that can't be used.
        """
        example = {run.setting: run for run in sorted(runs)}

        def find(name: str) -> Setting:
            stored = self._stored.get(example[name])
            # Only the JSON is read: the CSV may be damaged, and need not be among those asked for.
            return self._read_record(example[name])[1] if stored is None else stored.setting

        return {name: SETTINGS.get(name) or find(name) for name in in_table_order(example)}

    def random_scores(self) -> pd.DataFrame:
        """Return the random policies' scores measured so far; see `bench.results.random_scores.read`."""
        return random_scores.read(self.path)

    def save_random_scores(self, measured: pd.DataFrame) -> None:
        """Add an environment's random policies; see `bench.results.random_scores.record`."""
        random_scores.record(self.path, measured)

    def _run_at(self, path: Path) -> Run:
        environment, setting, file = path.parts[-3:]
        number = re.fullmatch(r"seed-([0-9]{2,})\.csv", file)
        known = all_environments_of(self.protocol.environment_version)
        if environment not in known or not re.fullmatch(SETTING_NAME, setting) or not number:
            raise UserError(f"{path}: not a run of this benchmark")
        run = Run(environment, setting, int(number[1]))
        if self.csv_path(run) != path:
            raise UserError(f"{path}: duplicates {self.csv_path(run)}")
        return run


def open_results(
    path: Path, timesteps: int | None, *, create: bool, protocol: Protocol | None = None
) -> Results:
    """Open the results folder at `path`.

    timesteps: The length of its runs; None for the folder's own, or the protocol's where the folder is new.
    create: Whether to make the folder where there is none.
    protocol: The protocol that it must have; None for the folder's own, or the default where it is new.

    Raises:
        UserError: for a folder that isn't there, can't be read or made, is not a results folder, or holds
            results of another protocol or length.
    """
    if os.path.lexists(path / PROTOCOL_FILE):
        recorded = _recorded_protocol(path, timesteps)
        expected = replace(protocol or recorded, timesteps=recorded.timesteps)
        if recorded != expected:
            raise holds_another_protocol(path, recorded, expected)
        return Results(path, recorded)
    # A new folder may already have its variants, and leftovers of a killed process.
    if any(each.name != VARIANTS_FOLDER and not each.name.endswith(PARTIAL) for each in entries(path)):
        raise UserError(f"{path} is not a results folder: it has files but no {PROTOCOL_FILE}")
    if not create:
        raise UserError(f"no results in {path}: train first")
    new = protocol or DEFAULT
    results = Results(path, new if timesteps is None else replace(new, timesteps=timesteps))
    write_whole(path / PROTOCOL_FILE, json_text(results.protocol.as_json()))
    return results


def _recorded_protocol(path: Path, timesteps: int | None) -> Protocol:
    """Read the protocol of a results folder, which must be of this length, if one is given."""
    try:
        protocol = Protocol.from_json(read_json(path / PROTOCOL_FILE))
    except ValueError as error:
        raise UserError(f"{path / PROTOCOL_FILE}: {error}") from error
    if timesteps not in (None, protocol.timesteps):
        raise UserError(
            f"{path} holds runs of {protocol.timesteps:,} timesteps, not {timesteps:,}:"
            " choose another results folder"
        )
    if protocol.numerics != NUMERICS:
        raise UserError(
            f"{path} holds runs of numerics {protocol.numerics}, this version's are {NUMERICS}:"
            " use the version that made them, or choose another results folder"
        )
    return protocol
