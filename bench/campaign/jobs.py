"""The parts a campaign is divided into: what a worker does, and what the campaign keeps of it."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from bench.common.files import json_text, write_whole
from bench.common.provenance import completion, provenance
from bench.protocol.environments import SLOWEST_FIRST, without_version
from bench.protocol.protocol import Protocol, Run
from bench.protocol.selection import ranges
from bench.protocol.settings import BASELINE
from bench.results.demonstrations import StoredDemonstrations, path_of
from bench.results.folder import Results
from bench.results.random_scores import measured_environments
from bench.results.schema import RunResult
from bench.training.checkpoints import Checkpoint, CheckpointFolder, checkpoint_name, from_bytes

if TYPE_CHECKING:
    from bench.training.own import OwnFiles

# What the jobs run is imported when they run: a campaign with nothing to do spares the second that it takes.


class Job:
    """A part of a campaign that a worker can do by itself. `str` gives its name.

    environment: The environment in which it acts.
    runs: The runs that it finishes.
    steps: How much of it is done, in environment steps or in what another kind of job counts.
    """

    environment: str
    runs: tuple[Run, ...] = ()
    steps: int = 0

    @property
    def key(self) -> str:
        """A name that no other job of the campaign has; two jobs may print alike."""
        return str(self)

    def size(self, protocol: Protocol) -> int:
        """Return what `steps` will be at the end."""
        return len(self.runs) * protocol.steps

    def do(self, protocol: Protocol, seconds: float, report: Callable[[int], None]) -> Any:
        """Work for about `seconds`, on a worker, and report the job's steps meanwhile."""
        raise NotImplementedError

    def write_files(self, results: Results, done: Any) -> "Job | None":
        """Write what `do` returned, in the campaign; return the rest of the job, if any is left."""
        raise NotImplementedError


@dataclass(frozen=True)
class Segment:
    """What a worker did of a training job.

    checkpoint: The checkpoint from which the job continues, as bytes; None when it is finished.
    steps: The job's environment steps so far, of all its runs.
    results: The results of its runs, once they are finished.
    provenance: The provenance that the finished runs share.
    """

    checkpoint: bytes | None
    steps: int
    results: list[RunResult] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RunsJob(Job):
    """A job about runs of one environment."""

    runs: tuple[Run, ...]

    @property
    def environment(self) -> str:  # type: ignore[override]
        """The environment of the runs."""
        return self.runs[0].environment

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of the runs."""
        return tuple(sorted({run.seed for run in self.runs}))

    def __str__(self) -> str:
        return job_name(self.runs)


@dataclass(frozen=True)
class TrainingJob(RunsJob):
    """Training runs of one environment together, because that is fast; their bits do not depend on it.

    own: The files that define those settings that are not part of this package.
    checkpoint: The checkpoint from which the job continues, as bytes; None at its beginning.
    steps: The environment steps so far, of all runs.
    """

    own: "OwnFiles" = field(default=(), repr=False)
    checkpoint: bytes | None = field(default=None, repr=False, compare=False)
    steps: int = field(default=0, compare=False)

    @property
    def key(self) -> str:
        """The name of the job's checkpoint."""
        return checkpoint_name(self.runs)

    def do(self, protocol: Protocol, seconds: float, report: Callable[[int], None]) -> Segment:
        """Train from the checkpoint to the end, or to the next checkpoint once the time is over."""
        from bench.training.training import Training

        source = provenance()  # before anything can be edited
        start = time.process_time()
        seconds_before, made_by = 0.0, [source]
        if self.checkpoint is None:
            training = Training(self.runs, protocol, self.own)
        else:
            checkpoint = from_bytes(self.checkpoint, protocol)
            training = Training.resumed(checkpoint, protocol, self.own)
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

    def write_files(self, results: Results, done: Segment) -> "TrainingJob | None":
        """Write the job's checkpoint or, once it is finished, the files of each run that has none.

        Its own files come first, so that no run is without the file that repeats it.
        """
        for file in self.own:
            if file.defines_any(self.runs):
                write_whole(results.own_path(file.sha256), file.source)
        if done.checkpoint is not None:
            CheckpointFolder(results).save(self.runs, done.checkpoint)
            return replace(self, checkpoint=done.checkpoint, steps=done.steps)
        finished, made = results.finished(), done.provenance | completion()
        for result in done.results:
            if result.run not in finished:
                results.save_run(result, made)
        CheckpointFolder(results).clear(results.finished())
        return None


def job_name(runs: Sequence[Run]) -> str:
    """Return what people call a job of these runs, such as Hopper-v4 seeds 0-2."""
    seeds = sorted({run.seed for run in runs})
    return f"{runs[0].environment} seed{'s' * (len(seeds) > 1)} {ranges(seeds)}"


@dataclass(frozen=True)
class RandomJob(Job):
    """Measuring the random policies' scores in one environment."""

    environment: str

    def __str__(self) -> str:
        return f"{self.environment} random policies"

    def do(self, protocol: Protocol, seconds: float, report: Callable[[int], None]) -> pd.DataFrame:
        """Return the scores, columns as in `bench.results.random_scores`. It takes a few seconds."""
        from bench.training.random_policies import measure

        return measure(self.environment, protocol)

    def write_files(self, results: Results, done: pd.DataFrame) -> None:
        """Add the scores to `random.csv`."""
        results.save_random_scores(done)


@dataclass(frozen=True)
class DemonstrationJob(Job):
    """Training the demonstrator of an environment, and recording its episodes."""

    environment: str

    def __str__(self) -> str:
        return f"{self.environment} demonstrations"

    @property
    def runs(self) -> tuple[Run, ...]:  # type: ignore[override]
        """The demonstrator's, which is stopped early."""
        from bench.training.demonstrations import SEED

        return (Run(self.environment, BASELINE, SEED),)

    def size(self, protocol: Protocol) -> int:
        """Return the demonstrator's environment steps."""
        from bench.training.demonstrations import UPDATES

        return UPDATES * protocol.hyperparameters.horizon

    def do(
        self, protocol: Protocol, seconds: float, report: Callable[[int], None]
    ) -> tuple[StoredDemonstrations, dict[str, Any]]:
        """Return the demonstrations and their JSON. It takes about half a minute of a core."""
        from bench.training.demonstrations import demonstrate

        return demonstrate(self.environment, report)

    def write_files(self, results: Results, done: tuple[StoredDemonstrations, dict[str, Any]]) -> None:
        """Write the arrays' file last: it is not there without its JSON."""
        path, (demonstrations, described) = path_of(self.environment), done
        write_whole(path.with_suffix(".json"), json_text(described))
        write_whole(path, demonstrations.to_bytes())


def training_jobs(runs: Iterable[Run], own: "OwnFiles" = ()) -> list[TrainingJob]:
    """Return the jobs that train these runs, of an environment and a seed each, seed by seed."""
    return in_order(TrainingJob(group, own) for group in by_environment_and_seed(runs))


def by_environment_and_seed(runs: Iterable[Run]) -> list[tuple[Run, ...]]:
    """Group runs by environment and seed, in the order in which the first run of each group comes."""
    groups: dict[tuple[str, int], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.environment, run.seed), []).append(run)
    return [tuple(group) for group in groups.values()]


def in_order(jobs: Iterable[TrainingJob]) -> list[TrainingJob]:
    """Sort jobs: those of most runs first, then seed by seed, and the slowest environment first."""
    return sorted(
        jobs,
        key=lambda job: (
            -len(job.runs),
            job.seeds,
            SLOWEST_FIRST.index(without_version(job.environment)),
        ),
    )


def missing_jobs(
    results: Results,
    runs: Iterable[Run],
    checkpoints: Sequence[Checkpoint] = (),
    own: "OwnFiles" = (),
) -> list[Job]:
    """Return the jobs that complete `runs` and measure their environments' random policies.

    checkpoints: The folder's checkpoints, the furthest first. A missing run continues from the first that
        holds it.
    own: The files that define those settings that are not part of this package.
    """
    runs = list(runs)
    finished = results.finished()
    unmeasured = {run.environment for run in runs} - measured_environments(results.random_scores())
    missing = [run for run in runs if run not in finished]
    begun = []
    for checkpoint in checkpoints:
        chosen = set(missing) & set(checkpoint.runs)
        if chosen:
            part = checkpoint.of(chosen)
            steps = part.updates * results.protocol.hyperparameters.horizon * len(part.runs)
            begun.append(TrainingJob(part.runs, own, part.to_bytes(results.protocol), steps))
            missing = [run for run in missing if run not in chosen]
    return [
        *(RandomJob(environment) for environment in sorted(unmeasured)),
        *begun,
        *training_jobs(missing, own),
    ]
