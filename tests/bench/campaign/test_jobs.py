"""How a campaign is divided into jobs."""

from bench.campaign.jobs import job_name, training_jobs
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


def test_a_job_is_named_by_its_seeds() -> None:
    mine = [run for run in runs(7) if run.environment == "Hopper-v4" and run.seed != 4]
    assert job_name(mine) == "Hopper-v4 seeds 0-3, 5-6"
