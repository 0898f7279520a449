"""Which training jobs are done together."""

from collections import Counter

import pytest

from bench.campaign.batches import merge
from bench.campaign.jobs import RandomJob, TrainingJob, training_jobs
from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.protocol import Run
from bench.protocol.settings import PAPER_SETTINGS


def runs(settings: int, seeds: int, environments: int = 7) -> list[Run]:
    return [
        Run(e, s, seed)
        for seed in range(seeds)
        for e in ENVIRONMENTS[:environments]
        for s in PAPER_SETTINGS[:settings]
    ]


@pytest.mark.parametrize(
    ("settings", "seeds", "environments", "workers", "sizes"),
    [
        # In jobs of 33, one worker would do four of the seven: 4 (33 + 1.6) = 138.4. In jobs of 22 and 11 no
        # worker does more than four of 22 and three of 11: 4 (22 + 1.6) + 3 (11 + 1.6) = 132.2.
        (11, 3, 7, 2, {22: 7, 11: 7}),
        (11, 3, 7, 1, {33: 7}),
        (11, 3, 7, 100, {11: 21}),
        (11, 21, 7, 2, {33: 49}),
        # Seven workers do a job each, 3 + 1.6; in jobs of one run, a worker would do three, 3 (1 + 1.6).
        (1, 3, 7, 8, {3: 7}),
        (1, 10, 2, 2, {10: 2}),
        (1, 21, 1, 8, {3: 7}),
        (1, 40, 1, 1, {20: 2}),
        (11, 1, 7, 2, {11: 7}),
    ],
)
def test_jobs_are_as_large_as_lets_the_workers_end_soonest(
    settings: int, seeds: int, environments: int, workers: int, sizes: dict[int, int]
) -> None:
    wanted = runs(settings, seeds, environments)
    jobs = merge(training_jobs(wanted), workers)
    assert Counter(len(job.runs) for job in jobs) == sizes
    assert sorted(run for job in jobs for run in job.runs) == sorted(wanted)
    assert all(len({run.environment for run in job.runs}) == 1 for job in jobs)
    # The larger jobs first, so that all workers end at about the same time.
    lengths = [len(job.runs) for job in jobs]
    assert lengths == sorted(lengths, reverse=True)


def test_jobs_that_have_begun_and_other_jobs_stay_as_they_are() -> None:
    random = RandomJob("Hopper-v4")
    begun = TrainingJob(tuple(runs(11, 1, 1)), checkpoint=b"a part of it", steps=2048)
    fresh = [job for job in training_jobs(runs(11, 3, 1)) if job.seeds != (0,)]
    first, second, *merged = merge([random, begun, *fresh], 1)
    assert (first, second) == (random, begun)
    assert second.steps == 2048
    assert [job.runs for job in merged if isinstance(job, TrainingJob)] == [fresh[0].runs + fresh[1].runs]


def test_seeds_that_lack_different_numbers_of_runs_are_merged_up_to_33() -> None:
    lacking = [run for run in runs(11, 5, 1) if run.seed == 0 or run.setting == "clip-0.2"]
    (job,) = merge(training_jobs(lacking), 1)
    assert len(job.runs) == 15


def test_a_seed_of_more_settings_than_33_is_one_job() -> None:
    many = [Run("Hopper-v4", f"mine-{i}", seed) for seed in range(2) for i in range(34)]
    assert [len(job.runs) for job in merge(training_jobs(many), 1)] == [34, 34]


def test_nothing_to_train_is_merged_to_nothing() -> None:
    assert merge([], 2) == []
