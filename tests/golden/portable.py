"""The golden run's start on emulated processors of several makers: `make portable`.

Each environment's first rollout and update are made under emulation, compiled there too, and must be the
stored ones to the bit; in three of them also an update by each of the lecture's rules. Emulation is fifty
times slower than a processor: it takes an hour or two of a core.
"""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed

import jax
import numpy as np
from rich.console import Console
from rich.progress import Progress

from bench.protocol.environments import ENVIRONMENTS
from tests.golden import make

EMULATOR = "qemu-x86_64"
# Names of the emulator's, each with AVX2 and FMA.
PROCESSORS = {"Haswell": "Intel", "EPYC-Milan": "AMD", "Dhyana": "Hygon"}
SAME, DIFFERENT = 0, 3


def main() -> int:
    """Emulate all processors in all environments, a core each; returns the exit status."""
    console = Console(highlight=False)
    if shutil.which(EMULATOR) is None:
        print(f"error: {EMULATOR} is needed: install the package qemu-user", file=sys.stderr)
        return 1
    failed = []
    with (
        ThreadPoolExecutor(os.cpu_count()) as pool,
        Progress(console=console, disable=not console.is_terminal, transient=True) as progress,
    ):
        pairs = [(processor, environment) for processor in PROCESSORS for environment in ENVIRONMENTS]
        outcomes = {pool.submit(_emulate, *pair): pair for pair in pairs}
        for outcome in progress.track(as_completed(outcomes), total=len(pairs), description="emulating"):
            processor, environment = outcomes[outcome]
            console.print(f"{environment} on {PROCESSORS[processor]} {processor}: {outcome.result()}")
            if outcome.result() != "bit-identical":
                failed.append((processor, environment))
    print(f"{len(pairs) - len(failed)} of {len(pairs)} bit-identical to the golden run")
    return 1 if failed else 0


def _emulate(processor: str, environment: str) -> str:
    """What comes of one environment on one processor, in words."""
    command = [EMULATOR, "-cpu", processor, sys.executable, "-m", "tests.golden.portable", environment]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == SAME:
        return "bit-identical"
    if done.returncode == DIFFERENT:
        return f"DIFFERENT in {done.stdout.strip()}"
    # The emulator warns of every feature that it lacks.
    lines = [line for line in done.stderr.splitlines() if "TCG doesn't support" not in line]
    return f"failed: {lines[-1] if lines else f'exit status {done.returncode}'}"


def compare(environment: str) -> int:
    """Make the stored rollout and updates anew on this processor; prints the arrays and settings that differ.

    The updates are one of PPO and, where they are stored, one by each of the lecture's rules.
    """
    # The cache may have programs that were compiled outside of the emulator.
    jax.config.update("jax_enable_compilation_cache", False)  # type: ignore[no-untyped-call]
    inputs = make.rollout(environment)
    made = inputs | make.update(environment, inputs)
    stored = make.load(make.inputs_path(environment)) | make.load(make.outputs_path(environment))
    different = [
        name for name, array in stored.items() if array.tobytes() != np.asarray(made[name]).tobytes()
    ]
    updates = json.loads(make.LECTURE.read_text())["updates"].get(environment, {})
    different += [name for name, stored in updates.items() if make.summary(environment, name) != stored]
    print(", ".join(different))
    return DIFFERENT if different else SAME


if __name__ == "__main__":
    sys.exit(compare(sys.argv[1]) if len(sys.argv) > 1 else main())
