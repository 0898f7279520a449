"""`make portable` names the machines that can't be made here, and tells what became of the others."""

import sys
from pathlib import Path

import pytest

from tests.golden.machines import Machine, make_machines
from tests.golden.portable import run_on
from tests.golden.test_golden import SAME_KIND


def test_each_machine_that_lacks_a_program_is_named_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    told: list[str] = []
    assert list(make_machines(tmp_path / "machines", told.append)) == []
    assert told == [
        "left out: Intel Haswell needs qemu-x86_64",
        "left out: AMD EPYC-Milan needs qemu-x86_64",
        "left out: Hygon Dhyana needs qemu-x86_64",
        "left out: Debian 13 needs debootstrap, unshare",
        "left out: Debian 12 on aarch64 needs debootstrap, dpkg-deb, qemu-aarch64",
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_machine_whose_python_fails_does_not_agree() -> None:
    assert run_on(Machine("broken", ("false",)), "Reacher-v4") == (False, "failed: exit status 1")


@pytest.mark.soak
@pytest.mark.skipif(not SAME_KIND, reason="needs a processor that gives the golden run's bits")
def test_this_machine_agrees() -> None:
    here = Machine("this", (sys.executable,))
    assert run_on(here, "Reacher-v4") == (True, "bit-identical")
