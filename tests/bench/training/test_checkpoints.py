"""A job that goes on from a checkpoint gives the bits of one that was never cut."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.campaign.jobs import TrainingJob, missing_jobs
from bench.protocol.environments import ENVIRONMENTS, OTHER_ENVIRONMENTS
from bench.protocol.protocol import Protocol, Run
from bench.protocol.settings import SETTINGS, Setting, clipping, no_clipping
from bench.results.folder import Results, open_results
from bench.results.schema import RunResult
from bench.training.checkpoints import FORMAT, HEADER, Checkpoint, CheckpointFolder, from_bytes
from bench.training.training import Training, train
from tests.helpers.commands import run
from tests.helpers.processes import command_line
from tests.helpers.soak import mark_soak

pytestmark = pytest.mark.slow

PROTOCOL = Protocol(timesteps=3 * 2048)
REACHER = [Run("Reacher-v4", "clip-0.2", 0), Run("Reacher-v4", "fixed-kl-1", 1)]
SELECTION = ("--environments", "Reacher-v4", "--settings", "clip-0.2", "fixed-kl-1", "--seeds", "2")


def content(result: RunResult) -> tuple[str, int | None, int, bytes]:
    policy = b"" if result.policy is None else result.policy.to_bytes()
    return result.csv, result.diverged_at, result.physics_warnings, policy


def cut_at_every_update(runs: list[Run], protocol: Protocol) -> list[RunResult]:
    training = Training(runs, protocol)
    while not training.finished:
        training.advance(0)
        stored = training.checkpoint(0, []).to_bytes(protocol)
        training = Training.resumed(from_bytes(stored, protocol), protocol)
    return training.results


TRIED = "Reacher-v4"
OTHERS = [name for name in (*ENVIRONMENTS, *OTHER_ENVIRONMENTS) if name != TRIED]


@pytest.mark.parametrize("environment", [TRIED, *mark_soak(OTHERS)])
def test_a_job_cut_at_every_update_is_a_job(environment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a run that diverges at once, and adaptive β."""
    broken = {**no_clipping(), "kl_coefficient": np.inf}
    monkeypatch.setitem(SETTINGS, "broken", Setting("broken", "A loss that is not a number", "own", broken))
    names = ("clip-0.2", "adaptive-kl-0.003", "fixed-kl-1", "broken")
    runs = [Run(environment, setting, 0) for setting in names]
    cut, whole = cut_at_every_update(runs, PROTOCOL), train(runs, PROTOCOL)
    assert [content(result) for result in cut] == [content(result) for result in whole]
    assert [result.diverged_at for result in cut] == [None, None, None, 2048]


@pytest.fixture(scope="module")
def begun() -> Checkpoint:
    training = Training(REACHER, PROTOCOL)
    training.advance(0)
    return training.checkpoint(10.0, [{"git_commit": "abc"}])


def test_a_run_goes_on_alone_from_the_checkpoint_of_a_larger_job(begun: Checkpoint) -> None:
    training = Training.resumed(begun.of([REACHER[1]]), PROTOCOL)
    training.advance(np.inf)
    assert content(training.results[0]) == content(train([REACHER[1]], PROTOCOL)[0])
    assert begun.of([REACHER[1]]).seconds == 5.0


def test_whatever_byte_is_damaged_the_file_is_refused(begun: Checkpoint) -> None:
    stored = begun.to_bytes(PROTOCOL)
    random = np.random.default_rng(0)
    damaged = [stored[:size] for size in (0, 10, 40, len(stored) // 2, len(stored) - 1)]
    for index in [0, 30, 89, *random.integers(len(stored), size=200).tolist()]:
        damaged.append(stored[:index] + bytes([stored[index] ^ 0x55]) + stored[index + 1 :])
    for each in damaged:
        with pytest.raises(ValueError, match=r"it is damaged|it does not start with the line"):
            from_bytes(each, PROTOCOL)


def made_by_hand(stored: bytes, compressed: bool = False, **changes: object) -> bytes:
    """A checkpoint whose hash is right, with another header."""
    with np.load(io.BytesIO(stored.split(b"\n", 2)[2])) as file:
        arrays = dict(file)
    header = json.loads(arrays[HEADER].tobytes()) | changes
    arrays[HEADER] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    if compressed:
        arrays["0/bomb"] = np.zeros(10_000_000)
    edited = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(edited, **arrays)
    archive = edited.getvalue()
    return b"\n".join((FORMAT, hashlib.sha256(archive).hexdigest().encode(), archive))


MADE_BY_HAND: list[dict[str, Any]] = [
    {"updates": "a"},
    {"updates": 0},
    {"updates": -3},
    {"updates": 4},  # of three
    {"updates": float("nan")},
    {"runs": []},
    {"runs": [3]},
    {"seconds": None},
    {"compressed": True},
]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"protocol": "0123"}, "its protocol is 0123, the folder's is "),
        *((changes, "it is damaged$") for changes in MADE_BY_HAND),
    ],
)
def test_a_checkpoint_made_by_hand_is_refused(
    changes: dict[str, Any], message: str, begun: Checkpoint
) -> None:
    with pytest.raises(ValueError, match=message):
        from_bytes(made_by_hand(begun.to_bytes(PROTOCOL), **changes), PROTOCOL)


def test_a_checkpoint_of_an_earlier_version_is_named_so(begun: Checkpoint) -> None:
    archive = begun.to_bytes(PROTOCOL).split(b"\n", 2)[2]
    with pytest.raises(ValueError, match="it does not start with the line ppo-table1 checkpoint 4"):
        from_bytes(archive, PROTOCOL)


def test_a_checkpoint_of_a_setting_that_is_another_now_is_refused(
    results: Results, begun: Checkpoint
) -> None:
    folder = CheckpointFolder(results)
    folder.save(begun.runs, begun.to_bytes(PROTOCOL))
    changed = Setting("clip-0.2", "Clipping", "clip", clipping(0.25))
    usable, refused = folder.load({**SETTINGS, "clip-0.2": changed})
    assert usable == []
    assert "it defines clip-0.2 differently from today" in refused[0]


@pytest.fixture
def results(tmp_path: Path) -> Results:
    """A new folder, in which random policies have been measured."""
    results = open_results(tmp_path / "results", PROTOCOL.timesteps, create=True)
    measured = {"policy": ["uniform", "untrained"], "score": -43.0, "standard_error": 1.0, "episodes": 100}
    results.save_random_scores(pd.DataFrame({"environment": "Reacher-v4", **measured}))
    return results


def training_jobs_of(results: Results, runs: list[Run]) -> list[TrainingJob]:
    usable, refused = CheckpointFolder(results).load()
    assert refused == []
    jobs = missing_jobs(results, runs, usable)
    return [job for job in jobs if isinstance(job, TrainingJob)]


def test_a_folder_goes_on_from_its_furthest_checkpoints(results: Results, begun: Checkpoint) -> None:
    """Each run from the furthest that holds it; what no checkpoint holds, and what is finished, by itself."""
    further = Training.resumed(begun.of([REACHER[0]]), PROTOCOL)
    further.advance(0)
    for checkpoint in (begun, further.checkpoint(20.0, begun.made_by)):
        CheckpointFolder(results).save(checkpoint.runs, checkpoint.to_bytes(PROTOCOL))
    other = Run("Reacher-v4", "no-clip", 0)
    jobs = training_jobs_of(results, [*REACHER, other])
    assert [(job.runs, job.steps, job.checkpoint is None) for job in jobs] == [
        ((REACHER[0],), 4096, False),
        ((REACHER[1],), 2048, False),
        ((other,), 0, True),
    ]
    # Once a run is finished its checkpoints serve nobody, but that of the other's goes on.
    rest = jobs[0].write_files(results, jobs[0].do(PROTOCOL, np.inf, lambda steps: None))
    assert rest is None
    assert [job.runs for job in training_jobs_of(results, REACHER)] == [(REACHER[1],)]
    assert len(list(CheckpointFolder(results).path.iterdir())) == 1
    (job,) = training_jobs_of(results, REACHER)
    assert job.write_files(results, job.do(PROTOCOL, np.inf, lambda steps: None)) is None
    assert not CheckpointFolder(results).path.exists()
    for result in train(REACHER, PROTOCOL):
        assert results.csv_path(result.run).read_text() == result.csv


def test_a_segment_returns_what_is_left_of_its_job(results: Results) -> None:
    job: TrainingJob | None = TrainingJob(tuple(REACHER))
    reported: list[int] = []
    steps = []
    while job is not None:
        steps.append(job.steps)
        job = job.write_files(results, job.do(PROTOCOL, 0.0, reported.append))
    assert steps == [0, 4096, 8192]
    assert reported == [4096, 8192, 12288]
    record = json.loads(results.csv_path(REACHER[0]).with_suffix(".json").read_text())
    assert record["job_runs"] == 2
    assert record["earlier_segments"] == []


def test_segments_of_other_makers_are_told(results: Results, begun: Checkpoint) -> None:
    job = TrainingJob(begun.runs, checkpoint=begun.to_bytes(PROTOCOL))
    job.write_files(results, job.do(PROTOCOL, np.inf, lambda steps: None))
    record = json.loads(results.csv_path(REACHER[0]).with_suffix(".json").read_text())
    assert record["earlier_segments"] == [{"git_commit": "abc"}]
    assert record["git_commit"] != "abc"
    assert record["job_seconds"] > 10


def test_a_run_that_is_finished_is_not_written_again(results: Results, begun: Checkpoint) -> None:
    """As when a campaign was killed while it wrote the files of a job's runs, one by one."""
    job = TrainingJob(begun.runs, checkpoint=begun.to_bytes(PROTOCOL))
    done = job.do(PROTOCOL, np.inf, lambda steps: None)
    results.save_run(done.results[0], {**done.provenance, "git_commit": "first"})
    assert job.write_files(results, done) is None
    records = [json.loads(results.csv_path(run).with_suffix(".json").read_text()) for run in REACHER]
    assert records[0]["git_commit"] == "first"
    assert records[1]["git_commit"] != "first"


@pytest.mark.soak
def test_a_checkpoint_that_is_not_used_is_named_and_its_job_starts_again(
    results: Results, begun: Checkpoint
) -> None:
    CheckpointFolder(results).save(begun.runs, begun.to_bytes(PROTOCOL)[:-100])
    done = command_line("train", "--results", str(results.path), *SELECTION)
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if "not used" in line]
    assert line.startswith(f"{CheckpointFolder(results).path}/Reacher-v4-")
    assert line.endswith("is not used, its runs start again: it is damaged")
    assert "(4/4 runs" in done.stdout


def test_status_counts_what_checkpoints_hold(results: Results, begun: Checkpoint) -> None:
    CheckpointFolder(results).save(begun.runs, begun.to_bytes(PROTOCOL))
    status = run("status", "--results", str(results.path), *SELECTION)
    assert "checkpoint: Reacher-v4 seeds 0-1, 2 runs, 33% done" in status.stdout
    assert "4 runs: 0 done, 4 missing, of them 2 begun, 0 diverged" in status.stdout


@pytest.mark.soak
def test_a_campaign_goes_on_from_checkpoints(results: Results, begun: Checkpoint) -> None:
    CheckpointFolder(results).save(begun.runs, begun.to_bytes(PROTOCOL))
    done = command_line("train", "--results", str(results.path), *SELECTION)
    assert done.returncode == 0, done.stderr
    assert not CheckpointFolder(results).path.exists()
    record = json.loads(results.csv_path(REACHER[0]).with_suffix(".json").read_text())
    assert record["earlier_segments"] == [{"git_commit": "abc"}]
    for result in train(REACHER, PROTOCOL):
        assert results.csv_path(result.run).read_text() == result.csv
