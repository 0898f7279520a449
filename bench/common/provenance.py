"""Where a number comes from: software, source and processor, and which command made it when."""

import hashlib
import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from bench.common.errors import printable

PACKAGES = ("jax", "jaxlib", "flax", "optax", "numpy", "gymnasium", "mujoco")

# The instructions that a run's bits are made of on x86-64 (bench.training.determinism).
PORTABLE_FLAGS = {"avx2", "fma"}

# What sets one kind of processor apart; its name alone does not, because virtual machines mask features.
_CPUINFO_FIELDS = ("vendor_id", "cpu family", "model", "CPU implementer", "CPU part")
_CPUINFO_FLAGS = ("flags", "Features")


@cache
def provenance() -> dict[str, Any]:
    """Return versions, git commit (with `-dirty` where files differ) and processor of this process."""
    libc = " ".join(platform.libc_ver())  # MuJoCo takes its sines from it
    return {
        "git_commit": _output("git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*") or None,
        "versions": {"python": platform.python_version(), "libc": libc}
        | {package: metadata.version(package) for package in PACKAGES},
        "processor": {
            "kind": processor_kind(),
            "model": processor_model(),
            "name": printable(_processor_name()),
        },
    }


def completion() -> dict[str, str]:
    """Return what a campaign adds to the provenance of a run when it is done.

    finished: The time, UTC, in ISO 8601 to the second.
    command: The command line of this process, quoted for a shell: the program without its path, and the
        arguments as they were typed.
    """
    program, *arguments = sys.argv
    path = Path(program)
    # What `python -m` starts is known by its folder.
    words = ["python", "-m", path.parent.name] if path.name == "__main__.py" else [path.name]
    return {
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": printable(shlex.join([*words, *arguments])),
    }


def processor_of(record: Mapping[str, Any]) -> str:
    """Return the name of the processor in a record of `provenance`, and its model where that is recorded."""
    processor = record["processor"]
    return " ".join(processor[field] for field in ("name", "model") if field in processor)


@cache
def processor_kind() -> str:
    """Return the kind of this processor: on all processors of a kind a run has the same bits.

    Under Linux all x86-64 processors with AVX2 and FMA are one kind. Anything else is known to repeat its own
    model's bits only.
    """
    here = (platform.system(), platform.machine())
    if here == ("Linux", "x86_64") and set(_processor_features()) >= PORTABLE_FLAGS:
        return "linux-x86_64-avx2-fma"
    return processor_model()


@cache
def processor_model() -> str:
    """Return the architecture and a hash of maker, family, model and CPU flags."""
    features = "\n".join([platform.system(), platform.machine(), *_processor_features()])
    digest = hashlib.sha256(features.encode()).hexdigest()[:12]
    return f"{platform.machine()}-{digest}"


def _processor_features() -> list[str]:
    if platform.system() == "Darwin":
        return _output("sysctl", "-n", "machdep.cpu.brand_string").splitlines()
    fields = _cpuinfo()
    flags = " ".join(fields.get(name, "") for name in _CPUINFO_FLAGS).split()
    return [fields.get(name, "") for name in _CPUINFO_FIELDS] + sorted(flags)


def _processor_name() -> str:
    if platform.system() == "Darwin":
        return _output("sysctl", "-n", "machdep.cpu.brand_string")
    return _cpuinfo().get("model name", platform.machine())


def _cpuinfo() -> dict[str, str]:
    """Return the fields of the first processor in Linux's /proc/cpuinfo."""
    first, *_ = Path("/proc/cpuinfo").read_text().split("\n\n")
    pairs = (line.split(":", 1) for line in first.splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, value in pairs}


def _output(*command: str) -> str:
    """Run a command in the source's folder; return what it prints, or nothing where it fails."""
    try:
        completed = subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return completed.stdout.strip() if completed.returncode == 0 else ""
