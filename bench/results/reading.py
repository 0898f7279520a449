"""All runs of a results folder as one pandas DataFrame.

from bench.results.reading import load_runs

runs = load_runs("results")
"""

import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from bench.common.errors import UserError
from bench.common.provenance import processor_of
from bench.protocol.protocol import Run
from bench.protocol.settings import Setting
from bench.results.folder import Results, open_results
from bench.results.records import StoredRun
from bench.results.schema import COLUMNS

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
    results = open_results(Path(folder).absolute(), None, create=False)
    return runs_table(results, results.finished())


def runs_table(results: Results, runs: Iterable[Run]) -> pd.DataFrame:
    """These runs as `load_runs` has them, sorted, and checked as `Results.read` checks them.

    Raises:
        UserError: for a file that can't be used, naming it.
    """
    runs = sorted(runs)
    if not runs:
        raise UserError(f"no run is finished in {results.path}: train first")
    settings = results.settings(runs)
    stored: dict[str, list[StoredRun]] = {}
    for run in runs:
        file = results.read(run)
        if Setting.from_json(run.setting, file.record).as_json() != settings[run.setting].as_json():
            path = results.csv_path(run).with_suffix(".json")
            raise UserError(f"{path}: it defines {run.setting} differently from other runs")
        stored.setdefault(file.text.partition("\n")[0], []).append(file)
    tables = [_parsed(heading, group) for heading, group in stored.items()]
    if len(tables) == 1:
        return tables[0]
    # Rules with other columns.
    table = pd.concat(tables).sort_values([*KEYS, "timesteps"], ignore_index=True)
    return table[[*(name for name in table if name != "diverged"), "diverged"]]


def _parsed(heading: str, files: Sequence[StoredRun]) -> pd.DataFrame:
    """The lines of all these files, parsed at once, because one by one would take ten times as long."""
    bodies = [file.text.partition("\n")[2] for file in files]
    counts = [body.count("\n") for body in bodies]
    table = pd.read_csv(io.StringIO("".join([f"{heading}\n", *bodies])))
    keys = pd.DataFrame([file.run for file in files])
    keys = keys.loc[keys.index.repeat(counts)].reset_index(drop=True)
    diverged = [file.record["diverged_at"] is not None for file in files]
    ordered = [*COLUMNS, *(name for name in table if name not in COLUMNS)]
    return pd.concat([keys, table[ordered]], axis="columns").assign(diverged=np.repeat(diverged, counts))


def runs_made(results: Results, runs: Iterable[Run]) -> pd.DataFrame:
    """How these runs were made, one line a run: environment, setting, seed, and what follows.

    seconds: of a processor core, the run's share of its job. processor: name, and hash of model and flags.
    commit: of the source. physics_warnings: of MuJoCo. diverged_at: timestep; NaN for a run that did not.

    Raises:
        UserError: for a file that can't be used, naming it.
    """
    lines = []
    for run in sorted(runs):
        record = results.provenance(run)
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
    """One line a run: environment, setting, seed, score, episodes, diverged.

    runs: as `runs_table` gives them.
    score: mean return of the last 100 episodes, as the run's last line has it.
    """
    last = runs.drop_duplicates(list(KEYS), keep="last").rename(columns={"return_last100": "score"})
    return last[[*KEYS, "score", "episodes", "diverged"]].reset_index(drop=True)
