"""A results folder: what stands where, writing it without losing anything, reading it back with suspicion.

    protocol.json                                   the protocol of everything in the folder
    runs/<environment>/<setting>/seed-<NN>.csv      a run: it is finished when this file is there
    runs/<environment>/<setting>/seed-<NN>.json     its setting and provenance, written before it
    policies/<environment>/<setting>/seed-<NN>.npz  its final policy, written before both
    checkpoints/                                    where unfinished jobs go on
    random.csv                                      the random policies' scores
    policies.csv                                    what policies return: `bench.results.evaluations`
    verified.csv                                    which runs were repeated: `bench.results.verified`
    variants/<name>/                                a results folder of another protocol

What is read back is data: JSON and CSV, checked against the protocol, nothing executed.
"""

import dataclasses
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from bench.common.errors import DamagedError, UserError
from bench.common.files import (
    digest,
    entries,
    json_text,
    move_aside,
    read_json,
    read_text,
    replace_whole,
    visible,
    write_new,
    write_whole,
)
from bench.protocol.environments import environments_of
from bench.protocol.protocol import DEFAULT, NUMERICS, Protocol, Run
from bench.protocol.settings import SETTING_NAME, SETTINGS, Setting, in_table_order
from bench.protocol.variants import VARIANTS_FOLDER
from bench.results import random_scores
from bench.results.place import Place
from bench.results.records import StoredRun, check_csv, check_record, judged
from bench.results.schema import COLUMNS, RunResult

PROTOCOL_FILE = "protocol.json"


class Results:
    """The results folder at `path`, of one protocol."""

    def __init__(self, path: Path, protocol: Protocol) -> None:
        """Use `open_results` instead, which checks the folder."""
        self._place = Place(path)
        self.protocol = protocol

    @property
    def path(self) -> Path:
        """Where the folder is; see `Place`."""
        return self._place.path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other campaigns away from the folder while the context is open; see `Place`.

        Raises:
            UserError: when another campaign has it, or it can't be written.
        """
        # Even where it stands already: better now than after an hour of training.
        replace_whole(self.path / PROTOCOL_FILE, json_text(self.protocol.as_json()))
        with self._place.locked():
            yield

    def policy_path(self, run: Run) -> Path:
        """Where the run's final policy stands; a run is finished without it, too."""
        return self.path / "policies" / run.environment / run.setting / f"seed-{run.seed:02d}.npz"

    def csv_path(self, run: Run) -> Path:
        """Where the run's file stands once it is finished."""
        return self.path / "runs" / run.environment / run.setting / f"seed-{run.seed:02d}.csv"

    def save(self, result: RunResult, provenance: dict[str, Any]) -> None:
        """Write a finished run: policy, provenance, then the CSV, each whole or not at all.

        Raises:
            UserError: when something can't be written, or the run is finished already: that stays.
        """
        path = self.csv_path(result.run)
        if os.path.lexists(path):
            raise UserError(f"{path} is there already, and is not replaced")
        if result.policy is not None:
            write_whole(self.policy_path(result.run), result.policy.to_bytes())
        record = {
            **dataclasses.asdict(result.run),
            "protocol": self.protocol.fingerprint,
            **result.setting.as_json(),
            "diverged_at": result.diverged_at,
            "physics_warnings": result.physics_warnings,
            "csv_sha256": digest(result.csv),
            **provenance,
        }
        write_whole(path.with_suffix(".json"), json_text(record))
        write_new(path, result.csv)

    def finished(self) -> set[Run]:
        """The runs whose CSV is in place, damaged or not.

        Raises:
            UserError: for what can't be read, or is in the place of a run and is none.
        """
        settings = (path for environment in visible(self.path / "runs") for path in visible(environment))
        files = (path for setting in settings for path in visible(setting))
        return {self._run_at(path) for path in files if path.suffix == ".csv"}

    def read(self, run: Run) -> StoredRun:
        """The run's files, checked to be what was written, of this folder's protocol and of today's setting.

        Raises:
            DamagedError: naming the file, what is wrong with it, and what to do.
            UserError: when a file can't be read.
        """
        path, record = self.csv_path(run), self.provenance(run)
        diverged_at = record["diverged_at"]
        with judged(path):
            text = read_text(path)
            check_csv(text, COLUMNS, self.protocol.steps if diverged_at is None else diverged_at)
            if record["csv_sha256"] != digest(text):
                raise ValueError("its content is not what was written when the run finished")
        return StoredRun(run, text, record)

    def provenance(self, run: Run) -> dict[str, Any]:
        """The run's JSON, checked to be of this folder's protocol and of the setting as it is now.

        Raises:
            DamagedError: naming the file, what is wrong with it, and what to do.
            UserError: when the file can't be read.
        """
        path = self.csv_path(run).with_suffix(".json")
        with judged(path):
            if not os.path.lexists(path):
                raise ValueError("it is missing")
            record = read_json(path)
            check_record(record, run, self.protocol)
        return record

    def damaged(self, runs: Iterable[Run]) -> dict[Run, str]:
        """Those of some finished runs that can't be used, and why.

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
        csv = self.csv_path(run)
        for path in (csv.with_suffix(".json"), csv, self.policy_path(run)):
            move_aside(path, self.path / "damaged" / path.relative_to(self.path))

    def set_aside_random_scores(self) -> None:
        """Move a damaged `random.csv` to `damaged/`, so that it counts as missing."""
        move_aside(self._random_path, self.path / "damaged" / self._random_path.name)

    def settings(self, runs: Iterable[Run]) -> dict[str, Setting]:
        """The settings of these runs by name, in the table's order: this version's, or as their files say.

        Raises:
            UserError: for provenance that can't be used.
        """
        example = {run.setting: run for run in runs}
        return {
            name: SETTINGS.get(name) or Setting.from_json(name, self.provenance(example[name]))
            for name in in_table_order(example)
        }

    def require_same(self, settings: Iterable[Setting]) -> None:
        """Refuse to add runs to a setting whose finished runs have another definition.

        Raises:
            UserError: naming it.
        """
        finished = self.finished()
        for setting in settings:
            runs = [run for run in finished if run.setting == setting.name]
            if runs and self.settings(runs)[setting.name].as_json() != setting.as_json():
                raise UserError(
                    f"{self.path}: {setting.name} has runs of another file or other numbers;"
                    " give this setting another name"
                )

    def random_scores(self) -> pd.DataFrame:
        """The random policies' scores measured so far, columns as in `bench.results.random_scores`.

        Raises:
            DamagedError: naming the file, what is wrong with it, and what to do.
            UserError: when the file can't be read.
        """
        path = self._random_path
        if not os.path.lexists(path):
            return pd.DataFrame(columns=list(random_scores.COLUMNS))
        with judged(path):
            return random_scores.from_text(read_text(path))

    def save_random_scores(self, measured: pd.DataFrame) -> None:
        """Add an environment's random policies to `random.csv`."""
        table = random_scores.joined(self.random_scores(), measured)
        write_whole(self._random_path, random_scores.to_text(table))

    @property
    def _random_path(self) -> Path:
        return self.path / "random.csv"

    def _run_at(self, path: Path) -> Run:
        environment, setting, file = path.parts[-3:]
        number = re.fullmatch(r"seed-(\d{2,})\.csv", file)
        known = environments_of(self.protocol.environment_version)
        if environment not in known or not re.fullmatch(SETTING_NAME, setting) or not number:
            raise UserError(f"{path}: not a run of this benchmark")
        run = Run(environment, setting, int(number[1]))
        if self.csv_path(run) != path:
            raise UserError(f"{path}: duplicates {self.csv_path(run)}")
        return run


def open_results(
    path: Path, timesteps: int | None, *, create: bool, protocol: Protocol | None = None
) -> Results:
    """The results folder at `path`.

    timesteps: as asked for; None for the folder's own, or the protocol's where the folder is new.
    create: make the folder where there is none.
    protocol: that the folder must have; None for the folder's own, or the default where the folder is new.

    Raises:
        UserError: for a folder that isn't there, can't be read or made, is not a results folder, or holds
            results of another protocol or length.
    """
    if os.path.lexists(path / PROTOCOL_FILE):
        recorded = _recorded_protocol(path, timesteps)
        expected = replace(protocol or recorded, timesteps=recorded.timesteps)
        if recorded != expected:
            raise UserError(
                f"{path} holds results of protocol {recorded.fingerprint}, not of {expected.fingerprint}"
                f" ({', '.join(recorded.differences(expected))}): choose another results folder"
            )
        return Results(path, recorded)
    # Those of variants may be there before the default's.
    if any(each.name != VARIANTS_FOLDER for each in entries(path)):
        raise UserError(f"{path} is not a results folder: it has files but no {PROTOCOL_FILE}")
    if not create:
        raise UserError(f"no results in {path}: train first")
    new = protocol or DEFAULT
    results = Results(path, new if timesteps is None else replace(new, timesteps=timesteps))
    write_whole(path / PROTOCOL_FILE, json_text(results.protocol.as_json()))
    return results


def _recorded_protocol(path: Path, timesteps: int | None) -> Protocol:
    """The protocol of the folder's results, which must be of the length asked for."""
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
