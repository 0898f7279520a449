"""Which training jobs are done together, as one batch of runs."""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bench.campaign.jobs import Job, TrainingJob, in_order

# A larger batch is no faster.
MOST_RUNS = 33
# What a batch costs beside its runs, in runs: a run's step in HalfCheetah takes 94 microseconds alone, and 37
# in a batch of 33 (`results/speed/scaling.csv`).
COST_OF_A_BATCH = 1.6


def merge(jobs: Iterable[Job], workers: int) -> list[Job]:
    """Merge training jobs of one environment, so that the workers are estimated to end soonest.

    Large jobs need less time per run, and small ones are shared more evenly. A merged job has at most 33
    runs. A job that has begun stays as it is.
    """
    others: list[Job] = []
    fresh: list[TrainingJob] = []
    for job in jobs:
        if isinstance(job, TrainingJob) and job.checkpoint is None:
            fresh.append(job)
        else:
            others.append(job)
    choices = [_join(fresh, most) for most in range(1, MOST_RUNS + 1)]
    return [*others, *min(choices, key=lambda merged: _estimate_time(merged, workers))]


def _join(jobs: Iterable[TrainingJob], most: int) -> list[TrainingJob]:
    """Join jobs of an environment that follow one another, while they have at most `most` runs together."""
    joined: list[TrainingJob] = []
    for job in sorted(jobs, key=lambda job: job.environment):
        last = joined[-1] if joined else None
        if last and last.environment == job.environment and len(last.runs) + len(job.runs) <= most:
            joined[-1] = replace(last, runs=last.runs + job.runs)
        else:
            joined.append(job)
    return in_order(joined)


def _estimate_time(jobs: Sequence[TrainingJob], workers: int) -> float:
    """Estimate when the last worker ends, in runs, as if a run took the same time in each environment."""
    ends = [0.0] * workers
    for job in jobs:
        heapq.heapreplace(ends, ends[0] + len(job.runs) + COST_OF_A_BATCH)
    return max(ends)
