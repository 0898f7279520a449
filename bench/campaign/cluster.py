"""Workers: one single-threaded process a core of this machine, or those of a Dask cluster.

Whoever can talk to a Dask process can make it run any code, and other users of a machine can reach its ports.
So the processes of a local cluster listen on loopback alone, and take messages only by TLS, with a key that
only they have. Their HTTP servers are without TLS, and have no pages. Their scratch folder, from which Python
imports first, is one to which nobody else can write.
"""

import hashlib
import logging
import tempfile
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import dask
from dask.system import CPU_COUNT
from distributed import Client, LocalCluster, Security, Worker, get_worker
from distributed.versions import VersionMismatchWarning

from bench.campaign import configuration
from bench.common.errors import UserError, one_line
from bench.common.interrupts import hide_interrupts
from bench.common.provenance import provenance
from bench.protocol.environments import without_version

CONNECTION_TIMEOUT = "10 s"
# How a scheduler may be reached.
SCHEMES = ("tcp", "tls")
START_ATTEMPTS = 3
# How long a worker may take to start: on a machine that is busy, a minute is not too long.
START_SECONDS = 180.0
# The name of the C library among the versions.
LIBC = "libc"
# A worker gets its next job when it is free: jobs are long, and one kept ready would wait for no reason.
DASK_SETTINGS = {
    "distributed.logging.distributed": "critical",
    "distributed.scheduler.worker-saturation": 1.0,
    # Dask looks at its workers a hundred times a second, and each time training waits.
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1 s",
    "distributed.admin.system-monitor.interval": "10 s",
    # A job travels with its checkpoint: those of human feedback have their comparisons, 13 MB a run.
    "distributed.admin.large-graph-warning-threshold": "1 GiB",
    # The HTTP servers, which Dask starts in any case, have no pages.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}


class RefusedWorkerError(Exception):
    """A worker's results would not be this checkout's. Its arguments: address, and why, naming both sides."""

    def __str__(self) -> str:
        address, reason = self.args
        return f"worker {address} is refused: {reason}"


@contextmanager
def connect(scheduler: str | None, processes: int) -> Iterator[Client]:
    """Connect with the cluster at `scheduler`, or with a local one of at most `processes` workers.

    Raises:
        UserError: when there is no cluster, or it has a worker that must be refused.
    """
    for logger in ("distributed", "distributed.client"):  # the client has a level of its own
        logging.getLogger(logger).setLevel(logging.CRITICAL)
    if scheduler is None:
        with (
            # Not Dask's usual scratch folder: all users know its name.
            tempfile.TemporaryDirectory(prefix="table1-", ignore_cleanup_errors=True) as scratch,
            dask.config.set({**DASK_SETTINGS, "temporary-directory": scratch}),
            configuration.defaults(),
            _local_cluster(processes) as cluster,
            Client(cluster) as client,
        ):
            yield client
    else:
        with configuration.users(), dask.config.set(DASK_SETTINGS), _client(scheduler) as client:
            _check_workers(client)
            yield client


@cache
def identity() -> dict[str, str]:
    """Return what a campaign's processes are compared by: a digest of the source, and versions."""
    return {"source": source_digest(Path(__file__).parents[2]), **provenance()["versions"]}


def check_this_worker(expected: dict[str, str], dask_worker: Worker | None = None) -> None:
    """Refuse to work, on a worker, for a campaign with another identity, or with several threads.

    dask_worker: The worker, which `Client.run` passes by this name; in a job Dask knows it.

    Raises:
        RefusedWorkerError: naming both sides.
    """
    worker = dask_worker or get_worker()
    if found := differences(expected, identity(), worker.state.nthreads):
        raise RefusedWorkerError(worker.address, "; ".join(found))


def check_libc(expected: dict[str, str], environment: str) -> str | None:
    """Compare this worker's C library with the campaign's: another one may round as ours does, or not.

    environment: Where the worker is about to act. If libraries differ, it repeats the golden start there.

    Returns a warning that names both libraries, or None if they are the same.

    Raises:
        RefusedWorkerError: naming both sides, when the golden start has other bits, or the environment has
            none.
    """
    from bench.training.start import GOLDEN, repeats_golden_start

    actual = identity()[LIBC]
    if actual == expected[LIBC]:
        return None
    address = get_worker().address
    both = f"its C library is {actual}, this checkout's is {expected[LIBC]}"
    if without_version(environment) not in GOLDEN:
        raise RefusedWorkerError(address, f"{both}, and {environment} has no golden start to compare")
    if not repeats_golden_start(environment):
        raise RefusedWorkerError(address, f"{both}, and the golden start has other bits there")
    return f"worker {address}: {both}; the golden start in {environment} has the same bits"


def differences(expected: dict[str, str], actual: dict[str, str], threads: int) -> list[str]:
    """Return why a worker's results would not be this checkout's: a text for each reason, naming both sides.

    The C library is none: `check_libc` finds out whether it matters.

    expected, actual: The identities of this process and of the worker.
    threads: The number of the worker's threads.
    """
    found = [
        f"its {name} is {actual[name]}, this checkout's is {expected[name]}"
        for name in expected
        if name != LIBC and actual[name] != expected[name]
    ]
    if threads != 1:
        found.append(f"it has {threads} threads, one is needed (--nthreads 1)")
    return found


def _check_workers(client: Client) -> None:
    answers = client.run(check_this_worker, identity(), on_error="return")
    if not answers:
        raise UserError("the cluster has no workers: start some with dask worker")
    for address, error in answers.items():
        if isinstance(error, RefusedWorkerError):
            raise UserError(str(error))
        if error is not None:
            raise UserError(f"worker {address} can't run this checkout: {type(error).__name__}: {error}")


def _client(scheduler: str) -> Client:
    scheme, separator, _ = scheduler.partition("://")
    if separator and scheme not in SCHEMES:
        raise UserError(f"no Dask scheduler is reached by {scheme}://; choose from: {' '.join(SCHEMES)}")
    try:
        with warnings.catch_warnings():
            # Dask's own comparison of versions; ours refuses the worker, in one line.
            warnings.simplefilter("ignore", VersionMismatchWarning)
            return Client(scheduler, timeout=CONNECTION_TIMEOUT)
    except RuntimeError as error:
        raise UserError(
            f"{scheduler} is not encrypted, as Dask's configuration demands: use tls://, or set"
            " distributed.comm.require-encryption to false"
        ) from error
    except TypeError as error:
        raise UserError(
            f"{scheduler} needs certificates, which Dask's configuration names: ca-file, client.cert and"
            " client.key of distributed.comm.tls"
        ) from error
    except (OSError, ValueError) as error:
        raise UserError(f"no Dask scheduler answers at {scheduler} (tcp://host:8786, say)") from error


def _local_cluster(processes: int) -> LocalCluster:
    """Start a local cluster, anew where a worker is killed meanwhile. Later Dask replaces such a worker."""
    # By a thread of its own, because the campaign alone answers Ctrl-C, also meanwhile.
    starter = ThreadPoolExecutor(1)
    end = time.monotonic() + START_SECONDS
    for _ in range(START_ATTEMPTS):
        with hide_interrupts():
            future = starter.submit(
                LocalCluster,
                n_workers=min(CPU_COUNT, processes),
                threads_per_worker=1,
                death_timeout=START_SECONDS,
                memory_limit=0,  # a run needs little, and a paused worker would be a silent one
                security=Security.temporary(),
                # Any free port, because campaigns may run side by side, and no dashboard on it.
                scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
                silence_logs=logging.CRITICAL,
            )
        try:
            return future.result()
        except Exception as error:  # of many kinds, such as AssertionError where a worker was given up
            reason = one_line(error.__cause__ or error)
            if time.monotonic() >= end:
                break
    raise UserError(f"the worker processes don't start ({reason}): is there memory for them?")


def source_digest(root: Path) -> str:
    """Return twelve hexadecimal digits of a hash over the two packages and the demonstrations in `root`."""
    files = sorted(path for package in ("algorithms", "bench") for path in (root / package).rglob("*.py"))
    files += sorted((root / "results" / "demonstrations").glob("*.npz"))
    # The names too: a file that is moved is another source.
    parts = (part for path in files for part in (str(path.relative_to(root)).encode(), path.read_bytes()))
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]
