"""Repeating finished runs, from the same seeds, to see whether they come out the same."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rich.console import Console

from bench.campaign.campaign import run_campaign
from bench.campaign.jobs import training_jobs
from bench.common.errors import UserError
from bench.common.provenance import processor_kind
from bench.common.terminal import warn
from bench.protocol.protocol import LOG_INTERVAL, Run
from bench.protocol.selection import Selection
from bench.protocol.settings import SETTINGS
from bench.results import verified
from bench.results.folder import Results, open_results

if TYPE_CHECKING:
    from bench.training.own import OwnFiles

Outcome = Literal["identical", "near", "different", "alone"]
# Lines of a run's CSV by their timestep: the return, and the whole line.
Lines = dict[int, tuple[float, str]]


def verify(
    results: Results,
    selection: Selection,
    timesteps: int | None,
    console: Console,
    own: "OwnFiles" = (),
    *,
    record: bool = False,
) -> None:
    """Repeat the selection's finished runs, or their first timesteps, and compare; see `require_repeated`.

    timesteps: How many steps of each run to repeat; None for all.
    own: The files that define those settings that are not part of this package.
    record: Whether to keep the outcomes in `verified.csv` of the folder.

    Raises:
        UserError: when there is nothing to compare, or a file that will be needed is damaged; at the end when
            jobs failed or runs are not repeated.
    """
    length = min(timesteps or results.protocol.timesteps, results.protocol.timesteps)
    if length < results.protocol.timesteps and results.protocol.depends_on_length:
        raise UserError(
            f"{results.path} has runs whose updates depend on their length: leave out --timesteps"
        )
    runs = sorted(set(selection.runs) & results.finished())
    if not runs:
        raise UserError(f"no run of this selection is finished in {results.path}: nothing to repeat")
    if length < results.protocol.timesteps:
        runs = _leave_out_dependent_on_length(runs, own, console)
    for run in runs:
        for needed in _runs_of_setting(run, results) if _is_of_another_kind(run, results) else [run]:
            results.read(needed)  # refuses a damaged file
    if record:
        verified.read(results.path)  # likewise
    first_line = LOG_INTERVAL * results.protocol.hyperparameters.horizon
    if length < min(first_line, results.protocol.timesteps):
        raise UserError(f"the first line to compare is at timestep {first_line:,}: choose more --timesteps")
    with tempfile.TemporaryDirectory() as folder:
        repeated = open_results(Path(folder), length, create=True, protocol=results.protocol)
        failure = None
        try:
            run_campaign(
                repeated, list(training_jobs(runs, own)), console, stopped=lambda: "stopped: nothing is kept"
            )
        except UserError as error:
            failure = error
        outcomes = {run: compare(run, results, repeated, console) for run in sorted(repeated.finished())}
        if record and outcomes:
            verified.record(results, repeated, outcomes)
    if failure:
        raise failure
    require_repeated(outcomes, results)


def _leave_out_dependent_on_length(runs: list[Run], own: "OwnFiles", console: Console) -> list[Run]:
    """Return the runs whose first timesteps can be repeated by a shorter run; name the settings of others.

    Raises:
        UserError: when there is no such run.
    """
    dependent = {name for name, setting in SETTINGS.items() if setting.depends_on_length}
    dependent |= {name for file in own if file.depends_on_length for name in file.settings}
    if dependent.issuperset(run.setting for run in runs):
        raise UserError("updates of all these runs depend on their length: leave out --timesteps")
    if left_out := dependent & {run.setting for run in runs}:
        warn(console, f"not repeated: {' '.join(sorted(left_out))}, whose updates depend on their length")
    return [run for run in runs if run.setting not in dependent]


def verify_repeated(
    results: Results, repeated: Results, selection: Selection, console: Console, *, record: bool = False
) -> None:
    """Compare the selection's finished runs, byte for byte, with repetitions that were trained already.

    repeated: The folder with the repetitions, which are whole.
    record: Whether to keep the outcomes in `verified.csv` of `results`.

    Raises:
        UserError: when there is nothing to compare, or a file is damaged; at the end when runs differ.
    """
    outcomes: dict[Run, Outcome] = {}
    both = sorted(set(selection.runs) & results.finished() & repeated.finished())
    for run in both:
        first, again = results.read(run).record, repeated.read(run).record
        # The same record is taken for a copy's: trained twice, a run would hardly take the same seconds.
        if first != again:
            outcomes[run] = "identical" if first["csv_sha256"] == again["csv_sha256"] else "different"
    if not outcomes:
        raise UserError(f"{repeated.path} has repeated no finished run of this selection; copies don't count")
    if record:
        verified.record(results, repeated, outcomes)
    different = [run for run, outcome in outcomes.items() if outcome == "different"]
    count, copies = len(outcomes), len(both) - len(outcomes)
    left_out = f"; {copies} copies are left out" if copies else ""
    console.print(f"{count - len(different)} of {count} runs are identical{left_out}", soft_wrap=True)
    if different:
        raise UserError(f"{len(different)} of {count} runs differ: {', '.join(map(str, different))}")


def require_repeated(outcomes: Mapping[Run, Outcome], results: Results) -> None:
    """Refuse runs that are not repeated.

    A run must be bit-identical on every processor of the kind that made it: all x86-64 processors with AVX2
    and FMA are one kind. On another kind a run is as good as one more seed. There it should differ by no more
    than the setting's seeds differ among themselves; with three seeds even Gaussian returns differ by more in
    three cases of ten, so no more than half of the runs may.

    Raises:
        UserError: naming the runs that differ.
    """
    different = [run for run, outcome in outcomes.items() if outcome == "different"]
    comparable = [run for run, outcome in outcomes.items() if outcome != "alone"]
    made_here = not all(_is_of_another_kind(run, results) for run in different)
    if made_here or 2 * len(different) > len(comparable):
        raise UserError(f"{len(different)} of {len(outcomes)} runs differ: {', '.join(map(str, different))}")


def compare(run: Run, results: Results, repeated: Results, console: Console) -> Outcome:
    """Compare a run with its repetition, or its first part alone; print and return the outcome."""
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
    columns, shipped_columns = (set(folder.read(run).columns) for folder in (repeated, results))
    if columns != shipped_columns:
        other = " ".join(sorted(columns ^ shipped_columns))
        console.print(f"{run}: only one of the two has the columns {other}: DIFFERENT", soft_wrap=True)
        return "different"
    if not (ours and shipped):
        console.print(f"{run}: one of the two diverged before its first line: DIFFERENT", soft_wrap=True)
        return "different"
    difference = abs(_return(ours) - _return(shipped))
    outcome: Outcome = "different"
    seeds = ""
    if _is_of_another_kind(run, results):
        outcome, seeds = _beside_seeds(difference, run, results, end)
    console.print(
        f"{run}: return differs by {difference:.3g} at timestep {max(shipped)}{seeds};"
        f" made on {_made_on(run, results)}, this is {processor_kind()}"
        + (": DIFFERENT" * (outcome == "different")),
        soft_wrap=True,
    )
    return outcome


def _beside_seeds(difference: float, run: Run, results: Results, end: int) -> tuple[Outcome, str]:
    """Compare a difference between kinds of processor with that of seeds; return outcome and reason."""
    of_runs = (_lines(results, each, end) for each in _runs_of_setting(run, results))
    returns = [_return(lines) for lines in of_runs if lines]
    if len(returns) < 2:
        return "alone", ", no other seed to compare with"
    spread = max(returns) - min(returns)
    return "near" if difference <= spread else "different", f", seeds by {spread:.3g}"


def _made_on(run: Run, results: Results) -> str:
    """Return the kind of processor that made a run."""
    return results.read(run).record["processor"]["kind"]


def _is_of_another_kind(run: Run, results: Results) -> bool:
    return _made_on(run, results) != processor_kind()


def _runs_of_setting(run: Run, results: Results) -> list[Run]:
    """Return the finished runs of the same setting and environment, this one among them."""
    return sorted(
        other
        for other in results.finished()
        if (other.environment, other.setting) == (run.environment, run.setting)
    )


def _lines(results: Results, run: Run, end: int) -> Lines:
    """Return the lines of a run's CSV up to the end."""
    columns = results.read(run).columns
    _, *texts, _ = results.read_csv(run).split("\n")
    numbers = (columns[name].tolist() for name in ("timesteps", "return_last100"))
    lines = zip(*numbers, texts, strict=True)
    return {timestep: (score, text) for timestep, score, text in lines if timestep <= end}


def _return(lines: Lines) -> float:
    """Return the return that the last of these lines has."""
    score, _ = lines[max(lines)]
    return score
