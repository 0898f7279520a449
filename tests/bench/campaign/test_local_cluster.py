"""The local cluster on a machine with other users: what listens, who is let in, whose code is imported."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import dask
import psutil
import pytest
from distributed import Client, LocalCluster

from bench.campaign.cluster import DASK_SETTINGS, connect
from tests.helpers.intruder import NOBODY
from tests.helpers.processes import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A temporary folder of all users, where another one has put a module under Dask's usual name."""
    folder = tmp_path_factory.mktemp("shared")
    planted = folder / "dask-scratch-space" / "jax.py"
    planted.parent.mkdir()
    planted.write_text("raise SystemExit('the code of another user')")
    planted.parent.chmod(0o777)
    if os.geteuid() == 0:
        os.chown(planted.parent, NOBODY, NOBODY)
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    yield folder
    tempfile.tempdir = before


@pytest.fixture(scope="module")
def client(shared_folder: Path) -> Iterator[Client]:
    """Of a local cluster with one worker."""
    with connect(None, 1) as client:
        yield client
    assert [path.name for path in shared_folder.iterdir()] == ["dask-scratch-space"]


def listening() -> list[tuple[str, int]]:
    """Addresses and ports of this process and its children."""
    here = psutil.Process()
    connections = [
        connection
        for process in (here, *here.children(recursive=True))
        for connection in process.net_connections("inet")
    ]
    return [tuple(each.laddr) for each in connections if each.status == psutil.CONN_LISTEN]


def intrude(ports: list[int]) -> list[int]:
    """The ports at which a Dask process lets another user in."""
    command = [sys.executable, "-m", "tests.helpers.intruder", *map(str, ports)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=60)
    return [int(port) for port in done.stdout.split()]


def test_a_campaign_listens_on_loopback_alone(client: Client) -> None:
    found = listening()
    assert len(found) >= 3  # scheduler, nanny and worker
    assert {address for address, _ in found} == {"127.0.0.1"}


def test_another_user_is_refused_by_every_process(client: Client) -> None:
    assert intrude([port for _, port in listening()]) == []


def test_the_same_intruder_enters_a_cluster_without_a_key() -> None:
    with (
        dask.config.set(DASK_SETTINGS),
        LocalCluster(
            n_workers=0,
            processes=False,
            protocol="tcp",
            scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
        ) as cluster,
    ):
        port = int(cluster.scheduler_address.rsplit(":", 1)[1])
        assert intrude([port]) == [port]


def test_workers_import_nothing_from_a_folder_of_another_user(client: Client, shared_folder: Path) -> None:
    (path,) = client.run(lambda: sys.path).values()
    scratch = [Path(folder) for folder in path if folder.startswith(str(shared_folder))]
    assert scratch
    for folder in scratch:
        private = shared_folder / folder.relative_to(shared_folder).parts[0]
        assert private.name.startswith("table1-")
        assert private.stat().st_mode & 0o077 == 0
        assert private.stat().st_uid == os.geteuid()
    (module,) = client.run(lambda: __import__("jax").__name__).values()
    assert module == "jax"


def test_local_workers_are_not_profiled(client: Client) -> None:
    profiled = client.run(dask.config.get, "distributed.worker.profile.enabled")
    assert list(profiled.values()) == [False]
