"""The command line: python -m bench {train,table,curves,status,verify,speed} --help."""

import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console

from bench.errors import UserError
from bench.protocol import ENVIRONMENTS, PAPER_SEEDS, PAPER_SETTINGS, SETTINGS, Run, in_table_order
from bench.results import Results, open_results
from bench.selection import Selection, parse_seed, parse_seeds, parse_timesteps, seeds_present, select

# Each command imports what it alone needs: starting stays quick, and worker processes import this module too.


@dataclass(frozen=True)
class Options:
    """What every command is about."""

    results: Annotated[Path, tyro.conf.arg(metavar="DIR")] = Path("results")
    """Folder of the results."""
    seeds: Annotated[str | None, tyro.conf.arg(metavar="N or N-M")] = None
    """How many seeds (3: seeds 0, 1, 2) or which (3-5). Default: those complete in the folder, or 3."""
    timesteps: Annotated[str | None, tyro.conf.arg(metavar="N")] = None
    """Environment steps of each run. Default: those of the folder, or 1000000 if it is new."""
    environments: tuple[str, ...] = ENVIRONMENTS
    """Gymnasium environments."""
    settings: tuple[str, ...] = tuple(SETTINGS)
    """Rows of the table."""


@dataclass(frozen=True)
class Train(Options):
    """Train the runs that are missing from the results folder, one process a core."""

    scheduler: Annotated[str | None, tyro.conf.arg(metavar="ADDRESS")] = None
    """A Dask cluster to train on, such as tcp://host:8786. Default: the cores of this machine."""

    def run(self, results: Results, selection: Selection, console: Console) -> None:
        """Train what is missing of the selection."""
        from bench.jobs import missing_jobs

        checkpoints, refused = results.checkpoints.load()
        for line in refused:
            console.print(line, style="yellow", soft_wrap=True)
        jobs = missing_jobs(results, selection.runs, checkpoints)
        if not jobs:
            message = f"nothing to train: all {len(selection.runs)} runs are in {results.path}"
            console.print(message, soft_wrap=True)
            return
        results.require_current_numerics()
        from bench.campaign import run_campaign

        try:
            run_campaign(results, jobs, console, self.scheduler)
        except KeyboardInterrupt:
            done = len(set(selection.runs) & results.finished())
            begun = sum(len(checkpoint.runs) for checkpoint in results.checkpoints.load()[0])
            console.print(
                f"stopped: {done} of {len(selection.runs)} runs are finished and kept in {results.path},"
                f" and the checkpoints of {begun}; the same command goes on from there",
                soft_wrap=True,
            )
            raise


@dataclass(frozen=True)
class Table(Options):
    """Print the table; write it when the selection is complete."""

    def run(self, results: Results, selection: Selection, console: Console) -> None:
        """Print the selection's table, and write it when it is the whole of what the folder has."""
        from bench import figures, readme, report, table

        finished = results.finished()
        present = _present(results, selection)
        complete, incomplete = seeds_present(ENVIRONMENTS, tuple(SETTINGS), finished)
        found = report.report(results, selection)
        table.show(found, console)
        missing = set(selection.runs) - present
        whole = selection.is_whole_table and not any(run.setting in PAPER_SETTINGS for run in missing)
        if whole and set(complete) <= set(selection.seeds):
            report.save(found, results.path)
            table.save(found, results.path)
            figures.save(found, results.path)
            readme.save(found, results.path)
            console.print(
                f"written: {results.path}/table1.csv, README.md and what they rest on", soft_wrap=True
            )
            for setting in in_table_order(run.setting for run in missing):
                console.print(f"{setting} is not complete: its score is over fewer runs", style="yellow")
        else:
            console.print(
                f"covers {len(present)} of {len(selection.runs)} runs:"
                f" {len(selection.environments)} of {len(ENVIRONMENTS)} environments,"
                f" {len(selection.settings)} of {len(SETTINGS)} rows, seeds {_listed(selection.seeds)};"
                f" complete seeds in {results.path}: {_listed(complete)}. Not written to table1.*",
                soft_wrap=True,
            )
        if incomplete:
            console.print(f"incomplete seeds: {_listed(incomplete)}", style="yellow")


@dataclass(frozen=True)
class Curves(Options):
    """Plot the learning curves into figures/ of the results folder."""

    def run(self, results: Results, selection: Selection, console: Console) -> None:
        """Plot the selection's finished runs."""
        from bench.curves import learning_curves
        from bench.dataset import runs_table
        from bench.figures import save_figure
        from bench.scores import uniform_scores

        runs = runs_table(results, _present(results, selection))
        # A part of the table gets a file of its own.
        name = "learning_curves" if selection.is_whole_table else "learning_curves_selection"
        figure = learning_curves(runs, uniform_scores(results.random_scores()))
        paths = save_figure(figure, results.path / "figures", name)
        console.print(f"written: {' '.join(paths)}", soft_wrap=True)


@dataclass(frozen=True)
class Status(Options):
    """Say what is done, missing and diverged, and how long the rest will take."""

    def run(self, results: Results, selection: Selection, console: Console) -> None:
        """Print the state of the selection."""
        from bench.status import show_status

        show_status(results, selection, console)


@dataclass(frozen=True)
class Verify:
    """Repeat finished runs and compare: bit-identical on every processor of the kind that made them."""

    environment: Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="ENVIRONMENT")] = None
    """The environment whose runs to repeat. Default: all."""
    results: Annotated[Path, tyro.conf.arg(metavar="DIR")] = Path("results")
    """Folder of the results."""
    seed: Annotated[str, tyro.conf.arg(metavar="N")] = "0"
    """The seed whose runs to repeat."""
    timesteps: Annotated[str | None, tyro.conf.arg(metavar="N")] = None
    """How much of each run to repeat. Default: all of it."""

    def run(self, results: Results, selection: Selection, console: Console) -> None:
        """Repeat the selection's finished runs."""
        from bench.verify import verify

        verify(results, selection, _timesteps(self.timesteps), console)


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
        from bench import scaling, speed, speed_report

        chosen = select(self.environments, tuple(SETTINGS), None, set()).environments
        libraries = speed.installed_peers()
        for library in sorted(speed.PEERS.keys() - set(libraries)):
            install = ".venv/bin/pip install --constraint requirements.lock --editable '.[peers]'"
            console.print(f"without {library}, which is not installed: {install}", soft_wrap=True)
        measured = speed.measure(chosen, libraries, console)
        speed_report.show(measured, console)
        if set(chosen) == set(ENVIRONMENTS):
            written = speed_report.save(measured, speed.versions(libraries), self.results / "speed")
            growth = scaling.measure(console)
            speed_report.show_scaling(growth, console)
            written += speed_report.save_scaling(growth, self.results / "speed")
            console.print(f"written: {' '.join(written)}", soft_wrap=True)


def main() -> int:
    """Run the command line; returns the exit status."""
    command = tyro.cli(
        Train | Table | Curves | Status | Verify | Speed,
        prog="python -m bench",
        description="Table 1 of the PPO paper, measured.",
    )
    console = Console(highlight=False)
    # What a batch system sends before it kills is Ctrl-C to us.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if isinstance(command, Speed):
            command.measure(console)
        else:
            command.run(*_open(command), console)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _open(command: Options | Verify) -> tuple[Results, Selection]:
    """The results folder and the part of it that a command is about, all options checked first."""
    seeds: tuple[int, ...] | None
    length = _timesteps(command.timesteps)
    if isinstance(command, Verify):
        environments = ENVIRONMENTS if command.environment is None else (command.environment,)
        # The timesteps of a prefix are not those of the folder.
        settings, seeds, length = tuple(SETTINGS), parse_seed(command.seed), None
    else:
        environments, settings = command.environments, command.settings
        seeds = None if command.seeds is None else parse_seeds(command.seeds)
    select(environments, settings, seeds, set())
    results = open_results(command.results, length, create=isinstance(command, Train))
    # An interrupted campaign goes on with the paper's seeds, though some may be complete.
    at_least = PAPER_SEEDS if isinstance(command, Train) else ()
    return results, select(environments, settings, seeds, results.finished(), at_least)


def _present(results: Results, selection: Selection) -> set[Run]:
    """The selection's finished runs, of which there must be one."""
    present = set(selection.runs) & results.finished()
    if not present:
        raise UserError(f"no run of this selection is finished in {results.path}: train first")
    return present


def _timesteps(text: str | None) -> int | None:
    return None if text is None else parse_timesteps(text)


def _listed(seeds: tuple[int, ...]) -> str:
    return ", ".join(map(str, seeds)) or "none"


if __name__ == "__main__":
    sys.exit(main())
