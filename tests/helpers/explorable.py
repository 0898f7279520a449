"""A results folder of all that a page to explore may meet."""

import math
from pathlib import Path

import pandas as pd

from bench.common.files import csv_text
from bench.common.provenance import provenance
from bench.protocol.protocol import Run
from bench.protocol.settings import PAPER_SETTINGS, Setting
from bench.results.folder import Results
from bench.results.schema import COLUMNS, RunResult
from tests.helpers.made_up import synthetic_results

TIMESTEPS = 30 * 2048
DIVERGED = Run("Hopper-v4", "own", 1)
# What HTML would show otherwise.
LABEL = "Own &lt;b&gt;bold & β = ½"
OWN = Setting("own", LABEL, "own", {}, "their_rule", own_sha256="0" * 64)


def explorable(path: Path) -> Results:
    """Three seeds of the paper's settings, one seed of two of the lecture's, an own setting in Hopper.

    The runs have 6 lines. Those of the own setting have a column `surprise`; of seed 0 some of its values are
    missing, and seed 1 diverged before its second line.
    """
    results = synthetic_results(path, TIMESTEPS, range(3), PAPER_SETTINGS)
    synthetic_results(path, TIMESTEPS, range(1), ("trpo-0.01", "pg-baseline"))
    for seed in range(3):
        run = Run("Hopper-v4", "own", seed)
        table = own_lines(seed)
        diverged_at = int(table["timesteps"].iloc[-1]) if run == DIVERGED else None
        made = {"job_seconds": 1.0, "job_runs": 1, **provenance()}
        results.save_run(RunResult(run, OWN, csv_text(table), diverged_at, 0), made)
    return results


def own_lines(seed: int) -> pd.DataFrame:
    """The lines of a run of the own setting."""
    steps = [2048 * update for update in range(5, 31, 5)]
    if seed == DIVERGED.seed:
        steps = [steps[0], 2048 * 7]
    table = pd.DataFrame({name: [float(seed + 1)] * len(steps) for name in COLUMNS})
    table = table.assign(timesteps=steps, episodes=range(1, len(steps) + 1))
    table["return_last100"] = [-1234.56789 * (seed + 1) + line for line in range(len(steps))]
    table["surprise"] = [1e-30 * 7.0**line for line in range(len(steps))]
    if seed == 0:
        table["surprise"] = [math.nan, math.nan, math.nan, -3.25 * 2**40, 0.0, 1.5]
    if seed == DIVERGED.seed:
        table.loc[table.index[-1], ["kl", "value_loss", "policy_std"]] = math.nan
    return table
