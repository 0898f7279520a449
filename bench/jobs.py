"""The parts a campaign is divided into: what a worker does, and what the campaign keeps of it."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from bench.checkpoints import Checkpoint, from_bytes, name_of
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
    """Something that workers can do without the campaign, named by `str`.

    environment: where it acts.
    runs: the runs that it finishes.
    steps: environment steps of its runs so far.
    """

    environment: str
    runs: tuple[Run, ...] = ()
    steps: int = 0

    @property
    def key(self) -> str:
        """A name that no other job of the campaign has."""
        return str(self)

    def do(self, protocol: Protocol, seconds: float, report: Callable[[int], None]) -> Any:
        """On a worker: do it for about so many seconds, reporting its environment steps so far."""
        raise NotImplementedError

    def save(self, results: Results, done: Any) -> "Job | None":
        """In the campaign: write what `do` returned; returns the rest of the job, if any is left."""
        raise NotImplementedError


@dataclass(frozen=True)
class Segment:
    """What a worker did of a training job.

    checkpoint: where the job goes on, as bytes; None when it is finished.
    steps: environment steps of the job so far.
    results: of the runs, once they are finished.
    provenance: what the finished runs share.
    """

    checkpoint: bytes | None
    steps: int
    results: list[RunResult] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainingJob(Job):
    """Runs of one environment, batched because that is fast; their bits do not depend on it.

    checkpoint: where the job goes on, as bytes; None from the beginning.
    steps: environment steps of the job so far.
    """

    runs: tuple[Run, ...]
    checkpoint: bytes | None = field(default=None, repr=False, compare=False)
    steps: int = field(default=0, compare=False)

    @property
    def environment(self) -> str:  # type: ignore[override]
        """The environment of all its runs."""
        return self.runs[0].environment

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of its runs."""
        return tuple(sorted({run.seed for run in self.runs}))

    @property
    def key(self) -> str:
        """The name of its checkpoint."""
        return name_of(self.runs)

    def __str__(self) -> str:
        return job_name(self.runs)

    def do(self, protocol: Protocol, seconds: float, report: Callable[[int], None]) -> Segment:
        """Train from the checkpoint on, to the end or to the next checkpoint."""
        from bench.training import Training

        source = provenance()  # before anything can be edited
        start = time.process_time()
        seconds_before, made_by = 0.0, [source]
        if self.checkpoint is None:
            training = Training(self.runs, protocol)
        else:
            checkpoint = from_bytes(self.checkpoint, protocol)
            training = Training.resumed(checkpoint, protocol)
            seconds_before = checkpoint.seconds
            made_by = [*(other for other in checkpoint.made_by if other != source), source]
        training.advance(seconds, report)
        spent = seconds_before + time.process_time() - start
        if not training.finished:
            return Segment(training.checkpoint(spent, made_by).to_bytes(protocol), training.steps)
        shared = {
            "job_seconds": round(spent, 1),
            "job_runs": len(self.runs),
            **source,
            "earlier_segments": made_by[:-1],
        }
        return Segment(None, training.steps, training.results, shared)

    def save(self, results: Results, done: Segment) -> "TrainingJob | None":
        """The job's checkpoint; or, once it is finished, the files of each run."""
        if done.checkpoint is not None:
            results.checkpoints.save(self.runs, done.checkpoint)
            return replace(self, checkpoint=done.checkpoint, steps=done.steps)
        finished = results.finished()
        for result in done.results:
            if result.run not in finished:
                results.save(result, done.provenance)
        results.checkpoints.clear(results.finished())
        return None


def job_name(runs: Sequence[Run]) -> str:
    """What people call a job of these runs, such as Hopper-v4 seeds 0, 1, 2."""
    seeds = sorted({run.seed for run in runs})
    return f"{runs[0].environment} seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"


@dataclass(frozen=True)
class RandomJob(Job):
    """The random policies' scores in one environment."""

    environment: str

    def __str__(self) -> str:
        return f"{self.environment} random policies"

    def do(self, protocol: Protocol, seconds: float, report: Callable[[int], None]) -> pd.DataFrame:
        """The scores, columns `bench.results.RANDOM_COLUMNS`. It takes a few seconds, and is done whole."""
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

    Up to three seeds of an environment become one job. A job that has begun stays as it is.
    """
    training = [job for job in jobs if isinstance(job, TrainingJob) and job.checkpoint is None]
    others = [job for job in jobs if job not in training]
    seeds = min(SEEDS_PER_JOB, max(1, len(training) // (JOBS_PER_WORKER * workers)))
    groups: dict[str, list[TrainingJob]] = {}
    for job in training:
        groups.setdefault(job.environment, []).append(job)
    batches = [group[i : i + seeds] for group in groups.values() for i in range(0, len(group), seeds)]
    larger = [TrainingJob(tuple(run for job in batch for run in job.runs)) for batch in batches]
    return [*others, *_in_order(larger)]


def _in_order(jobs: Iterable[TrainingJob]) -> list[TrainingJob]:
    return sorted(jobs, key=lambda job: (-len(job.seeds), job.seeds, _rank(job.environment)))


def _rank(environment: str) -> int:
    return SLOWEST_FIRST.index(environment) if environment in SLOWEST_FIRST else -1


def missing_jobs(results: Results, runs: Iterable[Run], checkpoints: Sequence[Checkpoint] = ()) -> list[Job]:
    """The jobs that complete `runs` and their environments' random policies.

    checkpoints: that the folder has, the furthest first. Missing runs that one of them holds go on from it.
    """
    runs = list(runs)
    finished = results.finished()
    unmeasured = {run.environment for run in runs} - results.measured_environments()
    missing = [run for run in runs if run not in finished]
    begun = []
    for checkpoint in checkpoints:
        chosen = set(missing) & set(checkpoint.runs)
        if chosen:
            begun.append(_resumed(checkpoint.of(chosen), results.protocol))
            missing = [run for run in missing if run not in chosen]
    return [
        *(RandomJob(environment) for environment in sorted(unmeasured)),
        *begun,
        *training_jobs(missing),
    ]


def _resumed(checkpoint: Checkpoint, protocol: Protocol) -> TrainingJob:
    steps = checkpoint.updates * protocol.hyperparameters.horizon * len(checkpoint.runs)
    return TrainingJob(checkpoint.runs, checkpoint.to_bytes(protocol), steps)
