"""Evaluating the final policies of finished runs, on the workers of a campaign."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd
from rich.console import Console

from bench.campaign.campaign import run_campaign
from bench.campaign.jobs import RunsJob, by_environment_and_seed
from bench.common.terminal import warn
from bench.protocol.protocol import Protocol, Run
from bench.protocol.selection import Selection
from bench.results import evaluations
from bench.results.evaluations import MODES
from bench.results.folder import Results
from bench.results.policies import Policy, read_policy


@dataclass(frozen=True, kw_only=True)
class EvaluationJob(RunsJob):
    """Evaluating the policies of one environment and seed, one after the other. Its steps are episodes.

    policies: The contents of the files of the policies that are not evaluated yet, those of the last `runs`.
    episodes: The number of episodes of each policy and mode.
    """

    policies: tuple[bytes, ...] = field(repr=False)
    episodes: int

    @property
    def steps(self) -> int:  # type: ignore[override]
        """The episodes that are done, in all modes."""
        return self._episodes(len(self.runs) - len(self.policies))

    def size(self, protocol: Protocol) -> int:
        """Return the number of all episodes, in all modes."""
        return self._episodes(len(self.runs))

    def do(self, protocol: Protocol, seconds: float, report: Callable[[int], None]) -> pd.DataFrame:
        """Evaluate policies while there is time, and one at least; return their lines."""
        from bench.training.evaluation import play

        end, lines = time.monotonic() + seconds, []
        for run, stored in zip(self.runs[-len(self.policies) :], self.policies, strict=True):
            episodes = play(run, Policy.from_bytes(stored), self.episodes, protocol)
            lines.append(evaluations.summarize(run, stored, *episodes))
            report(self.steps + self._episodes(len(lines)))
            if time.monotonic() >= end:
                break
        return pd.concat(lines)

    def write_files(self, results: Results, done: pd.DataFrame) -> "EvaluationJob | None":
        """Add the lines to `policies.csv`."""
        evaluations.record(results.path, done)
        left = self.policies[len(done) // len(MODES) :]
        return replace(self, policies=left) if left else None

    def _episodes(self, policies: int) -> int:
        return policies * len(MODES) * self.episodes


def evaluate(
    results: Results,
    repeated: Results,
    selection: Selection,
    episodes: int,
    console: Console,
    scheduler: str | None = None,
) -> None:
    """Evaluate the final policies of the selection's finished runs that are not in `policies.csv` yet.

    repeated: The folder that has the policies: `results`, or another with repetitions of its runs. A run
        whose CSV is not the same in both, byte for byte, is left out, and named.
    episodes: The number of episodes of each policy and mode, two at least.
    scheduler: As for `run_campaign`.

    Raises:
        UserError: when a file is damaged, or a job failed.
    """
    path = results.path / evaluations.FILE
    runs = set(selection.runs) & results.finished() & repeated.finished()
    policies = _policies(results, repeated, sorted(runs), console)

    def done() -> set[Run]:
        return evaluations.find_evaluated(evaluations.read(results.path), policies, episodes)

    def stopped() -> str:
        counts = f"{len(done())} of {len(policies)} policies are evaluated and kept in {path}"
        return f"stopped: {counts}; the same command evaluates the others"

    missing = policies.keys() - done()
    what = f"policies of {len(policies)} of the {len(runs)} finished runs of this selection"
    if not policies:
        where = repeated.path / "policies"
        console.print(f"nothing to evaluate: none of these {len(runs)} runs is in {where}", soft_wrap=True)
    elif not missing:
        console.print(f"nothing to evaluate: the {what} are in {path}", soft_wrap=True)
    else:
        jobs = evaluation_jobs({run: policies[run] for run in sorted(missing)}, episodes)
        run_campaign(results, jobs, console, scheduler, stopped, activity="evaluating", unit="episodes")
        console.print(f"written: {path}, which has the {what}", soft_wrap=True)


def _policies(results: Results, repeated: Results, runs: Sequence[Run], console: Console) -> dict[Run, bytes]:
    """Return the content of each run's policy file. Names the runs that are not those of `results`."""
    found = {}
    for run in runs:
        if repeated.read(run).record["csv_sha256"] != results.read(run).record["csv_sha256"]:
            warn(console, f"left out: {run} in {repeated.path} is not the run in {results.path}")
        elif (path := repeated.policy_path(run)).exists():
            _, found[run] = read_policy(path)
    return found


def evaluation_jobs(policies: Mapping[Run, bytes], episodes: int) -> list[EvaluationJob]:
    """Return the jobs that evaluate these policies, seed by seed. policies: The contents of their files."""
    jobs = [
        EvaluationJob(runs=group, policies=tuple(policies[run] for run in group), episodes=episodes)
        for group in by_environment_and_seed(policies)
    ]
    return sorted(jobs, key=lambda job: (job.seeds, job.environment))
