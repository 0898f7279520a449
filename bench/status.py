"""What of a selection is done, missing or diverged, and how long the rest will take."""

from collections import Counter

from dask.system import CPU_COUNT
from rich.console import Console
from rich.table import Table

from bench.progress import duration
from bench.protocol import Run
from bench.results import Results
from bench.selection import Selection


def show_status(results: Results, selection: Selection, console: Console) -> None:
    """Print a cell for each environment and seed, the diverged runs by name, and the time left.

    Raises:
        UserError: for provenance that can't be used.
    """
    finished = set(selection.runs) & results.finished()
    missing = [run for run in selection.runs if run not in finished]
    records = {run: results.provenance(run) for run in sorted(finished)}
    diverged = [run for run, record in records.items() if record["diverged_at"] is not None]
    console.print(_grid(selection, Counter((run.environment, run.seed) for run in finished)))
    for run in diverged:
        console.print(f"diverged: {run} at timestep {records[run]['diverged_at']:,}", soft_wrap=True)
    counts = f"{len(finished)} done, {len(missing)} missing, {len(diverged)} diverged"
    console.print(f"{len(selection.runs)} runs: {counts}", soft_wrap=True)
    if missing:
        console.print(_time_left(missing, records), soft_wrap=True)


def _grid(selection: Selection, done: Counter[tuple[str, int]]) -> Table:
    table = Table(title=f"runs done, of {len(selection.settings)} rows each", title_justify="left")
    table.add_column("environment", no_wrap=True)
    for seed in selection.seeds:
        table.add_column(f"seed {seed}", justify="right")
    for environment in selection.environments:
        counts = (done[environment, seed] for seed in selection.seeds)
        table.add_row(environment, *(str(count or "-") for count in counts))
    return table


def _time_left(missing: list[Run], records: dict[Run, dict]) -> str:
    """An estimate from what finished runs took, a core each, on this machine's cores."""
    seconds: dict[str, list[float]] = {}
    for run, record in records.items():
        seconds.setdefault(run.environment, []).append(record["job_seconds"] / record["job_runs"])
    mean = {environment: sum(values) / len(values) for environment, values in seconds.items()}
    if not mean:
        return "no estimate of the time left before a run is done"
    # An environment that nothing is known of is taken for an average one.
    unknown = sum(mean.values()) / len(mean)
    total = sum(mean.get(run.environment, unknown) for run in missing)
    return f"about {duration(total / CPU_COUNT)} left on this machine's {CPU_COUNT} cores"
