"""Other machines for `make portable`: emulated processors, another Debian, another architecture.

Each is a way to run Python in a checkout of this project with its locked packages. Making one needs programs
that may not be there; then what is missing is named, and the machine is left out.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[2]
# The emulator's names of processors, each with AVX2 and FMA.
PROCESSORS = {"Haswell": "Intel", "EPYC-Milan": "AMD", "Dhyana": "Hygon"}
# The C libraries that the wheels of the locked packages are built for.
LIBRARIES = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_26", "manylinux_2_17", "manylinux2014")
# A chroot with the processes of this machine, by which programs learn its processor. `$0` is its folder.
CHROOT = (
    'mount --types proc proc "$0/proc" && '
    'exec chroot "$0" env --chdir=/checkout PYTHONPATH=/packages python3 "$@"'
)


class MissingError(Exception):
    """A machine can't be made: its message says which and why, in a line."""


@dataclass(frozen=True)
class Machine:
    """A machine that runs Python.

    name: for people.
    python: the command that stands for `python`; it is run in this checkout.
    variables: what its environment has besides this process's.
    """

    name: str
    python: tuple[str, ...]
    variables: dict[str, str] = field(default_factory=dict)


def make_machines(folder: Path, tell: Callable[[str], None]) -> Iterator[Machine]:
    """All machines that can be made here, one after the other; a line is told for each that can't.

    folder: an empty one for their files, of some gigabytes.
    """
    emulated = (partial(emulate_processor, processor) for processor in PROCESSORS)
    systems = (partial(make_debian_13, folder / "debian"), partial(make_arm, folder / "arm"))
    for make in (*emulated, *systems):
        try:
            yield make()
        except MissingError as missing:
            tell(f"left out: {missing}")


def emulate_processor(processor: str) -> Machine:
    """A processor of `PROCESSORS`, emulated, with this Python and its packages."""
    name = f"{PROCESSORS[processor]} {processor}"
    _require(name, "qemu-x86_64")
    return Machine(name, ("qemu-x86_64", "-cpu", processor, sys.executable))


def make_debian_13(folder: Path) -> Machine:
    """Debian 13 in a chroot, with its own Python and C library, on this processor."""
    name = "Debian 13"
    _require(name, "debootstrap", "unshare", root=True)
    _run(name, "debootstrap", "--variant=minbase", "--include=python3", "trixie", str(folder))
    _install(name, folder / "packages", "x86_64", _python_of(folder))
    for part in ("algorithms", "bench", "tests", "pyproject.toml"):
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        (folder / "checkout").mkdir(exist_ok=True)
        copy(ROOT / part, folder / "checkout" / part)
    return Machine(name, ("unshare", "--mount", "sh", "-c", CHROOT, str(folder)))


def make_arm(folder: Path) -> Machine:
    """Debian 12 on aarch64, emulated: its packages are unpacked, and none of their scripts is run."""
    name = "Debian 12 on aarch64"
    _require(name, "debootstrap", "dpkg-deb", "qemu-aarch64", root=True)
    options = ("--arch=arm64", "--foreign", "--variant=minbase", "--include=python3")
    _run(name, "debootstrap", *options, "bookworm", str(folder))
    for package in (folder / "var/cache/apt/archives").glob("*.deb"):
        _run(name, "dpkg-deb", "--extract", str(package), str(folder))
    _install(name, folder / "packages", "aarch64", _python_of(folder))
    python = ("qemu-aarch64", "-L", str(folder), str(folder / "usr/bin/python3"))
    packages = folder / "packages"
    # Named, because the package `glfw` would start this Python once more to try it, which no kernel can.
    window_library = packages / "glfw/x11/libglfw.so"
    return Machine(name, python, {"PYTHONPATH": str(packages), "PYGLFW_LIBRARY": str(window_library)})


def _python_of(folder: Path) -> str:
    """The version of a Debian's Python, such as 3.13."""
    return (folder / "usr/bin/python3").readlink().name.removeprefix("python")


def _install(name: str, folder: Path, architecture: str, version: str) -> None:
    """Put the locked packages into a folder, as they are for another Python or architecture."""
    platforms = [f"--platform={library}_{architecture}" for library in LIBRARIES]
    options = ("--quiet", "--no-deps", "--only-binary=:all:", f"--python-version={version}", *platforms)
    requirements = ("--requirement", str(ROOT / "requirements.lock"), "--target", str(folder))
    _run(name, sys.executable, "-m", "pip", "install", *options, *requirements)


def _require(name: str, *programs: str, root: bool = False) -> None:
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        raise MissingError(f"{name} needs {', '.join(missing)}")
    if root and os.geteuid() != 0:
        raise MissingError(f"{name} needs root")


def _run(name: str, *command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise MissingError(
            f"{name}: {Path(command[0]).name} failed: {lines[-1] if lines else done.returncode}"
        )
