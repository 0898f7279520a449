"""What of a selection is done, missing or diverged, and how long the rest will take."""

from collections import Counter
from collections.abc import Mapping

from dask.system import CPU_COUNT
from rich.console import Console

from bench.campaign.jobs import job_name
from bench.campaign.progress import duration
from bench.common.errors import UserError
from bench.common.locks import find_holder
from bench.common.terminal import print_table, warn
from bench.protocol.protocol import Run
from bench.protocol.selection import Selection, ranges
from bench.results.folder import Results
from bench.results.schema import Record
from bench.training.checkpoints import CheckpointFolder


def show_status(results: Results, selection: Selection, console: Console) -> None:
    """Print a line for each environment, diverged runs and checkpoints by name, and the time left.

    A campaign that is running on the folder is named, too.

    Raises:
        UserError: for a file that can't be read; and at the end where runs are damaged.
    """
    present = set(selection.runs) & results.finished()
    damaged = results.damaged(present)
    finished = present - damaged.keys()
    missing = [run for run in selection.runs if run not in present]
    records = {run: results.read(run).record for run in sorted(finished)}
    diverged = [run for run, record in records.items() if record["diverged_at"] is not None]
    _print_grid(selection, Counter((run.environment, run.seed) for run in finished), console)
    for run in diverged:
        console.print(f"diverged: {run} at timestep {records[run]['diverged_at']:,}", soft_wrap=True)
    for reason in damaged.values():
        console.print(f"damaged: {reason}", style="red", soft_wrap=True)
    done = _done_in_checkpoints(results, missing, console)
    begun = f", of them {len(done)} begun" if done else ""
    counts = f"{len(finished)} done, {len(missing)} missing{begun}, {len(diverged)} diverged"
    counts += f", {len(damaged)} damaged" if damaged else ""
    console.print(f"{len(selection.runs)} runs: {counts}", soft_wrap=True)
    if holder := find_holder(results.path):
        console.print(f"a campaign is running on {results.path}: {holder}", soft_wrap=True)
    if missing:
        console.print(_time_left({run: 1 - done.get(run, 0.0) for run in missing}, records), soft_wrap=True)
    if damaged:
        raise UserError(f"{len(damaged)} of {len(present)} finished runs are damaged")


def _done_in_checkpoints(results: Results, missing: list[Run], console: Console) -> dict[Run, float]:
    """Print a line for each checkpoint; return the share that is done of each missing run in one of them."""
    done: dict[Run, float] = {}
    checkpoints, refused = CheckpointFolder(results).load()
    for checkpoint in checkpoints:
        held = [run for run in missing if run in checkpoint.runs and run not in done]
        if held:
            share = checkpoint.updates / results.protocol.updates
            done |= dict.fromkeys(held, share)
            console.print(f"checkpoint: {job_name(held)}, {len(held)} runs, {share:.0%} done", soft_wrap=True)
    for line in refused:
        warn(console, line)
    return done


def _print_grid(selection: Selection, done: Counter[tuple[str, int]], console: Console) -> None:
    """Print for each environment its runs, the seeds whose runs are all done, and those with some."""
    settings = len(selection.settings)
    cells = [["environment", "done", "of", "whole seeds", "begun seeds"]]
    for environment in selection.environments:
        counts = {seed: done[environment, seed] for seed in selection.seeds}
        whole = [seed for seed, count in counts.items() if count == settings]
        begun = [seed for seed, count in counts.items() if 0 < count < settings]
        numbers = str(sum(counts.values())), str(settings * len(counts))
        cells.append([environment, *numbers, ranges(whole) or "-", ranges(begun) or "-"])
    print_table(console, f"runs done, of {settings} settings a seed", cells, texts=(0, 3, 4))


def _time_left(missing: dict[Run, float], records: Mapping[Run, Record]) -> str:
    """Estimate the time left on this machine's cores from what finished runs took, a core each.

    missing: The share of each missing run that is left.
    """
    seconds: dict[str, list[float]] = {}
    for run, record in records.items():
        seconds.setdefault(run.environment, []).append(record["job_seconds"] / record["job_runs"])
    mean = {environment: sum(values) / len(values) for environment, values in seconds.items()}
    if not mean:
        return "no estimate of the time left before a run is done"
    # An environment without finished runs is taken for an average one.
    unknown = sum(mean.values()) / len(mean)
    total = sum(share * mean.get(run.environment, unknown) for run, share in missing.items())
    return f"about {duration(total / CPU_COUNT)} left on this machine's {CPU_COUNT} cores"
