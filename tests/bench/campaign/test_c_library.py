"""A worker with another C library is asked for the golden start, and not refused for its name."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.campaign import cluster
from bench.campaign.cluster import RefusedWorkerError, check_libc, identity
from bench.training.start import GOLDEN, repeats_golden_start
from tests.golden.test_golden import SAME_KIND
from tests.helpers.cluster import running_scheduler, wait_for_workers, worker
from tests.helpers.commands import run
from tests.helpers.processes import ROOT

pytestmark = pytest.mark.slow

OTHER_LIBC = "import platform\nplatform.libc_ver = lambda: ('another', '1.0')\n"


@pytest.mark.soak
def test_a_worker_with_another_c_library_repeats_the_golden_start_and_is_kept(
    trained: Path, tmp_path: Path
) -> None:
    """Its Python says that the library is another one; it is told of once, not for each job."""
    folder, site = tmp_path / "results", tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(OTHER_LIBC)
    with (
        running_scheduler(tmp_path) as (scheduler, _),
        worker(scheduler, env={**os.environ, "PYTHONPATH": f"{site}:{ROOT}"}),
    ):
        wait_for_workers(scheduler, 1)
        reacher = ("--environments", "Reacher-v4", "--seeds", "1", "--timesteps", "1")
        done = run("train", "--results", str(folder), *reacher, "--scheduler", scheduler)
    assert done.returncode == 0, done.stderr
    told = [line for line in done.stdout.splitlines() if "its C library is another 1.0, this" in line]
    assert len(told) == 1
    assert told[0].endswith("; the golden start in Reacher-v4 has the same bits")
    csvs = list((folder / "runs").rglob("*.csv"))
    assert len(csvs) == 11
    for path in csvs:
        assert path.read_bytes() == (trained / path.relative_to(folder)).read_bytes()


@pytest.mark.skipif(not SAME_KIND, reason="needs a processor that gives the golden run's bits")
def test_a_worker_whose_c_library_moves_bits_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The golden start is repeated here; then as if it had other bits."""
    monkeypatch.setattr(cluster, "get_worker", lambda: SimpleNamespace(address="tcp://there:1"))
    here = identity()
    other = {**here, "libc": "another 1.0"}
    assert check_libc(here, "Reacher-v4") is None
    warning = check_libc(other, "Reacher-v4")
    assert warning is not None
    assert warning.startswith(
        f"worker tcp://there:1: its C library is {here['libc']}, this checkout's is another 1.0"
    )
    with pytest.raises(RefusedWorkerError, match=r"there:1 is refused: .* Ant-v4 has no golden start"):
        check_libc(other, "Ant-v4")
    monkeypatch.setitem(GOLDEN, "Reacher", "0" * 12)
    repeats_golden_start.cache_clear()
    with pytest.raises(RefusedWorkerError, match=r"there:1 is refused: its C library is .*has other bits"):
        check_libc(other, "Reacher-v4")
    repeats_golden_start.cache_clear()
