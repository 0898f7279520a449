"""What a campaign loses when its scheduler, its workers or its folder go: nothing that is stored."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import trustme

from bench.common.files import PARTIAL
from bench.protocol.protocol import Run
from bench.results.folder import open_results
from bench.training.checkpoints import CheckpointFolder
from tests.helpers.cluster import running_scheduler, worker
from tests.helpers.commands import run
from tests.helpers.processes import (
    WITH_CHECKPOINTS,
    command_line,
    copy_source,
    environment_with,
    has_checkpoint,
    wait_until,
)
from tests.helpers.training import train_into

pytestmark = pytest.mark.slow

ONE = ("--environments", "InvertedPendulum-v4", "--settings", "clip-0.2", "--seeds", "1")


def start(folder: Path, *options: str) -> subprocess.Popen[str]:
    """A campaign of one run that leaves a checkpoint after every update."""
    return subprocess.Popen(
        [sys.executable, "-c", WITH_CHECKPOINTS, "train", "--results", str(folder), *ONE, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.soak
def test_without_its_scheduler_a_campaign_ends_in_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    with running_scheduler(tmp_path) as (address, scheduler), worker(address):
        campaign = start(folder, "--scheduler", address)
        wait_until(lambda: has_checkpoint(folder))
        scheduler.kill()
        _, errors = campaign.communicate(timeout=60)
    assert campaign.returncode == 1
    assert errors == (
        f"error: the Dask scheduler is gone: what was handed in is kept in {folder}, and the same command"
        " goes on from there\n"
    )
    (checkpoint,), refused = CheckpointFolder(open_results(folder, None, create=False)).load()
    assert checkpoint.updates > 0
    assert refused == []


@pytest.mark.soak
def test_without_workers_a_campaign_says_that_it_waits(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    with running_scheduler(tmp_path) as (address, _):
        with worker(address):
            campaign = start(folder, "--scheduler", address, "--timesteps", "20480")
            wait_until(lambda: has_checkpoint(folder))
        assert campaign.stdout is not None
        lines = iter(campaign.stdout.readline, "")
        assert any(line == "no worker is left: waiting for workers\n" for line in lines)
        with worker(address):
            output, errors = campaign.communicate(timeout=60)
    assert campaign.returncode == 0, errors
    assert "(1/1 runs" in output


@pytest.mark.soak
def test_a_folder_that_is_renamed_while_it_trains_ends_the_campaign_and_loses_nothing(tmp_path: Path) -> None:
    folder, renamed = tmp_path / "results", tmp_path / "renamed"
    campaign = start(folder, "--timesteps", "20480")
    wait_until(lambda: has_checkpoint(folder))
    folder.rename(renamed)
    _, errors = campaign.communicate(timeout=60)
    assert campaign.returncode == 1
    assert errors == f"error: {folder} was moved or removed while it was written: stopped\n"
    assert not folder.exists()
    (checkpoint,), refused = CheckpointFolder(open_results(renamed, None, create=False)).load()
    assert checkpoint.updates > 0
    assert refused == []


@pytest.mark.soak
def test_a_scheduler_by_tls(tmp_path: Path) -> None:
    """With a certificate of one's own, by Dask's configuration."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    variables = {"DASK_DISTRIBUTED__COMM__TLS__CA_FILE": str(tmp_path / "ca.pem")}
    for role in ("SCHEDULER", "WORKER", "CLIENT"):
        for kind in ("cert", "key"):
            name = f"DASK_DISTRIBUTED__COMM__TLS__{role}__{kind.upper()}"
            variables[name] = str(tmp_path / f"{kind}.pem")
    environment = environment_with(**variables)
    arguments = ("train", "--results", str(tmp_path / "results"), *ONE, "--timesteps", "1", "--scheduler")
    with running_scheduler(tmp_path, protocol="tls", env=environment) as (address, _):
        without = command_line(*arguments, address)
        assert without.stderr == (
            f"error: {address} needs certificates, which Dask's configuration names: ca-file, client.cert and"
            " client.key of distributed.comm.tls\n"
        )
        with worker(address, env=environment):
            done = command_line(*arguments, address, env=environment)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "results").rglob("seed-*.csv"))) == 1


@pytest.mark.parametrize("address", ["ucx://127.0.0.1:8786", "ws://127.0.0.1:8786", "inproc://x"])
def test_other_ways_to_a_scheduler_are_refused(address: str, tmp_path: Path) -> None:
    done = run("train", "--results", str(tmp_path / "results"), *ONE, "--scheduler", address)
    scheme = address.split(":")[0]
    assert done.stderr == f"error: no Dask scheduler is reached by {scheme}://; choose from: tcp tls\n"


def test_leftovers_of_a_kill_are_removed_by_the_next_campaign(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    train_into(folder, [Run("InvertedPendulum-v4", "clip-0.2", 0)], 1)
    (csv,) = folder.rglob("seed-*.csv")
    leftovers = [
        csv.with_name(f".seed-00.csv.8to096j6{PARTIAL}"),
        folder / "policies" / f".seed-00.npz.00000000{PARTIAL}",
    ]
    others = [folder / ".gitignore", folder / ".report.md.20240101", csv.with_name(".seed-00.csv.8to096j6")]
    for path in (*leftovers, *others):
        path.write_text("half")
    with open_results(folder, None, create=False).locked():  # as a campaign does first
        assert not any(path.exists() for path in leftovers)
        assert all(path.exists() for path in others)
        assert csv.exists()


@pytest.mark.soak
def test_a_cache_that_cannot_be_written_is_told_once(tmp_path: Path) -> None:
    checkout = copy_source(tmp_path / "checkout")
    (checkout / ".cache").write_text("no folder")
    done = command_line(
        *("train", "--results", str(tmp_path / "results"), *ONE, "--timesteps", "1"),
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert len(re.findall(r"\.cache can't be written: every process compiles anew", done.stdout)) == 1
