"""The parts a campaign is divided into: what a worker does, and what the campaign keeps of it."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bench.protocol import Protocol, Run
from bench.provenance import provenance
from bench.results import Results
from bench.runlog import RunResult

# What the jobs run is imported when they run: a campaign with nothing to do spares the second that it takes.

# A batch of 33 runs spares an eighth of the time of one of 11; beyond, there is little to gain.
SEEDS_PER_JOB = 3
# So many that all workers end at about the same time.
JOBS_PER_WORKER = 4

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
    """Runs of one environment, batched because that is fast; their bits do not depend on it."""

    runs: tuple[Run, ...]

    @property
    def environment(self) -> str:
        """The environment of all its runs."""
        return self.runs[0].environment

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of its runs."""
        return tuple(sorted({run.seed for run in self.runs}))

    def __str__(self) -> str:
        return f"{self.environment} seed{'s' * (len(self.seeds) > 1)} {', '.join(map(str, self.seeds))}"

    def do(self, protocol: Protocol, report: Callable[[int], None]) -> tuple[list[RunResult], dict[str, Any]]:
        """The runs' results, and the provenance that they share."""
        from bench.training import train

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
        from bench.random_policies import measure

        return measure(self.environment, protocol)

    def save(self, results: Results, done: pd.DataFrame) -> None:
        """Lines of `random.csv`."""
        results.save_random_scores(done)


def training_jobs(runs: Iterable[Run]) -> list[TrainingJob]:
    """The jobs that train these runs: an environment and a seed each, seed by seed."""
    groups: dict[tuple[str, int], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.environment, run.seed), []).append(run)
    return _in_order(TrainingJob(tuple(group)) for group in groups.values())


def merged(jobs: Sequence[Job], workers: int) -> list[Job]:
    """The same work in larger jobs, which are faster by the run, as long as every worker has several.

    Up to three seeds of an environment become one job.
    """
    training = [job for job in jobs if isinstance(job, TrainingJob)]
    seeds = min(SEEDS_PER_JOB, max(1, len(training) // (JOBS_PER_WORKER * workers)))
    groups: dict[str, list[TrainingJob]] = {}
    for job in training:
        groups.setdefault(job.environment, []).append(job)
    batches = [group[i : i + seeds] for group in groups.values() for i in range(0, len(group), seeds)]
    larger = [TrainingJob(tuple(run for job in batch for run in job.runs)) for batch in batches]
    return [*(job for job in jobs if not isinstance(job, TrainingJob)), *_in_order(larger)]


def _in_order(jobs: Iterable[TrainingJob]) -> list[TrainingJob]:
    return sorted(jobs, key=lambda job: (-len(job.seeds), job.seeds, _rank(job.environment)))


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
