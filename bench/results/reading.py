"""All runs of a results folder as one pandas DataFrame.

from bench.results.reading import load_runs

runs = load_runs("results")
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from bench.common.errors import UserError
from bench.common.files import digest, parse_csv, read_text
from bench.protocol.protocol import Run
from bench.protocol.settings import Setting
from bench.results.folder import Results, open_results

KEYS = ("environment", "setting", "seed")


def load_runs(folder: str | Path = "results") -> pd.DataFrame:
    """All finished runs of a results folder: one line for each line of their CSVs.

    Columns: environment, setting and seed of the run; timesteps and episodes so far; return_last100,
    return_std_last100 and length_last100 (mean return, its standard deviation and mean length of the last 100
    episodes); of the last update kl (nats), policy_std, value_loss and explained_variance, each NaN where it
    is not finite, as when a run diverges; the columns of the runs' rules, such as kl_coefficient (β) and
    clip_fraction, NaN for runs of other rules; and diverged, whether the run did in the end.

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
    settings = results.settings(runs)
    files: dict[str, list[_File]] = {}
    for run in runs:
        text, record = read_text(results.csv_path(run)), results.provenance(run)
        if Setting.from_json(run.setting, record).as_json() != settings[run.setting].as_json():
            path = results.csv_path(run).with_suffix(".json")
            raise UserError(f"{path}: it defines {run.setting} differently from other runs")
        heading, _, body = text.partition("\n")
        if digest(text) != record["csv_sha256"]:
            results.load(run)  # says what is wrong with it
        files.setdefault(heading, []).append(_File(run, body, record["diverged_at"]))
    tables = [_parsed(results, heading, group) for heading, group in files.items()]
    if len(tables) == 1:
        return tables[0]
    # Rules with other columns.
    table = pd.concat(tables).sort_values([*KEYS, "timesteps"], ignore_index=True)
    return table[[*(name for name in table if name != "diverged"), "diverged"]]


class _File(NamedTuple):
    """A run's CSV, without its heading."""

    run: Run
    body: str
    diverged_at: int | None


def _parsed(results: Results, heading: str, files: Sequence[_File]) -> pd.DataFrame:
    """The lines of all these files, parsed at once, because one by one would take ten times as long."""
    counts = [file.body.count("\n") for file in files]
    ends = [results.protocol.steps if file.diverged_at is None else file.diverged_at for file in files]
    columns = heading.split(",")
    try:
        if not set(columns) >= set(results.columns):
            raise UserError("a run's CSV is without a column")
        bodies = "".join(file.body for file in files)
        table = parse_csv(results.path / "runs", f"{heading}\n{bodies}", columns)
        _check(table, counts, ends)
    except UserError:
        for file in files:
            results.load(file.run)  # names the file that is wrong, and how
        raise
    keys = pd.DataFrame([file.run for file in files])
    keys = keys.loc[keys.index.repeat(counts)].reset_index(drop=True)
    diverged = [file.diverged_at is not None for file in files]
    ordered = [*results.columns, *(name for name in columns if name not in results.columns)]
    return pd.concat([keys, table[ordered]], axis="columns").assign(diverged=np.repeat(diverged, counts))


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
