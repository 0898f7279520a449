"""All runs of a results folder as one pandas DataFrame.

from bench.dataset import load_runs

runs = load_runs("results")
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from bench.errors import UserError
from bench.files import digest, parse_csv, read_text
from bench.protocol import Run
from bench.results import Results, open_results

KEYS = ("environment", "setting", "seed")


def load_runs(folder: str | Path = "results") -> pd.DataFrame:
    """All finished runs of a results folder: one line for each line of their CSVs.

    Columns: environment, setting and seed of the run; timesteps and episodes so far; return_last100 (mean
    return of the last 100 episodes); of the last update kl (nats), kl_coefficient (β), clip_fraction,
    policy_std, value_loss and explained_variance, each NaN where it is not finite, as when a run diverges;
    and diverged, whether the run did in the end.

    Raises:
        UserError: for a folder or a file that can't be used, naming it.
    """
    results = open_results(Path(folder), None, create=False)
    return runs_table(results, results.finished())


def runs_table(results: Results, runs: Iterable[Run]) -> pd.DataFrame:
    """These runs as `load_runs` has them, sorted, and checked as `Results.load` checks them.

    Raises:
        UserError: for a file that can't be used, naming it.
    """
    runs = sorted(runs)
    if not runs:
        raise UserError(f"no run is finished in {results.path}: train first")
    bodies, counts, ends, diverged = [], [], [], []
    heading = read_text(results.csv_path(runs[0])).split("\n", 1)[0] + "\n"
    for run in runs:
        text, record = read_text(results.csv_path(run)), results.provenance(run)
        body = text.removeprefix(heading)
        if body == text or digest(text) != record["csv_sha256"]:
            results.load(run)  # says what is wrong with it
        bodies.append(body)
        counts.append(body.count("\n"))
        ends.append(results.protocol.steps if record["diverged_at"] is None else record["diverged_at"])
        diverged.append(record["diverged_at"] is not None)
    # All at once, because parsing so many small files one by one takes ten times as long.
    try:
        table = parse_csv(results.path / "runs", heading + "".join(bodies), results.columns)
        _check(table, counts, ends)
    except UserError:
        for run in runs:
            results.load(run)  # names the file that is wrong, and how
        raise
    keys = pd.DataFrame(runs)
    keys = keys.loc[keys.index.repeat(counts)].reset_index(drop=True)
    return pd.concat([keys, table], axis="columns").assign(diverged=np.repeat(diverged, counts))


def _check(table: pd.DataFrame, counts: list[int], ends: list[int]) -> None:
    """Require of every run its lines, at growing whole timesteps up to its end, with finite scores."""
    whole = all(pd.api.types.is_integer_dtype(table[name]) for name in ("timesteps", "episodes"))
    if not whole or len(table) != sum(counts) or not np.isfinite(table["return_last100"]).all():
        raise UserError("a run's CSV is not as it was written")
    timesteps, lasts = table["timesteps"].to_numpy(), np.cumsum(counts) - 1
    grows = np.diff(timesteps) > 0
    grows[lasts[:-1]] = True  # from one run to the next
    if not grows.all() or timesteps[lasts].tolist() != ends:
        raise UserError("a run's CSV is not as it was written")


def final_scores(runs: pd.DataFrame) -> pd.DataFrame:
    """One line a run: environment, setting, seed, score, episodes, diverged.

    runs: as `runs_table` gives them.
    score: mean return of the last 100 episodes, as the run's last line has it.
    """
    last = runs.drop_duplicates(list(KEYS), keep="last").rename(columns={"return_last100": "score"})
    return last[[*KEYS, "score", "episodes", "diverged"]].reset_index(drop=True)
