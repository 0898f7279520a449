"""Repeating finished runs, from the same seeds, to see whether they come out the same."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from rich.console import Console

from bench.campaign import verified
from bench.campaign.campaign import run_campaign
from bench.campaign.jobs import training_jobs
from bench.common.errors import UserError
from bench.common.provenance import processor_kind
from bench.protocol.protocol import LOG_INTERVAL, Run
from bench.protocol.selection import Selection
from bench.results.folder import Results, open_results

Outcome = Literal["identical", "near", "different", "alone"]


def verify(
    results: Results, selection: Selection, timesteps: int | None, console: Console, *, record: bool = False
) -> None:
    """Repeat the selection's finished runs, or a prefix of them, and judge them; see `judge`.

    record: keep the outcomes in `verified.csv` of the folder.

    Raises:
        UserError: when there is nothing to compare, or at the end when runs are not repeated.
    """
    length = min(timesteps or results.protocol.timesteps, results.protocol.timesteps)
    if length < results.protocol.timesteps and results.protocol.is_annealed:
        raise UserError(f"{results.path} has runs annealed over all of their length: leave out --timesteps")
    runs = sorted(set(selection.runs) & results.finished())
    if not runs:
        raise UserError(f"no run of this selection is finished in {results.path}: nothing to repeat")
    for run in runs:
        results.read(run)  # refuses a damaged file
    first_line = LOG_INTERVAL * results.protocol.hyperparameters.horizon
    if length < min(first_line, results.protocol.timesteps):
        raise UserError(f"the first line to compare is at timestep {first_line:,}: choose more --timesteps")
    with tempfile.TemporaryDirectory() as folder:
        repeated = open_results(Path(folder), length, create=True, protocol=results.protocol)
        run_campaign(repeated, list(training_jobs(runs)), console, stopped=lambda: "stopped: nothing is kept")
        outcomes = {run: compare(run, results, repeated, console) for run in runs}
    if record:
        verified.record(results, length, outcomes)
    judge(outcomes, results)


def judge(outcomes: Mapping[Run, Outcome], results: Results) -> None:
    """Decide whether runs are repeated.

    A run must be bit-identical on every processor of the kind that made it: all x86-64 processors with AVX2
    and FMA are one kind. On another kind a run is as good as one more seed. There it should differ by no more
    than the setting's seeds differ among themselves; with three seeds even Gaussian returns differ by more in
    three cases of ten, so no more than half of the runs may.

    Raises:
        UserError: naming those that differ, when they are not repeated.
    """
    different = [run for run, outcome in outcomes.items() if outcome == "different"]
    comparable = [run for run, outcome in outcomes.items() if outcome != "alone"]
    made_here = any(_made_on(run, results) == processor_kind() for run in different)
    if made_here or 2 * len(different) > len(comparable):
        raise UserError(f"{len(different)} of {len(outcomes)} runs differ: {', '.join(map(str, different))}")


def compare(run: Run, results: Results, repeated: Results, console: Console) -> Outcome:
    """Print how a run compares with its repetition, perhaps of its first part alone, and return it."""
    end = repeated.protocol.steps
    shipped = _lines(results, run, end)
    # A prefix ends with a line that the whole run may not have.
    ours = {
        timestep: line
        for timestep, line in _lines(repeated, run, end).items()
        if timestep in shipped or timestep != end
    }
    if ours == shipped:
        console.print(f"{run}: bit-identical in {len(shipped)} lines", soft_wrap=True)
        return "identical"
    made_on, last = _made_on(run, results), max(shipped)
    difference, spread = abs(_return(ours) - _return(shipped)), _spread_of_seeds(run, results, end)
    outcome: Outcome = "different"
    if made_on != processor_kind():
        outcome = "alone" if spread is None else "near" if difference <= spread else "different"
    seeds = "no other seed to compare with" if spread is None else f"seeds by {spread:.3g}"
    console.print(
        f"{run}: return differs by {difference:.3g} at timestep {last}, {seeds};"
        f" made on {made_on}, this is {processor_kind()}" + (": DIFFERENT" * (outcome == "different")),
        soft_wrap=True,
    )
    return outcome


def _made_on(run: Run, results: Results) -> str:
    """The kind of processor that made a run."""
    return str(results.provenance(run)["processor"]["kind"])


def _spread_of_seeds(run: Run, results: Results, end: int) -> float | None:
    """Largest minus smallest return of the row's runs in this environment until then; None for one seed."""
    returns = [
        _return(_lines(results, other, end))
        for other in results.finished()
        if (other.environment, other.setting) == (run.environment, run.setting)
    ]
    return max(returns) - min(returns) if len(returns) > 1 else None


def _lines(results: Results, run: Run, end: int) -> dict[int, str]:
    """The lines of a run's CSV by their timestep, up to the end."""
    _, *lines = results.read(run).text.splitlines()
    return {timestep: line for line in lines if (timestep := int(line.split(",", 1)[0])) <= end}


def _return(lines: dict[int, str]) -> float:
    """What the last of these lines has."""
    return float(lines[max(lines)].split(",")[2])
