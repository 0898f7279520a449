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

from algorithms.rules import find_rule
from bench.common.errors import UserError
from bench.common.provenance import provenance
from bench.protocol.environments import ENVIRONMENTS, environments_of
from bench.protocol.protocol import DEFAULT, LOG_INTERVAL, UNIFORM, UNTRAINED, Protocol, Run
from bench.protocol.settings import PAPER_SETTINGS, SETTINGS
from bench.results.folder import Results, open_results
from bench.results.random_scores import COLUMNS as RANDOM_COLUMNS
from bench.results.schema import COLUMNS, RunResult
from bench.speed.measure import cores
from bench.training.training import Training

ENVIRONMENT = ENVIRONMENTS[0]
BATCHES = (1, 3, 11, 22, 33, 66)
REPETITIONS = 3
ONE_UPDATE = DEFAULT.hyperparameters.horizon
# Starting takes little time beside these.
CAMPAIGN_TIMESTEPS = 30 * ONE_UPDATE
SEEDS = (3, 21)
SOURCE = Path(__file__).parents[2]

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
        rows = len(PAPER_SETTINGS)
        runs = [Run(ENVIRONMENT, PAPER_SETTINGS[place % rows], place // rows) for place in range(size)]
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
            yield (
                "compilation cache",
                cache,
                f"seconds of one update of {len(ENVIRONMENTS) * len(PAPER_SETTINGS)} runs",
                seconds,
            )


def _commands() -> Iterator[Line]:
    """What the commands of `make table1` and `make curves` take, by the number of finished runs."""
    for seeds in SEEDS:
        with TemporaryDirectory() as folder:
            results = synthetic_results(Path(folder) / "results", None, range(seeds), PAPER_SETTINGS)
            for command in ("train", "table", "curves"):
                seconds = _seconds(command, results, "--seeds", str(seeds))
                yield "finished runs", len(results.finished()), f"seconds of {command}", seconds


def synthetic_results(
    path: Path,
    timesteps: int | None,
    seeds: Iterable[int],
    settings: Iterable[str],
    protocol: Protocol = DEFAULT,
) -> Results:
    """A results folder with whole seeds of made-up numbers, to time what reads it.

    timesteps: the runs' length; None for the protocol's.
    """
    results = open_results(path, timesteps, create=True, protocol=protocol)
    random = np.random.default_rng(0)
    source = {"job_seconds": 1.0, "job_runs": 1, **provenance()}
    last, horizon = results.protocol.updates, results.protocol.hyperparameters.horizon
    updates = np.append(np.arange(LOG_INTERVAL, last, LOG_INTERVAL), last)
    environments = environments_of(protocol.environment_version)
    for run in (Run(e, s, seed) for e in environments for s in settings for seed in seeds):
        setting = SETTINGS[run.setting]
        columns = (*COLUMNS, *find_rule(setting.rule, **setting.options).columns)
        numbers = random.random((len(updates), len(columns) - 2)) + np.linspace(0, 9, len(updates))[:, None]
        lines = [
            ",".join([str(update * horizon), str(update), *(f"{value:.9g}" for value in row)])
            for update, row in zip(updates, numbers, strict=True)
        ]
        text = "\n".join([",".join(columns), *lines, ""])
        results.save(RunResult(run, setting, text, None, 0), source)
    policies = [(name, policy, 0.0, 0.1, 100) for name in environments for policy in (UNIFORM, UNTRAINED)]
    results.save_random_scores(pd.DataFrame(policies, columns=list(RANDOM_COLUMNS)))
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
