"""The parts a campaign is divided into: what a worker does, and what the campaign keeps of it."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bench.protocol import Protocol, Run
from bench.provenance import provenance
from bench.random_policies import measure
from bench.results import Results
from bench.runlog import RunResult
from bench.training import train

# By the time a step takes, so that the last jobs of a seed are short and no core waits long.
SLOWEST_FIRST = (
    "Walker2d-v4",
    "Hopper-v4",
    "InvertedDoublePendulum-v4",
    "Swimmer-v4",
    "HalfCheetah-v4",
    "Reacher-v4",
    "InvertedPendulum-v4",
)


class Job:
    """Something that a worker can do without the campaign, named by `str`.

    runs: the runs that it finishes.
    """

    runs: tuple[Run, ...] = ()

    def do(self, protocol: Protocol, report: Callable[[int], None]) -> Any:
        """On a worker: do it, reporting environment steps as they are made."""
        raise NotImplementedError

    def save(self, results: Results, done: Any) -> None:
        """In the campaign: write what `do` returned."""
        raise NotImplementedError


@dataclass(frozen=True)
class TrainingJob(Job):
    """Runs of one environment and seed, batched because that is fast; their bits do not depend on it."""

    environment: str
    seed: int
    runs: tuple[Run, ...]

    def __str__(self) -> str:
        return f"{self.environment} seed {self.seed}"

    def do(self, protocol: Protocol, report: Callable[[int], None]) -> tuple[list[RunResult], dict[str, Any]]:
        """The runs' results, and the provenance that they share."""
        source = provenance()  # before anything can be edited
        start = time.perf_counter()
        trained = train(self.runs, protocol, report)
        seconds = round(time.perf_counter() - start, 1)
        return trained, {"job_seconds": seconds, "job_runs": len(self.runs), **source}

    def save(self, results: Results, done: tuple[list[RunResult], dict[str, Any]]) -> None:
        """A CSV and a JSON file for each run."""
        trained, shared = done
        for result in trained:
            results.save(result, shared)


@dataclass(frozen=True)
class RandomJob(Job):
    """The random policies' scores in one environment."""

    environment: str

    def __str__(self) -> str:
        return f"{self.environment} random policies"

    def do(self, protocol: Protocol, report: Callable[[int], None]) -> pd.DataFrame:
        """The scores, columns `bench.results.RANDOM_COLUMNS`."""
        return measure(self.environment, protocol)

    def save(self, results: Results, done: pd.DataFrame) -> None:
        """Lines of `random.csv`."""
        results.save_random_scores(done)


def training_jobs(runs: Iterable[Run]) -> list[TrainingJob]:
    """The jobs that train these runs, seed by seed."""
    groups: dict[tuple[str, int], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.environment, run.seed), []).append(run)
    jobs = [TrainingJob(environment, seed, tuple(group)) for (environment, seed), group in groups.items()]
    return sorted(jobs, key=lambda job: (job.seed, _rank(job.environment)))


def _rank(environment: str) -> int:
    return SLOWEST_FIRST.index(environment) if environment in SLOWEST_FIRST else -1


def missing_jobs(results: Results, runs: Iterable[Run]) -> list[Job]:
    """The jobs that complete `runs` and their environments' random policies."""
    runs = list(runs)
    finished = results.finished()
    unmeasured = {run.environment for run in runs} - results.measured_environments()
    return [
        *(RandomJob(environment) for environment in sorted(unmeasured)),
        *training_jobs(run for run in runs if run not in finished),
    ]
