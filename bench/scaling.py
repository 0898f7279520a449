"""How costs grow: with the runs of a batch, with cores, and the table with the number of finished runs."""

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from bench.files import write_whole
from bench.protocol import ENVIRONMENTS, LOG_INTERVAL, PAPER_SETTINGS, UNIFORM, UNTRAINED, Protocol, Run
from bench.provenance import provenance
from bench.results import Results, open_results
from bench.runlog import COLUMNS, RunResult
from bench.speed import cores
from bench.training import Training

ENVIRONMENT = "HalfCheetah-v4"
BATCHES = (1, 3, 11, 22, 33, 66)
REPETITIONS = 3
# A campaign of four equal jobs, eleven runs each.
CAMPAIGN = ("--environments", ENVIRONMENT, "--seeds", "4", "--timesteps", "61440")
PAPER_ROWS = ("--settings", *PAPER_SETTINGS)
SEEDS = (3, 21)


def measure() -> pd.DataFrame:
    """All measurements: columns quantity, amount, measure, value."""
    with cores(1):
        batches = list(_batches())
    lines = [
        *(("runs in a batch", size, "microseconds per step", cost) for size, cost in batches),
        *(("cores", count, "seconds of a campaign", seconds) for count, seconds in _campaigns()),
        *_commands(),
    ]
    return pd.DataFrame(lines, columns=["quantity", "amount", "measure", "value"])


def _batches() -> Iterator[tuple[int, float]]:
    """What a step costs on one core, learning included, by the number of runs trained together."""
    for size in BATCHES:
        runs = [Run(ENVIRONMENT, PAPER_SETTINGS[number % 11], number // 11) for number in range(size)]
        training = Training(runs, Protocol())
        seconds = []
        for _ in range(1 + REPETITIONS):
            start = time.perf_counter()
            training.learn(training.collect())
            seconds.append(time.perf_counter() - start)
        # The first one compiles.
        yield size, float(np.median(seconds[1:])) * 1e6 / (size * Protocol().hyperparameters.horizon)


def _campaigns() -> Iterator[tuple[int, float]]:
    """What a campaign takes on one core and on all of this machine, starting included."""
    if not hasattr(os, "sched_setaffinity"):
        return
    for count in (1, len(os.sched_getaffinity(0))):
        with cores(count), TemporaryDirectory() as folder:
            yield count, _seconds("train", "--results", f"{folder}/results", *CAMPAIGN, *PAPER_ROWS)


def _commands() -> Iterator[tuple[str, int, str, float]]:
    """What the table and the curves take, by the number of finished runs."""
    for seeds in SEEDS:
        with TemporaryDirectory() as folder:
            results = synthetic_results(Path(folder) / "results", range(seeds), PAPER_SETTINGS)
            amount = seeds * len(ENVIRONMENTS) * len(PAPER_SETTINGS)
            for command in ("train", "table", "curves"):
                flags = ("--results", str(results.path), "--seeds", str(seeds), *PAPER_ROWS)
                yield "finished runs", amount, f"seconds of {command}", _seconds(command, *flags)


def synthetic_results(path: Path, seeds: Iterable[int], settings: Iterable[str]) -> Results:
    """A results folder with whole seeds of made-up numbers, to time what reads it."""
    results, random = open_results(path, None, create=True), np.random.default_rng(0)
    source = {"job_seconds": 1.0, "job_runs": 1, **provenance()}
    last, horizon = results.protocol.updates, results.protocol.hyperparameters.horizon
    updates = np.append(np.arange(LOG_INTERVAL, last, LOG_INTERVAL), last)
    for run in (Run(e, s, seed) for e in ENVIRONMENTS for s in settings for seed in seeds):
        numbers = random.random((len(updates), len(COLUMNS) - 2)) + np.linspace(0, 9, len(updates))[:, None]
        lines = [
            ",".join([str(update * horizon), str(update), *(f"{value:.9g}" for value in row)])
            for update, row in zip(updates, numbers, strict=True)
        ]
        text = "\n".join([",".join(COLUMNS), *lines, ""])
        results.save(RunResult(run, text, None, 0), source)
    policies = [(name, policy, 0.0, 0.1, 100) for name in ENVIRONMENTS for policy in (UNIFORM, UNTRAINED)]
    heading = "environment,policy,score,standard_error,episodes"
    rows = (",".join(map(str, line)) for line in policies)
    write_whole(path / "random.csv", "\n".join([heading, *rows, ""]))
    return results


def _seconds(*arguments: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "bench", *arguments], check=True, capture_output=True)
    return time.perf_counter() - start
