"""How costs grow: with the runs of a batch, with cores, and the table with the number of finished runs."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from rich.console import Console

from bench.errors import UserError
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
# Thirty updates: little beside them is starting up.
CAMPAIGN_TIMESTEPS = 61_440
ONE_UPDATE = 2048
SEEDS = (3, 21)
SOURCE = Path(__file__).parents[1]

Line = tuple[str, str | int, str, float]


def measure(console: Console) -> pd.DataFrame:
    """All measurements: columns quantity, amount, measure, value.

    Raises:
        UserError: when a command fails.
    """
    lines: list[Line] = []
    for part in (_batches, _cores, _starts, _commands):
        with console.status(f"measuring {part.__name__.strip('_')}"):
            lines += part()
    return pd.DataFrame(lines, columns=["quantity", "amount", "measure", "value"])


def _batches() -> Iterator[Line]:
    """What a step costs on one core, learning included, by the number of runs trained together."""
    for size in BATCHES:
        runs = [Run(ENVIRONMENT, PAPER_SETTINGS[number % 11], number // 11) for number in range(size)]
        training = Training(runs, Protocol())
        seconds = []
        with cores(1):
            for _ in range(1 + REPETITIONS):
                start = time.perf_counter()
                training.learn(training.collect())
                seconds.append(time.perf_counter() - start)
        # The first one compiles.
        cost = float(np.median(seconds[1:])) * 1e6 / (size * Protocol().hyperparameters.horizon)
        yield "runs in a batch", size, "microseconds per step", cost


def _cores() -> Iterator[Line]:
    """What a campaign of two jobs a core takes on one core and on all, in turns, starting included."""
    if not hasattr(os, "sched_setaffinity"):
        return
    available = len(os.sched_getaffinity(0))
    flags = ("--environments", ENVIRONMENT, "--seeds", str(2 * available))
    seconds: dict[int, list[float]] = {1: [], available: []}
    for _ in range(REPETITIONS):
        for count, taken in seconds.items():
            with cores(count), TemporaryDirectory() as folder:
                results = synthetic_results(Path(folder) / "results", CAMPAIGN_TIMESTEPS, (), ())
                taken.append(_seconds("train", results, *flags))
    for count, taken in seconds.items():
        yield "cores", count, "seconds of a campaign", float(np.median(taken))


def _starts() -> Iterator[Line]:
    """What one update of a seed of all environments takes on one core, in a new checkout and again."""
    with cores(1), TemporaryDirectory() as folder:
        checkout = Path(folder) / "checkout"
        for package in ("algorithms", "bench"):
            shutil.copytree(SOURCE / package, checkout / package)
        for cache in ("empty", "filled"):
            results = synthetic_results(Path(folder) / cache, ONE_UPDATE, (), ())
            seconds = _seconds("train", results, "--seeds", "1", checkout=checkout)
            yield "compilation cache", cache, "seconds of one update of 77 runs", seconds


def _commands() -> Iterator[Line]:
    """What the commands of `make table1` and `make curves` take, by the number of finished runs."""
    for seeds in SEEDS:
        with TemporaryDirectory() as folder:
            results = synthetic_results(Path(folder) / "results", None, range(seeds), PAPER_SETTINGS)
            for command in ("train", "table", "curves"):
                seconds = _seconds(command, results, "--seeds", str(seeds))
                yield "finished runs", len(results.finished()), f"seconds of {command}", seconds


def synthetic_results(
    path: Path, timesteps: int | None, seeds: Iterable[int], settings: Iterable[str]
) -> Results:
    """A results folder with whole seeds of made-up numbers, to time what reads it.

    timesteps: the runs' length; None for the paper's.
    """
    results, random = open_results(path, timesteps, create=True), np.random.default_rng(0)
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


def _seconds(command: str, results: Results, *flags: str, checkout: Path = SOURCE) -> float:
    """What a command takes on the paper's rows of a results folder."""
    every = ("--results", str(results.path), "--settings", *PAPER_SETTINGS)
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "bench", command, *every, *flags],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout)},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise UserError(f"python -m bench {command} fails: {done.stderr.strip()}")
    return time.perf_counter() - start
