"""A campaign: jobs done in parallel by Dask's workers, each one's files written as it is done."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import psutil
from dask.system import CPU_COUNT
from distributed import Client, Future, KilledWorker, get_worker, wait
from rich.console import Console

from bench.campaign.batches import merge
from bench.campaign.cluster import (
    START_SECONDS,
    RefusedWorkerError,
    check_libc,
    check_this_worker,
    connect,
    identity,
)
from bench.campaign.jobs import Job
from bench.campaign.progress import CampaignProgress
from bench.common.errors import UserError, one_line
from bench.common.interrupts import raise_on_interrupt
from bench.common.terminal import warn
from bench.protocol.protocol import Protocol
from bench.results.folder import Results
from bench.training.determinism import pin

PROGRESS_TOPIC = "table1-progress"
WARNING_TOPIC = "table1-warning"

# How long a worker works before it hands in what it did: what a killed campaign loses of each job, at most.
SEGMENT_SECONDS = 180.0

# How long the campaign waits for a job before it looks whether workers have come.
POLL_SECONDS = 1.0

# Memory of a worker, in bytes, above which it forgets the programs that it compiled for other environments.
CACHE_LIMIT = 600 * 2**20


def run_campaign(
    results: Results,
    jobs: Sequence[Job],
    console: Console,
    scheduler: str | None = None,
    stopped: Callable[[], str] = lambda: "stopped",
    activity: str = "training",
    unit: str = "steps",
) -> None:
    """Do the jobs and write their results into the folder, which is locked meanwhile.

    Workers need no access to the folder: what they return travels back, and only this process writes. A job
    that raises is not tried again. A segment that is lost with its worker is tried three times more.

    scheduler: The address of a Dask scheduler; None for the cores of this machine.
    stopped: Returns a line that says what is kept, for a user who stops the campaign.
    activity, unit: What the progress calls the work and the jobs' steps.

    Raises:
        UserError: when the folder is in use, or the cluster is missing or lost; and, once all other jobs are
            done, naming those that failed.
        KeyboardInterrupt: when the user stops the campaign; what was handed in is kept.
    """
    runs = sum(len(job.runs) for job in jobs)
    size = sum(job.size(results.protocol) for job in jobs)
    progress = CampaignProgress(console, runs, size, activity, unit)
    with (
        results.locked(lambda line: warn(console, line)),
        connect(scheduler, len(jobs)) as client,
        raise_on_interrupt(),
        progress,
    ):
        try:
            workers = len(client.ncores())
            where = f"this machine's {CPU_COUNT} cores" if scheduler is None else scheduler
            progress.started(f"{workers} worker{'s' * (workers != 1)} of {where}")
            client.subscribe_topic(PROGRESS_TOPIC, lambda event: progress.stepped(*event[1]["steps"]))
            client.subscribe_topic(WARNING_TOPIC, lambda event: progress.say(event[1]))
            jobs = merge(jobs, workers)
            failed = _do_all(client, results, jobs, progress)
        except KeyboardInterrupt:
            # Before the workers are stopped, which may take seconds.
            progress.stop()
            progress.say(stopped())
            raise
        except Exception as error:
            if client.status == "running" or isinstance(error, UserError):
                raise
            raise UserError(
                f"the Dask scheduler is gone: what was handed in is kept in {results.path}, and the same"
                " command goes on from there"
            ) from error
    if failed:
        names = ", ".join(map(str, failed))
        raise UserError(f"{len(failed)} of {len(jobs)} jobs failed, the others are kept: {names}")


def _do_all(client: Client, results: Results, jobs: Sequence[Job], progress: CampaignProgress) -> list[Job]:
    """Do the jobs in their order, one at a time on each worker; return those that failed."""
    waiting, failed = deque(jobs), []
    running: dict[Future, Job] = {}
    for job in jobs:
        progress.resumed(job.key, job.steps)
    while waiting or running:
        workers = len(client.ncores())
        without = progress.tick(workers)
        # A cluster's workers may come again. Those of this machine would have started by now.
        if client.cluster is not None and without > START_SECONDS:
            raise UserError(
                "the worker processes don't start again: is there memory for them? What was handed in is"
                f" kept in {results.path}, and the same command goes on from there"
            )
        while waiting and len(running) < max(1, workers):
            job = waiting.popleft()
            future = client.submit(_do, job, results.protocol, identity(), SEGMENT_SECONDS, pure=False)
            running[future] = job
        for future in _done(list(running)):
            job = running.pop(future)
            error = future.exception() if future.status == "error" else None
            if isinstance(error, RefusedWorkerError):
                # A worker that came after the start: it goes, and the job to another.
                progress.say(str(error))
                client.retire_workers([error.args[0]])
                if not client.scheduler_info()["workers"]:
                    raise UserError(f"no worker is left: {error}")
                waiting.appendleft(job)
            elif error is not None:
                failed.append(job)
                progress.say(f"{job} failed: {_reason(error)}")
            elif rest := job.write_files(results, future.result()):
                waiting.appendleft(rest)
            else:
                progress.finished(str(job), len(job.runs))
    return failed


def _reason(error: BaseException) -> str:
    """Say in a line why a job failed."""
    if isinstance(error, KilledWorker):
        return "its worker died, and so did those that tried it again: is there memory for them?"
    return one_line(error)


def _done(futures: list[Future]) -> list[Future]:
    """Wait a while for one of the futures to be done, and return all that are."""
    try:
        return list(wait(futures, timeout=POLL_SECONDS, return_when="FIRST_COMPLETED").done)
    except TimeoutError:
        return []


def _do(job: Job, protocol: Protocol, expected: dict[str, str], seconds: float) -> Any:
    """Do a segment of a job, on a worker, and tell the campaign how far it is."""
    pin()
    check_this_worker(expected)
    worker = get_worker()
    if (warning := check_libc(expected, job.environment)) and warning not in _warnings:
        _warnings.add(warning)
        worker.log_event(WARNING_TOPIC, warning)
    _make_room_for(job.environment)
    return job.do(
        protocol, seconds, lambda steps: worker.log_event(PROGRESS_TOPIC, {"steps": (job.key, steps)})
    )


# What this worker has told, once.
_warnings: set[str] = set()

_environments: list[str] = []


def _make_room_for(environment: str) -> None:
    """Forget the compiled programs of other environments, where they take much memory."""
    import jax

    if _environments != [environment] and psutil.Process().memory_info().rss > CACHE_LIMIT:
        jax.clear_caches()  # type: ignore[no-untyped-call]
    _environments[:] = [environment]
