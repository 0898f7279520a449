"""Campaigns on a Dask cluster: the same bytes, refused workers, failing jobs."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from bench.campaign import campaign
from bench.campaign.campaign import run_campaign
from bench.campaign.cluster import DASK_SETTINGS, differences, identity, source_digest
from bench.campaign.jobs import Job, TrainingJob, training_jobs
from bench.common.errors import UserError
from bench.common.provenance import PACKAGES
from bench.protocol.protocol import Protocol, Run
from bench.protocol.selection import Selection
from bench.protocol.settings import PAPER_SETTINGS
from bench.results.folder import open_results
from bench.training.own import read_own_files
from bench.training.training import train
from tests.helpers.cluster import running_scheduler, wait_for_workers, worker
from tests.helpers.commands import run
from tests.helpers.processes import (
    ROOT,
    WITH_CHECKPOINTS,
    copy_source,
    has_checkpoint,
    wait_until,
)
from tests.helpers.training import train_into

pytestmark = pytest.mark.slow

TWO = ("--environments", "InvertedPendulum-v4", "Reacher-v4", "--seeds", "1")


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    """The address of a scheduler without workers."""
    with running_scheduler(tmp_path) as (address, _):
        yield address


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a scheduler with two workers, to which the campaign's folder means nothing."""
    with (
        running_scheduler(tmp_path_factory.mktemp("cluster")) as (address, _),
        worker(address, cwd="/"),
        worker(address, cwd="/"),
    ):
        wait_for_workers(address, 2)
        yield address


def test_two_remote_workers_give_the_same_bytes(cluster: str, trained: Path, tmp_path: Path) -> None:
    folder = tmp_path / "remote"
    done = run("train", "--results", str(folder), "--timesteps", "1", *TWO, "--scheduler", cluster)
    assert done.returncode == 0, done.stderr
    assert_same_csvs(folder, trained, count=22)
    assert "(22/22 runs" in done.stdout
    record = json.loads(next(folder.glob("runs/*/*/seed-00.json")).read_text())
    assert record["command"].startswith("bench train ")  # of the campaign, not of the worker
    assert record["command"].endswith(f"--scheduler {cluster}")


@pytest.mark.soak
def test_a_worker_that_leaves_costs_a_segment_only(scheduler: str, tmp_path: Path) -> None:
    folder, undisturbed = tmp_path / "results", tmp_path / "undisturbed"
    arguments = ("--timesteps", "12288", *TWO, "--settings", "clip-0.2", "no-clip")
    command = [sys.executable, "-c", WITH_CHECKPOINTS, "train", "--results", str(folder), *arguments]
    with worker(scheduler) as leaving, worker(scheduler):
        wait_for_workers(scheduler, 2)
        training = subprocess.Popen(
            [*command, "--scheduler", scheduler], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        wait_until(lambda: has_checkpoint(folder))
        leaving.kill()
        output, errors = training.communicate(timeout=120)
    assert training.returncode == 0, errors
    assert "(4/4 runs" in output
    environments, settings = ("InvertedPendulum-v4", "Reacher-v4"), ("clip-0.2", "no-clip")
    train_into(undisturbed, Selection(environments, settings, (0,)).runs, 12288)
    assert_same_csvs(folder, undisturbed, count=4)


@pytest.mark.soak
def test_remote_workers_train_one_s_own_settings(cluster: str, tmp_path: Path) -> None:
    """The file is nowhere but beside the campaign; what it defines travels with the jobs."""
    own = tmp_path / "mine" / "mine.py"
    own.parent.mkdir()
    own.write_text(
        "from bench.protocol.settings import Setting\n"
        "def objective(ratio, log_ratio, kl, advantage, numbers):\n"
        "    return ratio * advantage - numbers['weight'] * kl\n"
        "SETTINGS = [Setting('mine', 'Mine', 'mine', {'weight': 1.0})]\n"
    )
    folder = tmp_path / "remote"
    selection = ("--settings", "mine", "--environments", "Reacher-v4", "--seeds", "1", "--timesteps", "1")
    done = run("train", "--results", str(folder), "--own", str(own), *selection, "--scheduler", cluster)
    assert done.returncode == 0, done.stderr
    (csv,) = folder.rglob("seed-*.csv")
    (here,) = train([Run("Reacher-v4", "mine", 0)], Protocol(timesteps=1), own=read_own_files([own]))
    assert csv.read_text() == here.csv


def assert_same_csvs(folder: Path, expected: Path, count: int) -> None:
    csvs = list((folder / "runs").rglob("*.csv"))
    assert len(csvs) == count
    for path in csvs:
        assert path.read_bytes() == (expected / path.relative_to(folder)).read_bytes()


def train_on(scheduler: str, folder: Path) -> str:
    done = run("train", "--results", str(folder), "--timesteps", "1", *TWO, "--scheduler", scheduler)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_a_worker_with_several_threads_is_refused(cluster: str, tmp_path: Path) -> None:
    with worker(cluster, "--nthreads", "2"):
        wait_for_workers(cluster, 3)
        message = train_on(cluster, tmp_path / "results")
    assert "worker tcp://127.0.0.1:" in message
    assert "it has 2 threads, one is needed" in message


@pytest.mark.parametrize("name", ["source", "python", *PACKAGES])
def test_a_difference_is_named_with_both_sides(name: str) -> None:
    here = identity()
    assert differences(here, {**here, name: "other"}, threads=1) == [
        f"its {name} is other, this checkout's is {here[name]}"
    ]
    assert differences(here, here, threads=1) == []


def test_a_file_that_is_edited_or_moved_makes_another_source(tmp_path: Path) -> None:
    edited, moved = edited_checkout(tmp_path, "algorithms/networks.py"), copy_source(tmp_path / "moved")
    (moved / "bench/common/errors.py").rename(moved / "bench/common/failures.py")
    assert len({source_digest(root) for root in (ROOT, edited, moved)}) == 3
    assert source_digest(copy_source(tmp_path / "same")) == source_digest(ROOT)


def edited_checkout(tmp_path: Path, file: str) -> Path:
    """A copy of the source that differs in one file."""
    copy = copy_source(tmp_path / "checkout")
    with (copy / file).open("a") as edited:
        edited.write("# another version\n")
    return copy


@pytest.mark.soak
def test_a_worker_of_another_source_is_refused(scheduler: str, tmp_path: Path) -> None:
    copy = edited_checkout(tmp_path, "algorithms/networks.py")
    with worker(scheduler, env={**os.environ, "PYTHONPATH": str(copy)}, cwd=copy):
        wait_for_workers(scheduler, 1)
        message = train_on(scheduler, tmp_path / "results")
    assert "is refused: its source is " in message
    assert ", this checkout's is " in message


@pytest.mark.soak
def test_a_worker_with_other_versions_is_refused(scheduler: str, tmp_path: Path) -> None:
    """The packages are the same, but what comes first on the worker's path says that they are not."""
    for package in PACKAGES:
        metadata = tmp_path / "other" / f"{package}-0.0.1.dist-info" / "METADATA"
        metadata.parent.mkdir(parents=True)
        metadata.write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 0.0.1\n")
    with worker(scheduler, env={**os.environ, "PYTHONPATH": f"{tmp_path / 'other'}:{ROOT}"}):
        wait_for_workers(scheduler, 1)
        message = train_on(scheduler, tmp_path / "results")
    for package in PACKAGES:
        assert f"its {package} is 0.0.1, this checkout's is {identity()[package]}" in message


@pytest.mark.soak
def test_a_worker_of_another_source_that_comes_later_gets_no_job(scheduler: str, tmp_path: Path) -> None:
    copy = edited_checkout(tmp_path, "bench/common/errors.py")
    folder = tmp_path / "results"
    # Long enough that a job still waits when the second worker comes.
    arguments = ("--timesteps", "102400", *TWO, "--settings", "clip-0.2", "--scheduler", scheduler)
    command = [sys.executable, "-m", "bench", "train", "--results", str(folder), *arguments]
    with worker(scheduler):
        wait_for_workers(scheduler, 1)
        training = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_until((folder / "random.csv").exists)
        with worker(scheduler, env={**os.environ, "PYTHONPATH": str(copy)}, cwd=copy):
            output, errors = training.communicate(timeout=120)
    assert training.returncode == 0, errors
    assert "is refused: its source is" in output
    assert "(2/2 runs" in output


def test_a_campaign_does_not_wait_for_workers_that_are_all_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the source is edited while a campaign runs, and its workers are started anew."""
    edited = {**identity(), "source": "edited"}
    monkeypatch.setattr(campaign, "identity", lambda: edited)
    results = open_results(tmp_path / "results", 1, create=True)
    jobs: list[Job] = list(training_jobs([Run("Reacher-v4", "no-clip", seed) for seed in range(3)]))
    with (tmp_path / "log").open("w") as log, pytest.raises(UserError, match="no worker is left: worker"):
        run_campaign(results, jobs, Console(file=log))


def test_a_cluster_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.campaign.cluster.CONNECTION_TIMEOUT", "1 s")
    for address in ("tcp://127.0.0.1:9", "nowhere"):
        assert f"no Dask scheduler answers at {address}" in train_on(address, tmp_path / "results")


def test_a_cluster_without_workers_is_refused(scheduler: str, tmp_path: Path) -> None:
    assert "the cluster has no workers" in train_on(scheduler, tmp_path / "results")


@dataclass(frozen=True)
class DeadlyJob(Job):
    """Kills whichever worker does it."""

    environment: str = "none"

    def do(self, protocol: Protocol, seconds: float, report: Callable[[int], None]) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def __str__(self) -> str:
        return "deadly job"


def test_jobs_that_fail_are_named_and_the_others_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = open_results(tmp_path / "results", 1, create=True)
    unknown = Run("Reacher-v4", "nonsense", 7)
    good = training_jobs([Run("Reacher-v4", setting, 8) for setting in PAPER_SETTINGS])
    jobs: list[Job] = [TrainingJob((unknown,)), DeadlyJob(), *good]
    # Else four workers would be killed before the job counts as failed.
    monkeypatch.setitem(DASK_SETTINGS, "distributed.scheduler.allowed-failures", 0)
    console = Console(file=(tmp_path / "log").open("w"), width=200)
    with pytest.raises(UserError, match=r"2 of 3 jobs failed, the others are kept: .*Reacher-v4 seed 7"):
        run_campaign(results, jobs, console)
    console.file.close()
    log = (tmp_path / "log").read_text()
    assert "Reacher-v4 seed 7 failed: KeyError: 'nonsense'" in log
    assert "deadly job failed: its worker died, and so did those that tried it again" in log
    assert log.index("seed 7 failed") < log.index("Reacher-v4 seed 8 done")
    assert len(results.finished()) == 11


def test_a_second_campaign_on_a_folder_is_refused(tmp_path: Path) -> None:
    results = open_results(tmp_path / "results", 1, create=True)
    with ExitStack() as stack:
        stack.enter_context(results.locked())
        message = train_on_locally(tmp_path / "results")
    folder, host = tmp_path / "results", os.uname().nodename
    who = f"{folder}: process {os.getpid()} on {host} since "
    assert message.startswith(f"error: another campaign is running on {who}")
    assert message.count("\n") == 1
    with results.locked():
        pass  # and it is free again


def train_on_locally(folder: Path) -> str:
    done = run("train", "--results", str(folder), *TWO)
    assert done.returncode == 1
    return done.stderr
