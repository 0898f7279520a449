"""Repeating finished runs, from the same seeds, to see whether they come out the same."""

import tempfile
from pathlib import Path

from rich.console import Console

from bench.campaign import run_campaign
from bench.errors import UserError
from bench.jobs import training_jobs
from bench.protocol import LOG_INTERVAL, Run
from bench.provenance import processor_kind
from bench.results import Results, open_results
from bench.selection import Selection


def verify(results: Results, selection: Selection, timesteps: int | None, console: Console) -> None:
    """Repeat the selection's finished runs, or a prefix of them, and compare line by line.

    Prints a line for each run. On the kind of processor that made it a run must be bit-identical. On another
    it is as good as one more seed, and of those even Gaussian ones differ in three cases of ten by more than
    three others do among themselves; so there no more than half of the runs may.

    Raises:
        UserError: when there is nothing to compare, or at the end when runs are not repeated.
    """
    runs = sorted(set(selection.runs) & results.finished())
    if not runs:
        raise UserError(f"no run of this selection is finished in {results.path}: nothing to repeat")
    first_line = LOG_INTERVAL * results.protocol.hyperparameters.horizon
    length = min(timesteps or results.protocol.timesteps, results.protocol.timesteps)
    if length < min(first_line, results.protocol.timesteps):
        raise UserError(f"the first line to compare is at timestep {first_line:,}: choose more --timesteps")
    with tempfile.TemporaryDirectory() as folder:
        repeated = open_results(Path(folder), length, create=True)
        run_campaign(repeated, list(training_jobs(runs)), console)
        different = [run for run in runs if not _agrees(run, results, repeated, console)]
    made_here = any(_made_on(run, results) == processor_kind() for run in different)
    if made_here or 2 * len(different) > len(runs):
        raise UserError(f"{len(different)} of {len(runs)} runs differ: {', '.join(map(str, different))}")


def _agrees(run: Run, results: Results, repeated: Results, console: Console) -> bool:
    """Print how a run compares; whether it is bit-identical, or elsewhere near enough."""
    results.load(run)  # refuses a damaged file
    ours, shipped = _lines(repeated, run), _lines(results, run)
    common = sorted(ours.keys() & shipped.keys())
    if all(ours[timestep] == shipped[timestep] for timestep in common):
        console.print(f"{run}: bit-identical in {len(common)} lines", soft_wrap=True)
        return True
    made_on, last = _made_on(run, results), common[-1]
    difference = abs(_return(ours[last]) - _return(shipped[last]))
    spread = _spread_of_seeds(run, results, last)
    close = made_on != processor_kind() and difference <= spread
    console.print(
        f"{run}: return differs by {difference:.3g} at timestep {last}, seeds by {spread:.3g};"
        f" made on {made_on}, this is {processor_kind()}" + ("" if close else ": DIFFERENT"),
        soft_wrap=True,
    )
    return close


def _made_on(run: Run, results: Results) -> str:
    """The kind of processor that made a run."""
    return str(results.provenance(run)["processor"]["kind"])


def _spread_of_seeds(run: Run, results: Results, timestep: str) -> float:
    """Largest minus smallest return of the row's runs in this environment at that timestep."""
    alike = [
        other
        for other in results.finished()
        if (other.environment, other.setting) == (run.environment, run.setting)
    ]
    returns = [_return(line) for other in alike if (line := _lines(results, other).get(timestep))]
    return max(returns) - min(returns)


def _lines(results: Results, run: Run) -> dict[str, str]:
    """The lines of a run's CSV by their timestep."""
    _, *lines = results.csv_path(run).read_text().splitlines()
    return {line.split(",", 1)[0]: line for line in lines}


def _return(line: str) -> float:
    return float(line.split(",")[2])
