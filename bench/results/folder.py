"""A results folder: what stands where, writing it without losing anything, reading it back with suspicion.

    protocol.json                                   the protocol of everything in the folder
    runs/<environment>/<setting>/seed-<NN>.csv      a run: it is finished when this file is there
    runs/<environment>/<setting>/seed-<NN>.json     its setting and provenance, written before it
    policies/<environment>/<setting>/seed-<NN>.npz  its final policy, written before both
    checkpoints/                                    where unfinished jobs go on
    random.csv                                      the random policies' scores

What is read back is data: JSON and CSV, checked against the protocol, nothing executed.
"""

import dataclasses
import fcntl
import math
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from bench.common.errors import UserError
from bench.common.files import csv_text, digest, json_text, parse_csv, read_json, read_text, write_whole
from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.protocol import DEFAULT, NUMERICS, UNIFORM, UNTRAINED, Protocol, Run
from bench.protocol.settings import SETTING_NAME, SETTINGS, Setting, in_table_order
from bench.results.schema import COLUMNS, NEW_COLUMNS, RunResult

PROTOCOL_FILE = "protocol.json"
REQUIRED_PROVENANCE = {
    *("environment", "setting", "seed", "protocol", "diverged_at", "csv_sha256"),
    *("label", "family", "rule", "numbers", "options"),
    *("job_seconds", "job_runs", "processor"),
}
# The numerics whose folders can be read.
READABLE_NUMERICS = (2, NUMERICS)
RANDOM_COLUMNS = ("environment", "policy", "score", "standard_error", "episodes")


class Results:
    """The results folder at `path`, of one protocol."""

    def __init__(self, path: Path, protocol: Protocol) -> None:
        """Use `open_results` instead, which checks the folder."""
        self.path = path
        self.protocol = protocol

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other campaigns away from the folder while the context is open, or until this process dies.

        Raises:
            UserError: when another campaign has it.
        """
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise UserError(f"another campaign is running on {self.path}") from None
        try:
            yield
        finally:
            os.close(descriptor)

    @property
    def columns(self) -> tuple[str, ...]:
        """Those that every run's CSV has, before the columns of its rule."""
        if self.protocol.numerics == NUMERICS:
            return COLUMNS
        return tuple(column for column in COLUMNS if column not in NEW_COLUMNS)

    def require_current_numerics(self) -> None:
        """Refuse to train more runs where the finished ones have an earlier version's bits.

        Raises:
            UserError: saying so.
        """
        if self.protocol.numerics != NUMERICS:
            raise UserError(
                f"{self.path} holds runs of numerics {self.protocol.numerics}, this version's are {NUMERICS}:"
                " it can be read; to train, choose another results folder"
            )

    def policy_path(self, run: Run) -> Path:
        """Where the run's final policy stands; a run is finished without it, too."""
        return self.path / "policies" / run.environment / run.setting / f"seed-{run.seed:02d}.npz"

    def csv_path(self, run: Run) -> Path:
        """Where the run's file stands once it is finished."""
        return self.path / "runs" / run.environment / run.setting / f"seed-{run.seed:02d}.csv"

    def save(self, result: RunResult, provenance: dict[str, Any]) -> None:
        """Write a finished run: policy, provenance, then the CSV, each whole or not at all."""
        path = self.csv_path(result.run)
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
        write_whole(path, result.csv)

    def finished(self) -> set[Run]:
        """The runs whose CSV is in place.

        Raises:
            UserError: for a file whose name is not that of a run.
        """
        return {self._run_at(path) for path in (self.path / "runs").glob("*/*/*.csv")}

    def load(self, run: Run) -> tuple[pd.DataFrame, dict[str, Any]]:
        """The run's CSV and its provenance, both checked.

        Raises:
            UserError: naming the file and what is wrong with it.
        """
        path = self.csv_path(run)
        text, record = read_text(path), self.provenance(run)
        table = parse_csv(path, text, self.columns)
        if not all(pd.api.types.is_integer_dtype(table[name]) for name in ("timesteps", "episodes")):
            raise UserError(f"{path}: timesteps or episodes are not whole numbers")
        if table["timesteps"].duplicated().any():
            raise UserError(f"{path}: duplicated timesteps")
        if not table["return_last100"].map(math.isfinite).all():
            raise UserError(f"{path}: a score is not a finite number")
        last, diverged_at = int(table["timesteps"].iloc[-1]), record["diverged_at"]
        end = self.protocol.steps if diverged_at is None else diverged_at
        if last != end:
            raise UserError(f"{path}: ends at timestep {last} instead of {end}")
        if record["csv_sha256"] != digest(text):
            raise UserError(f"{path}: its content is not what was written when the run finished")
        return table, record

    def provenance(self, run: Run) -> dict[str, Any]:
        """The run's JSON, checked to be of this folder's protocol and of the setting as it is now.

        Raises:
            UserError: naming the file and what is wrong with it.
        """
        path = self.csv_path(run).with_suffix(".json")
        record = read_json(path)
        missing = REQUIRED_PROVENANCE - record.keys()
        if missing:
            raise UserError(f"{path}: without {', '.join(sorted(missing))}")
        if {name: record[name] for name in ("environment", "setting", "seed")} != dataclasses.asdict(run):
            raise UserError(f"{path}: the provenance of another run, so this one is a duplicate")
        if record.get("protocol") != self.protocol.fingerprint:
            raise UserError(
                f"{path}: of protocol {record.get('protocol')}, the folder's is {self.protocol.fingerprint}"
            )
        try:
            described = Setting.from_json(run.setting, record).as_json()
        except (ValueError, TypeError, AttributeError) as error:
            raise UserError(f"{path}: no setting is described: {error}") from error
        if run.setting in SETTINGS and described != SETTINGS[run.setting].as_json():
            raise UserError(f"{path}: {run.setting} was defined differently when this run was made")
        return record

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
        """The random policies' scores measured so far, columns `RANDOM_COLUMNS`.

        Raises:
            UserError: naming the file and what is wrong with it.
        """
        path = self.path / "random.csv"
        if not path.exists():
            return pd.DataFrame(columns=list(RANDOM_COLUMNS))
        table = parse_csv(path, read_text(path), RANDOM_COLUMNS, names=("environment", "policy"))
        if table.duplicated(["environment", "policy"]).any():
            raise UserError(f"{path}: duplicated scores")
        if not table["score"].map(math.isfinite).all():
            raise UserError(f"{path}: a score is not a finite number")
        return table

    def measured_environments(self) -> set[str]:
        """The environments in which both random policies are measured."""
        policies = self.random_scores().groupby("environment")["policy"].agg(set)
        return {name for name, measured in policies.items() if measured >= {UNIFORM, UNTRAINED}}

    def save_random_scores(self, measured: pd.DataFrame) -> None:
        """Add an environment's random policies to `random.csv`."""
        known = self.random_scores()
        others = known[~known["environment"].isin(measured["environment"])]
        table = measured if others.empty else pd.concat([others, measured])
        table = table.sort_values(["environment", "policy"])
        write_whole(self.path / "random.csv", csv_text(table))

    def _run_at(self, path: Path) -> Run:
        environment, setting, file = path.parts[-3:]
        number = re.fullmatch(r"seed-(\d{2,})\.csv", file)
        if environment not in ENVIRONMENTS or not re.fullmatch(SETTING_NAME, setting) or not number:
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
        UserError: for a folder that isn't there, can't be written, is not a results folder, or holds results
            of another protocol or length.
    """
    if (path / PROTOCOL_FILE).exists():
        recorded = _recorded_protocol(path, timesteps)
        # Results with the bits of earlier numerics can be read, though nothing can be added.
        expected = replace(protocol or recorded, timesteps=recorded.timesteps, numerics=recorded.numerics)
        if recorded != expected or recorded.numerics not in READABLE_NUMERICS:
            raise UserError(
                f"{path} holds results of protocol {recorded.fingerprint}, not of {expected.fingerprint}:"
                " choose another results folder"
            )
        results = Results(path, recorded)
    elif path.exists() and not path.is_dir():
        raise UserError(f"{path} is not a folder")
    elif path.exists() and any(path.iterdir()):
        raise UserError(f"{path} is not a results folder: it has files but no {PROTOCOL_FILE}")
    elif not create:
        raise UserError(f"no results in {path}: train first")
    else:
        new = protocol or DEFAULT
        results = Results(path, new if timesteps is None else replace(new, timesteps=timesteps))
    if create:
        # Even where it stands already: better now than after an hour of training.
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
    return protocol
