"""The command line: python -m bench {train,table,curves,status,verify,speed} --help."""

import signal
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from rich.console import Console

from bench.common.errors import UserError
from bench.options import Options, finished_of, listed, timesteps_of
from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.protocol import PAPER_SEEDS
from bench.protocol.selection import Selection, parse_seed, seeds_present, select
from bench.protocol.settings import PAPER_SETTINGS, SETTINGS, Setting, by_default, in_table_order
from bench.results.folder import Results, open_results
from bench.training.determinism import pin

if TYPE_CHECKING:
    from bench.training.own import OwnFile

# Each command imports what it alone needs: starting stays quick, and worker processes import this module too.


@dataclass(frozen=True)
class Train(Options):
    """Train the runs that are missing from the results folder, one process a core."""

    own: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """A Python file of your own settings, which `--settings` may then name."""
    scheduler: Annotated[str | None, tyro.conf.arg(metavar="ADDRESS")] = None
    """A Dask cluster to train on, such as tcp://host:8786. Default: the cores of this machine."""

    def open(self) -> tuple[Results, Selection]:
        """The results folder, made if it is not there, and what to train."""
        select(self.environments, self.settings, self.chosen_seeds, set(), known=self.known)
        folder, protocol = self.place
        results = open_results(folder, timesteps_of(self.timesteps), create=True, protocol=protocol)
        finished = results.finished()
        # At least the paper's seeds: an interrupted campaign goes on even if one of them is complete.
        return results, select(
            self.environments, self.settings, self.chosen_seeds, finished, PAPER_SEEDS, self.known
        )

    @cached_property
    def own_file(self) -> "OwnFile | None":
        """The file of one's own settings, if there is one, checked. It is read once."""
        if self.own is None:
            return None
        pin()
        from bench.training.own import read_own

        return read_own(self.own)

    @property
    def known(self) -> dict[str, Setting]:
        """The settings of this package and of one's own file."""
        return SETTINGS if self.own_file is None else {**SETTINGS, **self.own_file.settings}

    def run(self, results: Results, selection: Selection, console: Console) -> None:
        """Train what is missing of the selection."""
        from bench.campaign.jobs import missing_jobs
        from bench.training.checkpoints import CheckpointFolder

        known = self.known
        results.require_same([known[name] for name in selection.settings])
        checkpoints, refused = CheckpointFolder(results).load(known)
        for line in refused:
            console.print(line, style="yellow", soft_wrap=True)
        jobs = missing_jobs(results, selection.runs, checkpoints, self.own_file)
        if not jobs:
            message = f"nothing to train: all {len(selection.runs)} runs are in {results.path}"
            console.print(message, soft_wrap=True)
            return
        results.require_current_numerics()
        pin()
        from bench.campaign.campaign import run_campaign

        try:
            run_campaign(results, jobs, console, self.scheduler)
        except KeyboardInterrupt:
            wanted, finished = set(selection.runs), results.finished()
            kept = {run for checkpoint in CheckpointFolder(results).load()[0] for run in checkpoint.runs}
            begun = len((kept & wanted) - finished)
            console.print(
                f"stopped: {len(wanted & finished)} of {len(selection.runs)} runs are finished and kept in"
                f" {results.path}, and the checkpoints of {begun}; the same command goes on from there",
                soft_wrap=True,
            )
            raise


@dataclass(frozen=True)
class Table(Options):
    """Print the table; write it when the selection is complete."""

    def run(self, results: Results, selection: Selection, console: Console) -> None:
        """Print the selection's table, and write it when it is the whole of what the folder has."""
        from bench.report import figures, page, tables
        from bench.scores import report

        finished = results.finished()
        present = finished_of(results, selection)
        complete, incomplete = seeds_present(ENVIRONMENTS, PAPER_SETTINGS, finished)
        found = report.report(results, selection)
        tables.show(found, console)
        missing = set(selection.runs) - present
        known = {*by_default({*SETTINGS, *(run.setting for run in finished)}), *selection.settings}
        whole = selection.is_whole_table and not any(run.setting in PAPER_SETTINGS for run in missing)
        if whole and set(complete) <= set(selection.seeds):
            report.save(found, results.path)
            tables.save(found, results.path)
            figures.save(found, results.path)
            page.save(found, results.path)
            console.print(
                f"written: {results.path}/table1.csv, README.md, the other tables and the figures",
                soft_wrap=True,
            )
            for setting in in_table_order(run.setting for run in missing):
                console.print(f"{setting} is not complete: its score is over fewer runs", style="yellow")
        else:
            console.print(
                f"covers {len(present)} of {len(selection.runs)} runs:"
                f" {len(selection.environments)} of {len(ENVIRONMENTS)} environments,"
                f" {len(selection.settings)} of {len(known)} rows, seeds {listed(selection.seeds)};"
                f" complete seeds in {results.path}: {listed(complete)}. Not written to table1.*",
                soft_wrap=True,
            )
        if incomplete:
            console.print(f"incomplete seeds: {listed(incomplete)}", style="yellow")


@dataclass(frozen=True)
class Curves(Options):
    """Plot the learning curves into figures/ of the results folder."""

    def run(self, results: Results, selection: Selection, console: Console) -> None:
        """Plot the selection's finished runs."""
        from bench.report.curves import learning_curves
        from bench.report.figures import save_figure
        from bench.results.reading import runs_table
        from bench.scores.scale import uniform_scores

        present = finished_of(results, selection)
        runs = runs_table(results, present)
        # A part of the table gets a file of its own.
        name = "learning_curves" if selection.is_whole_table else "learning_curves_selection"
        figure = learning_curves(runs, uniform_scores(results.random_scores()), results.settings(present))
        paths = save_figure(figure, results.path / "figures", name)
        console.print(f"written: {' '.join(paths)}", soft_wrap=True)


@dataclass(frozen=True)
class Status(Options):
    """Say what is done, missing and diverged, and how long the rest will take."""

    def run(self, results: Results, selection: Selection, console: Console) -> None:
        """Print the state of the selection."""
        from bench.campaign.status import show_status

        show_status(results, selection, console)


@dataclass(frozen=True)
class Verify:
    """Repeat finished runs and compare: on the kind of processor that made them all bits must agree."""

    environment: Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="ENVIRONMENT")] = None
    """The environment whose runs to repeat. Default: all."""
    results: Annotated[Path, tyro.conf.arg(metavar="DIR")] = Path("results")
    """Folder of the results."""
    seed: Annotated[str, tyro.conf.arg(metavar="N")] = "0"
    """The seed whose runs to repeat."""
    timesteps: Annotated[str | None, tyro.conf.arg(metavar="N")] = None
    """How much of each run to repeat. Default: all of it."""

    def open(self) -> tuple[Results, Selection]:
        """The results folder, and the runs to repeat."""
        environments = ENVIRONMENTS if self.environment is None else (self.environment,)
        seeds = parse_seed(self.seed)
        timesteps_of(self.timesteps)
        select(environments, (), seeds, set())
        # The timesteps of a prefix are not those of the folder.
        results = open_results(self.results, None, create=False)
        return results, select(environments, tuple(SETTINGS), seeds, results.finished())

    def run(self, results: Results, selection: Selection, console: Console) -> None:
        """Repeat the selection's finished runs."""
        from bench.campaign.verify import verify

        pin()
        verify(results, selection, timesteps_of(self.timesteps), console)


@dataclass(frozen=True)
class Speed:
    """Measure training beside bare physics and other libraries, in turns on one core, for half an hour.

    The libraries are those of the extra `peers` that are installed.
    """

    results: Annotated[Path, tyro.conf.arg(metavar="DIR")] = Path("results")
    """Where `speed/` is written, when all environments are measured."""
    environments: tuple[str, ...] = ENVIRONMENTS
    """Gymnasium environments."""

    def measure(self, console: Console) -> None:
        """Measure, print and write."""
        pin()
        from bench.speed import measure, report, scaling

        chosen = select(self.environments, (), None, set()).environments
        libraries = measure.installed_peers()
        for library in sorted(measure.PEERS.keys() - set(libraries)):
            install = ".venv/bin/pip install --constraint requirements.lock --editable '.[peers]'"
            console.print(f"without {library}, which is not installed: {install}", soft_wrap=True)
        measured = measure.measure(chosen, libraries, console)
        report.show(measured, console)
        if set(chosen) == set(ENVIRONMENTS):
            written = report.save(measured, measure.versions(libraries), self.results / "speed")
            growth = scaling.measure(console)
            report.show_scaling(growth, console)
            written += report.save_scaling(growth, self.results / "speed")
            console.print(f"written: {' '.join(written)}", soft_wrap=True)


def main() -> int:
    """Run the command line; returns the exit status."""
    command = tyro.cli(
        Train | Table | Curves | Status | Verify | Speed,
        prog="python -m bench",
        description="Table 1 of the PPO paper, measured.",
    )
    console = Console(highlight=False)
    # A batch system sends SIGTERM before it kills: that is Ctrl-C to us.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if isinstance(command, Speed):
            command.measure(console)
        else:
            command.run(*command.open(), console)
    except (UserError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
