"""How a campaign is divided into jobs."""

import pytest

from bench.campaign.jobs import RandomJob, merge, training_jobs
from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.protocol import Run
from bench.protocol.settings import PAPER_SETTINGS


def runs(seeds: int) -> list[Run]:
    return [Run(e, s, seed) for seed in range(seeds) for e in ENVIRONMENTS for s in PAPER_SETTINGS]


def test_a_job_is_an_environment_and_a_seed_slowest_first() -> None:
    jobs = training_jobs(runs(2))
    assert [str(job) for job in jobs[:2]] == ["Walker2d-v4 seed 0", "Hopper-v4 seed 0"]
    assert [job.seeds for job in jobs] == [(0,)] * 7 + [(1,)] * 7
    assert all(len(job.runs) == 11 for job in jobs)


@pytest.mark.parametrize(
    ("seeds", "workers", "sizes"),
    [(1, 2, {11}), (3, 2, {33}), (3, 8, {11}), (4, 2, {22}), (21, 2, {33}), (21, 100, {11})],
)
def test_jobs_are_merged_while_every_worker_has_several(seeds: int, workers: int, sizes: set[int]) -> None:
    random = RandomJob("Hopper-v4")
    first, *training = merge([random, *training_jobs(runs(seeds))], workers)
    assert first == random
    assert {len(job.runs) for job in training} == sizes
    assert sorted(run for job in training for run in job.runs) == sorted(runs(seeds))
    # The larger jobs first, so that all workers end at about the same time.
    lengths = [len(job.runs) for job in training]
    assert lengths == sorted(lengths, reverse=True)


@pytest.mark.parametrize(
    ("seeds", "workers", "sizes"),
    [(3, 2, {3}), (21, 2, {21}), (21, 4, {10, 11}), (21, 8, {7}), (40, 2, {20})],
)
def test_a_single_setting_is_trained_by_many_seeds_at_once(seeds: int, workers: int, sizes: set[int]) -> None:
    mine = [run for run in runs(seeds) if run.setting == "clip-0.2"]
    jobs = merge(training_jobs(mine), workers)
    assert {len(job.runs) for job in jobs} == sizes
    assert sorted(run for job in jobs for run in job.runs) == sorted(mine)


def test_a_merged_job_is_named_by_its_seeds() -> None:
    job, *_ = merge(training_jobs(runs(3)), 1)
    assert str(job) == "Walker2d-v4 seeds 0, 1, 2"
