"""Making runs, and what human feedback starts from: train, status, verify and demonstrate."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from rich.console import Console

from bench.common import locks
from bench.common.errors import DamagedError, UserError
from bench.common.files import digest
from bench.common.raw import read_whole
from bench.common.terminal import warn
from bench.options import (
    OfProtocol,
    OnResults,
    Options,
    folder_and_protocol,
    option,
    repetitions_of,
    require_same,
    require_undamaged,
    tell_left_out,
)
from bench.protocol.changes import change_protocol, describe_names
from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.protocol import PAPER_SEEDS
from bench.protocol.selection import Selection, parse_seed, parse_timesteps, select
from bench.protocol.settings import SETTINGS, Setting, in_table_order
from bench.results import random_scores
from bench.results.demonstrations import FOLDER, path_of
from bench.results.folder import Results, open_results
from bench.training.determinism import CACHE, pin

if TYPE_CHECKING:
    from bench.training.own import OwnFiles


SET_HELP = (
    "Numbers and choices of the protocol to set otherwise, such as discount=0.999 advantages=minibatch. The"
    f" results folder is then of that protocol. {describe_names()}"
)


@dataclass(frozen=True)
class WithOwn:
    """A command that trains settings of this package and of one's own files."""

    own: Annotated[tuple[Path, ...], option("FILE [FILE ...]", "none")] = ()
    """Python files of your own settings."""

    @cached_property
    def own_files(self) -> "OwnFiles":
        """The files of one's own settings. They are read and checked once."""
        if not self.own:
            return ()
        pin()
        from bench.training.own import read_own_files

        return read_own_files(self.own)

    @cached_property
    def known(self) -> dict[str, Setting]:
        """The settings of this package and of one's own files."""
        files = self.own_files  # pins before JAX is imported
        if not files:
            return SETTINGS
        from bench.training.own import known_settings

        return known_settings(files)


@dataclass(frozen=True)
class Train(WithOwn, Options, OnResults):
    """Train the runs that are missing, one process a core."""

    changes: Annotated[
        tuple[str, ...], option("NAME=VALUE [NAME=VALUE ...]", "none", name="set", help_=SET_HELP)
    ] = ()
    repair: tyro.conf.FlagCreatePairsOff[bool] = False
    """Move damaged runs to `damaged/` of the folder, and train them again."""
    scheduler: Annotated[str | None, option("ADDRESS", "the cores of this machine")] = None
    """A Dask cluster to train on, such as tcp://host:8786, or tls:// with certificates that Dask's
    configuration names."""

    def open(self) -> tuple[Results, Selection]:
        """Open the results folder, which is made if it is not there, and select the runs to train."""
        if self.changes and self.variant is not None:
            raise UserError(
                "--set makes a protocol of your own, in a results folder of its own: without --variant"
            )
        folder, named = folder_and_protocol(self.results, self.variant)
        protocol = change_protocol(named, self.changes)
        self.selected(protocol, set(), self.known)  # before a folder is made
        results = open_results(folder, parse_timesteps(self.timesteps), create=True, protocol=protocol)
        # At least the paper's seeds: an interrupted campaign goes on even if one of them is complete.
        return results, self.selected(protocol, results.finished(), self.known, PAPER_SEEDS)

    def run(self, results: Results, selection: Selection, console: Console) -> None:
        """Train the selection's missing runs."""
        from bench.campaign.jobs import missing_jobs
        from bench.training.checkpoints import CheckpointFolder

        known = self.known
        if self.repair:
            _set_damaged_aside(results, selection, console)
        require_undamaged(results, selection)
        require_same(results, [known[name] for name in selection.settings])
        checkpoints, refused = CheckpointFolder(results).load(known)
        for line in refused:
            warn(console, line)
        _clear_up(results, console)
        jobs = missing_jobs(results, selection.runs, checkpoints, self.own_files)
        if not jobs:
            message = f"nothing to train: all {len(selection.runs)} runs are in {results.path}"
            console.print(message, soft_wrap=True)
            return
        if self.own:
            from bench.training.own import describe_without_clip_range

            own = [known[name] for name in selection.settings if name not in SETTINGS]
            for line in describe_without_clip_range(own, results.protocol.hyperparameters.choices):
                warn(console, line)
        if not pin():
            warn(console, f"{CACHE} can't be written: every process compiles anew")
        from bench.campaign.campaign import run_campaign

        def stopped() -> str:
            wanted, finished = set(selection.runs), results.finished()
            kept = {run for checkpoint in CheckpointFolder(results).load()[0] for run in checkpoint.runs}
            begun = len((kept & wanted) - finished)
            return (
                f"stopped: {len(wanted & finished)} of {len(selection.runs)} runs are finished and kept in"
                f" {results.path}, and the checkpoints of {begun}; the same command goes on from there"
            )

        run_campaign(results, jobs, console, self.scheduler, stopped)
        for run in sorted(run for job in jobs for run in job.runs):
            diverged_at = results.read(run).record["diverged_at"]
            if diverged_at is not None:
                warn(console, f"{run} diverged at timestep {diverged_at:,}")


def _clear_up(results: Results, console: Console) -> None:
    """Remove what a campaign left that was killed, unless another is running."""
    from bench.training.checkpoints import CheckpointFolder

    checkpoints = CheckpointFolder(results)
    traces = (checkpoints.path, results.path / locks.FILE)
    if any(os.path.lexists(path) for path in traces) and locks.find_holder(results.path) is None:
        with results.locked(lambda line: warn(console, line)):
            checkpoints.clear(results.finished())


def _set_damaged_aside(results: Results, selection: Selection, console: Console) -> None:
    """Move the selection's damaged runs to `damaged/`, and random.csv if it is damaged."""
    with results.locked(lambda line: warn(console, line)):
        for run, reason in results.damaged(set(selection.runs) & results.finished()).items():
            results.set_aside(run)
            warn(console, f"{run} is kept aside: {reason}")
        try:
            results.random_scores()
        except DamagedError as error:
            results.move_aside(results.path / random_scores.FILE)
            warn(console, f"the random policies' scores are kept aside: {error}")


@dataclass(frozen=True)
class Status(Options, OnResults):
    """Say what is done and missing, and how long the rest takes."""

    def run(self, results: Results, selection: Selection, console: Console) -> None:
        """Print the state of the selection."""
        from bench.campaign.status import show_status

        tell_left_out(results, selection, console)
        show_status(results, selection, console)


@dataclass(frozen=True)
class Verify(WithOwn, OfProtocol, OnResults):
    """Train finished runs again, and compare.

    x86-64 processors with AVX2 and FMA must agree to the bit.
    """

    environment: Annotated[str | None, tyro.conf.Positional, option("ENVIRONMENT", "all")] = None
    """The environment whose runs to repeat."""
    settings: Annotated[tuple[str, ...], option("NAME [NAME ...]", "all that are known")] = ()
    """The settings whose runs to repeat, or a group of them: paper, lecture, rlhf, successors, own."""
    seed: Annotated[str | None, option("N", "0; with --repeated, all")] = None
    """The seed whose runs to repeat."""
    timesteps: Annotated[str | None, option("N", "all of it")] = None
    """How many steps of each run to repeat, up to the end of a rollout."""
    repeated: Annotated[Path | None, option("DIR", "none: train again")] = None
    """Another results folder, in which the runs were trained again: compare with those, byte for byte."""
    record: tyro.conf.FlagCreatePairsOff[bool] = False
    """Keep in `verified.csv` of the folder what was repeated, where, and with what outcome."""

    def open(self) -> tuple[Results, Selection]:
        """Open the results folder, and select the runs to repeat."""
        if self.repeated is not None and (self.timesteps, self.own) != (None, ()):
            raise UserError("--repeated compares whole runs of all settings: without --timesteps and --own")
        seeds = None if self.seed is None else parse_seed(self.seed)
        parse_timesteps(self.timesteps)
        # The timesteps of a prefix are not those of the folder.
        folder, _ = folder_and_protocol(self.results, self.variant)
        results = open_results(folder, None, create=False)
        finished, version = results.finished(), results.protocol.environment_version
        # All means all that have runs, the paper's environments or not.
        present = sorted({run.environment for run in finished})
        environments = present if self.environment is None else [self.environment]
        if self.repeated is None:
            known, seeds = tuple(self.known), seeds or (0,)
        else:
            known = tuple(in_table_order(run.setting for run in finished))
            seeds = seeds or tuple(sorted({run.seed for run in finished}))
        chosen = self.settings or known
        return results, select(environments, chosen, seeds, finished, known=known, version=version)

    def run(self, results: Results, selection: Selection, console: Console) -> None:
        """Repeat the selection's finished runs, or compare them with repetitions."""
        from bench.campaign.verify import verify, verify_repeated

        if self.repeated is not None:
            repeated = repetitions_of(results, self.repeated, self.variant)
            verify_repeated(results, repeated, selection, console, record=self.record)
            return
        known = self.known
        require_same(results, [known[name] for name in known if name not in SETTINGS])
        others = {
            run.setting
            for run in results.finished()
            if run.environment in selection.environments and run.seed in selection.seeds
        } - set(known)
        if others and not self.settings:
            warn(console, f"not repeated: {' '.join(sorted(others))}; {_name_own_files(results, others)}")
        pin()
        timesteps = parse_timesteps(self.timesteps)
        verify(results, selection, timesteps, console, self.own_files, record=self.record)


@dataclass(frozen=True)
class Demonstrate:
    """Make the demonstrations that are missing.

    The demonstrator is trained for 204,800 steps.

    They are part of this checkout, in results/demonstrations/.

    To repeat one, move its file away.
    """

    environments: Annotated[tuple[str, ...], option("ID [ID ...]", "the paper's seven")] = ENVIRONMENTS
    """Gymnasium environments, such as Hopper-v4."""

    def execute(self, console: Console) -> None:
        """Train the demonstrators, and write their episodes."""
        chosen = select(self.environments, (), None, set()).environments
        missing = [environment for environment in chosen if not path_of(environment).exists()]
        if not missing:
            console.print(f"nothing to make: {' '.join(chosen)} are in {FOLDER}", soft_wrap=True)
            return
        pin()
        from bench.campaign.campaign import run_campaign
        from bench.campaign.jobs import DemonstrationJob

        results = open_results(FOLDER.parent, None, create=True)
        jobs = [DemonstrationJob(environment) for environment in missing]
        kept = f"stopped: what is done is kept in {FOLDER}"
        run_campaign(results, jobs, console, stopped=lambda: kept, activity="demonstrating")
        console.print(f"written: {' '.join(str(path_of(each)) for each in missing)}", soft_wrap=True)


def _name_own_files(results: Results, settings: set[str]) -> str:
    """Say how settings of one's own are repeated: with the files that the folder keeps."""
    runs = [run for run in results.finished() if run.setting in settings]
    names = []
    for sha256 in sorted({str(setting.own_sha256) for setting in results.settings(runs).values()}):
        path = results.own_path(sha256)
        if path.is_file() and digest(read_whole(path)) == sha256:
            names.append(str(path))
    return f"name their files: --own {' '.join(names) or 'FILE'}"
