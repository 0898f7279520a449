"""Workers that can't start, and surroundings that must not matter: Dask's configuration, drawing, streams."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.helpers.cluster import running_scheduler, worker
from tests.helpers.processes import (
    ROOT,
    WITH_CHECKPOINTS,
    command_line,
    environment_with,
    has_checkpoint,
    wait_until,
)

pytestmark = [pytest.mark.slow, pytest.mark.soak]

ONE = ("--environments", "InvertedPendulum-v4", "--settings", "clip-0.2", "--seeds", "1")
# A machine that is not busy needs less than the three minutes that workers get to start.
SHORT = f"""
from bench.campaign import campaign, cluster

campaign.START_SECONDS = cluster.START_SECONDS = 20.0
{WITH_CHECKPOINTS}"""
# Python runs it at the start of every process: no worker starts while the file `broken` is there.
BROKEN = """
import os, sys
from pathlib import Path
if "spawn_main" in " ".join(sys.orig_argv) and (Path(__file__).parent / "broken").exists():
    os._exit(1)
"""
HOSTILE = """
distributed:
  comm: {require-encryption: true, default-scheme: ucx}
  worker: {preload: [no_such_module], daemon: false}
  scheduler: {allowed-failures: 0, preload: [no_such_module]}
  nanny: {environ: {JAX_ENABLE_X64: "1"}, pre-spawn-environ: {PYTHONSTARTUP: "nowhere"}}
  admin: {pdb-on-err: true}
"""


def start(folder: Path, *options: str, **variables: str) -> subprocess.Popen[str]:
    """A campaign of one run, which leaves a checkpoint after every update."""
    return subprocess.Popen(
        [sys.executable, "-c", SHORT, "train", "--results", str(folder), *ONE, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment_with(**variables),
    )


def last_line(campaign: subprocess.Popen[str], seconds: float) -> str:
    """The end of what a campaign prints that fails."""
    _, errors = campaign.communicate(timeout=seconds)
    assert campaign.returncode == 1
    assert "Traceback" not in errors
    return errors.splitlines()[-1]


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """The file with which no worker starts; it is not there yet."""
    (tmp_path / "startup").mkdir()
    (tmp_path / "startup" / "sitecustomize.py").write_text(BROKEN)
    return tmp_path / "startup" / "broken"


def test_workers_that_do_not_start_end_the_campaign(broken: Path, tmp_path: Path) -> None:
    broken.touch()
    campaign = start(tmp_path / "results", PYTHONPATH=str(broken.parent))
    line = last_line(campaign, 180)
    assert line.startswith("error: the worker processes don't start (")
    assert line.endswith("): is there memory for them?")


def test_workers_that_do_not_start_again_end_the_campaign(broken: Path, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    campaign = start(folder, PYTHONPATH=str(broken.parent))
    wait_until(lambda: has_checkpoint(folder), seconds=240)
    broken.touch()
    for child in psutil.Process(campaign.pid).children(recursive=True):
        if "spawn_main" in " ".join(child.cmdline()):
            child.kill()
    line = last_line(campaign, 180)
    assert line == (
        "error: the worker processes don't start again: is there memory for them? What was handed in is kept"
        f" in {folder}, and the same command goes on from there"
    )
    assert has_checkpoint(folder)


def test_memory_that_does_not_suffice_ends_the_campaign(tmp_path: Path) -> None:
    campaign = start(tmp_path / "results")
    psutil.Process(campaign.pid).rlimit(psutil.RLIMIT_AS, (700 * 2**20,) * 2)
    assert last_line(campaign, 400).startswith("error: ")


def test_neither_dask_s_files_nor_variables_change_the_local_cluster(tmp_path: Path) -> None:
    (tmp_path / "home" / ".config" / "dask").mkdir(parents=True)
    (tmp_path / "home" / ".config" / "dask" / "hostile.yaml").write_text(HOSTILE)
    variables = {
        "HOME": str(tmp_path / "home"),
        "DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE": "0.0001",
        "DASK_DISTRIBUTED__COMM__TLS__CIPHERS": "none",
    }
    campaign = start(tmp_path / "results", "--timesteps", "1", **variables)
    _, errors = campaign.communicate(timeout=180)
    assert (campaign.returncode, errors) == (0, "")


def test_a_dask_file_that_can_t_be_read_is_named(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("{")
    arguments = ("train", "--results", str(tmp_path / "results"), *ONE)
    done = command_line(*arguments, env=environment_with(DASK_CONFIG=str(file)))
    assert done.returncode == 1
    assert done.stderr.startswith("error: Dask's configuration can't be read: ValueError: ")
    assert str(file) in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_scheduler_without_the_encryption_that_is_demanded_is_refused(tmp_path: Path) -> None:
    with running_scheduler(tmp_path) as (address, _), worker(address):
        demanded = {"DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "true"}
        line = last_line(start(tmp_path / "results", "--scheduler", address, **demanded), 60)
    assert line == (
        f"error: {address} is not encrypted, as Dask's configuration demands: use tls://, or set"
        " distributed.comm.require-encryption to false"
    )


@pytest.mark.parametrize("library", ["osmesa", "nonsense"])
def test_a_library_that_draws_is_not_looked_for(library: str, tmp_path: Path) -> None:
    campaign = start(tmp_path / "results", "--timesteps", "1", MUJOCO_GL=library, PYOPENGL_PLATFORM="none")
    _, errors = campaign.communicate(timeout=180)
    assert (campaign.returncode, errors) == (0, "")


@pytest.mark.parametrize("output", [">&-", "2>&-", ">&- 2>&- <&-", "| head --lines 1"])
def test_training_goes_on_without_a_reader(output: str, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    command = [sys.executable, "-m", "bench", "train", "--results", str(folder), *ONE, "--timesteps", "1"]
    done = subprocess.run(
        ["bash", "-c", f'"$@" {output}; exit ${{PIPESTATUS[0]}}', "bash", *command],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(list(folder.rglob("seed-*.csv"))) == 1


def test_a_campaign_whose_folder_is_taken_over_stops_and_harms_nothing(tmp_path: Path) -> None:
    """Whoever removes the lock of a campaign that lives, and starts another, has one campaign in the end."""
    folder = tmp_path / "results"
    first = start(folder, "--timesteps", "40960")
    wait_until(lambda: has_checkpoint(folder), seconds=240)
    os.kill(first.pid, signal.SIGSTOP)  # its workers go on, and its next checkpoint waits
    (folder / ".lock").unlink()
    second = start(folder, "--timesteps", "40960")
    wait_until((folder / ".lock").exists)
    os.kill(first.pid, signal.SIGCONT)
    line = last_line(first, 120)
    assert line.startswith(f"error: {folder} was taken over by process {second.pid} on ")
    _, errors = second.communicate(timeout=240)
    assert (second.returncode, errors) == (0, "")
    done = subprocess.run(
        [sys.executable, "-m", "bench", "status", "--results", str(folder), *ONE],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert "1 runs: 1 done, 0 missing, 0 diverged" in done.stdout
    assert not (folder / "checkpoints").exists()
    assert not (folder / ".lock").exists()
