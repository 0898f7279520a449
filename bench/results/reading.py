"""All runs of a results folder as one pandas DataFrame.

from bench.results.reading import load_runs

runs = load_runs("results")
"""

from collections.abc import Iterable, Set
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.common.errors import UserError
from bench.common.provenance import processor_of
from bench.protocol.protocol import Run
from bench.results.folder import Results, open_results
from bench.results.schema import COLUMNS

KEYS = ("environment", "setting", "seed")


def load_runs(folder: str | Path = "results") -> pd.DataFrame:
    """Read all finished runs of a results folder, one line for each line of their CSVs.

    Columns: environment, setting and seed of the run; timesteps and episodes so far; return_last100,
    return_std_last100 and length_last100 (mean return, its standard deviation and mean length of the last 100
    episodes); of the last update kl (nats), policy_std, value_loss and explained_variance, each NaN where it
    is not finite, as when a run diverges; the columns of the runs' rules, such as kl_coefficient (β) and
    clip_fraction, NaN for runs of other rules; and diverged, whether the run did in the end.

    Raises:
        UserError: for a folder or a file that can't be used, naming it.
    """
    results = open_results(Path(folder).absolute(), None, create=False)
    return runs_table(results, results.finished())


def runs_table(results: Results, runs: Iterable[Run]) -> pd.DataFrame:
    """Return these runs as `load_runs` has them, sorted, and checked as `Results.read` checks them.

    Raises:
        UserError: naming a file that can't be used.
    """
    runs = sorted(runs)
    if not runs:
        raise UserError(f"no run is finished in {results.path}: train first")
    settings = results.settings(runs)
    stored = [results.read(run) for run in runs]
    for each in stored:
        if each.setting.as_json() != settings[each.run.setting].as_json():
            path = results.json_path(each.run)
            raise UserError(f"{path}: it defines {each.run.setting} differently from other runs")
    counts = [len(each.columns["timesteps"]) for each in stored]
    index = np.repeat(np.arange(len(stored)), counts)
    keys = pd.DataFrame(runs).iloc[index].reset_index(drop=True)
    # Not every rule has all of the columns.
    names = dict.fromkeys([*COLUMNS, *(name for each in stored for name in each.columns)])
    columns = {
        name: np.concatenate(
            [
                each.columns.get(name, np.full(count, np.nan))
                for each, count in zip(stored, counts, strict=True)
            ]
        )
        for name in names
    }
    diverged = np.array([each.record["diverged_at"] is not None for each in stored])
    return pd.concat([keys, pd.DataFrame({**columns, "diverged": diverged[index]})], axis="columns")


def select_runs(table: pd.DataFrame, runs: Set[Run]) -> pd.DataFrame:
    """Return those lines of a table of runs that are of these."""
    starts = find_starts(table)
    chosen = [Run(*key) in runs for key in table[list(KEYS)].iloc[starts].itertuples(index=False)]
    if all(chosen):
        return table  # a copy of all runs takes much memory
    counts = np.diff(starts, append=len(table))
    return table[np.repeat(chosen, counts)].reset_index(drop=True)


def find_starts(table: pd.DataFrame) -> NDArray[np.intp]:
    """Return the place of each run's first line in a table of runs, which has a run's lines together."""
    return np.flatnonzero(~table.duplicated(list(KEYS)))


def runs_made(results: Results, runs: Iterable[Run]) -> pd.DataFrame:
    """Return how these runs were made, one line a run: environment, setting, seed, and these columns.

    seconds: The run's share of the processor seconds of its job.
    processor: Its name, and a hash of its model and flags.
    commit: The commit of the source.
    physics_warnings: How often MuJoCo reported unstable physics.
    diverged_at: The timestep at which the run diverged; NaN for a run that did not.

    Raises:
        UserError: naming a file that can't be used.
    """
    lines = []
    for run in sorted(runs):
        record = results.read(run).record
        lines.append(
            {
                **asdict(run),
                "seconds": record["job_seconds"] / record["job_runs"],
                "processor": processor_of(record),
                "commit": record.get("git_commit") or "unknown",
                "physics_warnings": record["physics_warnings"],
                "diverged_at": record["diverged_at"],
            }
        )
    return pd.DataFrame(lines).astype({"diverged_at": float})


def final_scores(runs: pd.DataFrame) -> pd.DataFrame:
    """Return one line a run: environment, setting, seed, score, episodes, diverged.

    The score is the mean return of the last 100 episodes, as the run's last line has it.

    runs: A table as `runs_table` returns it.
    """
    last = runs.drop_duplicates(list(KEYS), keep="last")[[*KEYS, "return_last100", "episodes", "diverged"]]
    # Only now, because a rule may have a column of its own that is called score.
    return last.rename(columns={"return_last100": "score"}).reset_index(drop=True)
