"""A campaign: the runs that are missing from a results folder, trained in parallel."""

import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import dask
import pandas as pd
from dask.system import CPU_COUNT
from distributed import Client, LocalCluster, as_completed, get_worker
from rich.console import Console

from bench.errors import UserError
from bench.progress import CampaignProgress
from bench.protocol import Protocol, Run
from bench.provenance import provenance
from bench.random_policies import measure
from bench.results import Results
from bench.runlog import RunResult
from bench.training import train

PROGRESS_TOPIC = "table1-progress"

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


@dataclass(frozen=True)
class TrainingJob:
    """Runs of one environment and seed, batched because that is fast; their bits do not depend on it."""

    environment: str
    seed: int
    runs: tuple[Run, ...]

    def __str__(self) -> str:
        return f"{self.environment} seed {self.seed}"


@dataclass(frozen=True)
class RandomJob:
    """The random policies' scores in one environment."""

    environment: str
    runs: tuple[Run, ...] = ()

    def __str__(self) -> str:
        return f"{self.environment} random policies"


Job = TrainingJob | RandomJob


def missing_jobs(results: Results, runs: Iterable[Run]) -> list[Job]:
    """The jobs that complete `runs` and their environments' random policies."""
    runs = list(runs)
    missing: dict[tuple[str, int], list[Run]] = defaultdict(list)
    finished = results.finished()
    for run in runs:
        if run not in finished:
            missing[run.environment, run.seed].append(run)
    training = [TrainingJob(*key, tuple(of_job)) for key, of_job in missing.items()]
    training.sort(key=lambda job: (job.seed, SLOWEST_FIRST.index(job.environment)))
    measured = set(results.random_scores()["environment"])
    unmeasured = {run.environment for run in runs} - measured
    return [*(RandomJob(name) for name in sorted(unmeasured)), *training]


def run_campaign(results: Results, jobs: list[Job], console: Console) -> None:
    """Do the jobs, one single-threaded process a core, and write what they give into the results folder.

    Raises:
        UserError: when a job failed, once all others are done; it names the jobs.
        KeyboardInterrupt: as the user does; finished runs are kept.
    """
    protocol = results.protocol
    runs = sum(len(job.runs) for job in jobs)
    failed: list[Job] = []
    with (
        _workers(min(CPU_COUNT, len(jobs))) as client,
        CampaignProgress(console, runs, runs * protocol.steps) as progress,
    ):
        client.subscribe_topic(PROGRESS_TOPIC, lambda event: progress.stepped(*event[1]["steps"]))
        job_of = {
            client.submit(_do, job, protocol, key=str(job), priority=-order): job
            for order, job in enumerate(jobs)
        }
        for future in as_completed(job_of):
            job = job_of.pop(future)
            if future.status == "error":
                failed.append(job)
                progress.failed(str(job), future.exception())
            else:
                _save(results, future.result())
                progress.finished(str(job), len(job.runs))
    if failed:
        raise UserError(
            f"{len(failed)} of {len(jobs)} jobs failed: {', '.join(map(str, failed))};"
            " the rest is kept, the same command tries them again"
        )


@dataclass(frozen=True)
class _Trained:
    results: list[RunResult]
    provenance: dict[str, Any]


def _do(job: Job, protocol: Protocol) -> _Trained | pd.DataFrame:
    """On a worker: do one job, reporting its steps to the campaign."""
    if isinstance(job, RandomJob):
        return measure(job.environment, protocol)
    steps_done = 0

    def report(steps: int) -> None:
        nonlocal steps_done
        steps_done += steps
        get_worker().log_event(PROGRESS_TOPIC, {"steps": (str(job), steps_done)})

    start = time.perf_counter()
    trained = train(job.runs, protocol, report)
    seconds = round(time.perf_counter() - start, 1)
    return _Trained(trained, {"job_seconds": seconds, "job_runs": len(job.runs), **provenance()})


def _save(results: Results, done: _Trained | pd.DataFrame) -> None:
    if isinstance(done, pd.DataFrame):
        results.save_random_scores(done)
    else:
        for result in done.results:
            results.save(result, done.provenance)


@contextmanager
def _workers(processes: int) -> Iterator[Client]:
    """A client of a local cluster of single-threaded processes."""
    quiet = {"distributed.logging.distributed": "critical", "distributed.worker.memory.terminate": False}
    with (
        dask.config.set(quiet),
        LocalCluster(
            n_workers=processes,
            threads_per_worker=1,
            dashboard_address=":0",
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client
