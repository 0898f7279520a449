"""How costs grow: with the runs of a batch, with cores, and the table with the number of finished runs."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from rich.console import Console

from bench.common.errors import UserError
from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.protocol import DEFAULT
from bench.protocol.selection import Selection
from bench.protocol.settings import PAPER_SETTINGS
from bench.results.folder import Results, open_results
from bench.speed.measure import cores
from bench.training.training import Training

ENVIRONMENT = ENVIRONMENTS[0]
BATCHES = (1, 3, 11, 22, 33, 66)
REPETITIONS = 3
ONE_UPDATE = DEFAULT.hyperparameters.horizon
# Starting takes little time beside these.
CAMPAIGN_TIMESTEPS = 30 * ONE_UPDATE
SEEDS = (3, 21)
CHECKOUT = Path(__file__).parents[2]

Line = tuple[str, str | int, str, float]


def measure_scaling(console: Console) -> pd.DataFrame:
    """All measurements: columns quantity, amount, measure, value.

    Raises:
        UserError: when a command fails, or the published results can't be used.
    """
    lines: list[Line] = []
    for part in (_batches, _cores, _starts, _commands):
        with console.status(f"measuring {part.__name__.strip('_')}"):
            lines += part()
    return pd.DataFrame(lines, columns=["quantity", "amount", "measure", "value"])


def _batches() -> Iterator[Line]:
    """What a step costs on one core, learning included, by the number of runs trained together."""
    runs = Selection((ENVIRONMENT,), PAPER_SETTINGS, tuple(range(max(BATCHES)))).runs
    for size in BATCHES:
        training = Training(runs[:size], DEFAULT)
        seconds = []
        with cores(1):
            for _ in range(1 + REPETITIONS):
                start = time.perf_counter()
                training.learn(training.collect())
                seconds.append(time.perf_counter() - start)
        # The first update compiles.
        cost = float(np.median(seconds[1:])) * 1e6 / (size * ONE_UPDATE)
        yield "runs in a batch", size, "microseconds per step", cost


def _cores() -> Iterator[Line]:
    """What a campaign of two seeds a core takes on one core and on all, in turns, starting included."""
    if not hasattr(os, "sched_setaffinity"):
        return
    available = len(os.sched_getaffinity(0))
    flags = ("--environments", ENVIRONMENT, "--seeds", str(2 * available))
    seconds: dict[int, list[float]] = {1: [], available: []}
    for _ in range(REPETITIONS):
        for count, taken in seconds.items():
            with cores(count), TemporaryDirectory() as folder:
                results = _make_folder(Path(folder) / "results", CAMPAIGN_TIMESTEPS)
                taken.append(_time("train", results, *flags))
    for count, taken in seconds.items():
        yield "cores", count, "seconds of a campaign", float(np.median(taken))


def _starts() -> Iterator[Line]:
    """What one update of a seed of all environments takes on one core, in a new checkout and again."""
    measure = f"seconds of one update of {len(ENVIRONMENTS) * len(PAPER_SETTINGS)} runs"
    with cores(1), TemporaryDirectory() as folder:
        checkout = Path(folder) / "checkout"
        for package in ("algorithms", "bench"):
            shutil.copytree(CHECKOUT / package, checkout / package)
        for cache in ("empty", "filled"):
            results = _make_folder(Path(folder) / cache, ONE_UPDATE)
            seconds = _time("train", results, "--seeds", "1", checkout=checkout)
            yield "compilation cache", cache, measure, seconds


def _commands() -> Iterator[Line]:
    """What the commands of `make table1` and `make curves` take, by the number of finished runs."""
    for seeds in SEEDS:
        with TemporaryDirectory() as folder:
            results = _make_folder(Path(folder) / "results", None, seeds)
            for command in ("train", "table", "curves"):
                seconds = _time(command, results, "--seeds", str(seeds))
                yield "finished runs", len(results.finished()), f"seconds of {command}", seconds


def _make_folder(path: Path, timesteps: int | None, seeds: int = 0) -> Results:
    """A new results folder with the published random scores, and copies of some seeds' published runs.

    timesteps: of a run; None for the protocol's.
    """
    published = open_results(CHECKOUT / "results", None, create=False)
    results = open_results(path, timesteps, create=True)
    results.save_random_scores(published.random_scores())
    for run in Selection(ENVIRONMENTS, PAPER_SETTINGS, tuple(range(seeds))).runs:
        csv, copy = published.csv_path(run), results.csv_path(run)
        copy.parent.mkdir(parents=True, exist_ok=True)
        for suffix in (".json", ".csv"):
            shutil.copyfile(csv.with_suffix(suffix), copy.with_suffix(suffix))
    return results


def _time(command: str, results: Results, *flags: str, checkout: Path = CHECKOUT) -> float:
    """Seconds that a command takes on the paper's settings of a results folder."""
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
