"""The command line: python -m bench {train,table,curves} --help."""

import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console

from bench.errors import UserError
from bench.protocol import ENVIRONMENTS, SETTINGS
from bench.results import Results, open_results
from bench.selection import Selection, parse_seeds, parse_timesteps, seeds_present, select

# Each command imports what it alone needs: starting stays quick, and worker processes import this module too.


@dataclass(frozen=True)
class Options:
    """What every command is about."""

    results: Annotated[Path, tyro.conf.arg(metavar="DIR")] = Path("results")
    """Folder of the results; made when there is none."""
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


@dataclass(frozen=True)
class Table(Options):
    """Print the table; write it when the selection is complete."""


@dataclass(frozen=True)
class Curves(Options):
    """Plot the learning curves into figures/ of the results folder."""


def train(results: Results, selection: Selection, console: Console) -> None:
    """Train what is missing of the selection."""
    from bench.campaign import missing_jobs, run_campaign

    jobs = missing_jobs(results, selection.runs)
    if not jobs:
        console.print(
            f"nothing to train: all {len(selection.runs)} runs are in {results.path}", soft_wrap=True
        )
        return
    try:
        run_campaign(results, jobs, console)
    except KeyboardInterrupt:
        done = len(set(selection.runs) & results.finished())
        console.print(
            f"stopped: {done} of {len(selection.runs)} runs are finished and kept in {results.path};"
            " the same command goes on from there",
            soft_wrap=True,
        )
        raise


def show_table(results: Results, selection: Selection, console: Console) -> None:
    """Print the selection's table, and write it when it is the whole of what the folder has."""
    from bench import table

    finished = results.finished()
    present = set(selection.runs) & finished
    if not present:
        raise UserError(f"no run of this selection is finished in {results.path}: train first")
    complete, incomplete = seeds_present(ENVIRONMENTS, tuple(SETTINGS), finished)
    report = table.report(results, selection)
    table.show(report, console)
    if (
        selection.is_whole_table
        and len(present) == len(selection.runs)
        and set(complete) <= set(selection.seeds)
    ):
        table.save(report, results.path)
        console.print(f"written: {results.path}/table1.csv, .md and .tex", soft_wrap=True)
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


def plot_curves(results: Results, selection: Selection, console: Console) -> None:
    """Plot the selection's finished runs."""
    from bench import figures

    if not set(selection.runs) & results.finished():
        raise UserError(f"no run of this selection is finished in {results.path}: train first")
    paths = figures.save_learning_curves(results, selection)
    console.print(f"written: {' '.join(paths)}", soft_wrap=True)


def main() -> int:
    """Run the command line; returns the exit status."""
    options = tyro.cli(
        Train | Table | Curves, prog="python -m bench", description="Table 1 of the PPO paper, measured."
    )
    commands = {Train: train, Table: show_table, Curves: plot_curves}
    console = Console(highlight=False)
    # What a batch system sends before it kills is Ctrl-C to us.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        timesteps = None if options.timesteps is None else parse_timesteps(options.timesteps)
        seeds = None if options.seeds is None else parse_seeds(options.seeds)
        select(options.environments, options.settings, seeds, set())
        results = open_results(options.results, timesteps, create=isinstance(options, Train))
        selection = select(options.environments, options.settings, seeds, results.finished())
        commands[type(options)](results, selection, console)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _listed(seeds: tuple[int, ...]) -> str:
    return ", ".join(map(str, seeds)) or "none"


if __name__ == "__main__":
    sys.exit(main())
