"""A campaign: jobs done in parallel by Dask's workers, each one's files written as it is done."""

from typing import Any

import jax
import psutil
from distributed import Client, Future, as_completed, get_worker
from rich.console import Console

from bench.cluster import RefusedWorkerError, check_this_worker, connected, identity
from bench.errors import UserError
from bench.jobs import Job, merged
from bench.progress import CampaignProgress
from bench.protocol import Protocol
from bench.results import Results

PROGRESS_TOPIC = "table1-progress"

# Memory of a worker, in bytes, above which it forgets the programs that it compiled for other environments.
CACHE_LIMIT = 600 * 2**20


def run_campaign(results: Results, jobs: list[Job], console: Console, scheduler: str | None = None) -> None:
    """Do the jobs and write what they give into the results folder, kept from other campaigns meanwhile.

    Workers need no access to the folder: what they give travels back, and only this process writes. A job
    that raises is not tried again; a job lost with its worker is, three times.

    scheduler: address of a Dask scheduler; None for the cores of this machine.

    Raises:
        UserError: when the folder is in use, the cluster can't be, or a job failed: then once all others are
            done, naming the jobs.
        KeyboardInterrupt: as the user does; finished runs are kept.
    """
    runs = sum(len(job.runs) for job in jobs)
    with (
        results.locked(),
        connected(scheduler, len(jobs)) as client,
        CampaignProgress(console, runs, runs * results.protocol.steps) as progress,
    ):
        client.subscribe_topic(PROGRESS_TOPIC, lambda event: progress.stepped(*event[1]["steps"]))
        jobs = merged(jobs, len(client.ncores()))
        failed = _do_all(client, results, jobs, progress)
    if failed:
        names = ", ".join(map(str, failed))
        raise UserError(f"{len(failed)} of {len(jobs)} jobs failed, the others are kept: {names}")


def _do_all(client: Client, results: Results, jobs: list[Job], progress: CampaignProgress) -> list[Job]:
    """Do the jobs in their order; returns those that failed."""
    failed = []

    def submit(order: int, job: Job) -> Future:
        return client.submit(_do, job, results.protocol, identity(), pure=False, priority=-order)

    job_of = {submit(order, job): job for order, job in enumerate(jobs)}
    futures = as_completed(job_of)
    for future in futures:
        job = job_of.pop(future)
        error = future.exception() if future.status == "error" else None
        if isinstance(error, RefusedWorkerError):
            # A worker that came after the start: it goes, and the job to another.
            progress.say(str(error))
            client.retire_workers([error.args[1]])
            if not client.scheduler_info()["workers"]:
                raise UserError(f"no worker is left: {error}")
            again = submit(0, job)
            job_of[again] = job
            futures.add(again)
        elif error is not None:
            failed.append(job)
            progress.say(f"{job} failed: {type(error).__name__}: {error}")
        else:
            job.save(results, future.result())
            progress.finished(str(job), len(job.runs))
    return failed


def _do(job: Job, protocol: Protocol, expected: dict[str, str]) -> Any:
    """On a worker: do one job, telling the campaign how far it is."""
    check_this_worker(expected)
    steps_done = 0

    def report(steps: int) -> None:
        nonlocal steps_done
        steps_done += steps
        get_worker().log_event(PROGRESS_TOPIC, {"steps": (str(job), steps_done)})

    done = job.do(protocol, report)
    if psutil.Process().memory_info().rss > CACHE_LIMIT:
        jax.clear_caches()
    return done
