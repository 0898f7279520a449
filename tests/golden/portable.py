"""The golden run's start on other machines, emulated or in a chroot: `make portable`.

Each environment's first rollout and update are made there. On an x86-64 processor they must be the stored
ones to the bit, and in three environments also an update by each of the lecture's rules; on another
architecture they must be within the tolerance that the golden test has there. Emulation is fifty times slower
than a processor: all of it takes two or three hours of a core.
"""

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import jax
import numpy as np
from rich.console import Console
from rich.progress import Progress

from bench.protocol.environments import ENVIRONMENTS
from tests.golden import make
from tests.golden.machines import ROOT, Machine, make_machines
from tests.golden.test_golden import SAME_KIND, TOLERANCE, assert_golden_within_tolerance

AGREES, DIFFERENT = 0, 3


def main() -> int:
    """Compare all machines in all environments, a core each; returns the exit status."""
    console = Console(highlight=False, soft_wrap=True)
    with (
        tempfile.TemporaryDirectory(prefix="portable-", ignore_cleanup_errors=True) as folder,
        ThreadPoolExecutor(os.cpu_count()) as pool,
        Progress(console=console, disable=not console.is_terminal, transient=True) as progress,
    ):
        machines = list(make_machines(Path(folder), console.print))
        pairs = [(machine, environment) for machine in machines for environment in ENVIRONMENTS]
        outcomes = {pool.submit(run_on, *pair): pair for pair in pairs}
        agreeing = 0
        for outcome in progress.track(as_completed(outcomes), total=len(pairs), description="comparing"):
            machine, environment = outcomes[outcome]
            agrees, words = outcome.result()
            agreeing += agrees
            console.print(f"{environment} on {machine.name}: {words}")
    print(f"{agreeing} of {len(pairs)} agree with the golden run")
    return 0 if pairs and agreeing == len(pairs) else 1


def run_on(machine: Machine, environment: str) -> tuple[bool, str]:
    """Whether a machine agrees with the golden run in an environment, and the outcome in words."""
    command = [*machine.python, "-m", "tests.golden.portable", environment]
    variables = {**os.environ, **machine.variables}
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    if done.returncode in (AGREES, DIFFERENT):
        return done.returncode == AGREES, done.stdout.strip().splitlines()[-1]
    # The emulator warns of every feature that it lacks.
    lines = [line for line in done.stderr.splitlines() if "TCG doesn't support" not in line]
    return False, f"failed: {lines[-1] if lines else f'exit status {done.returncode}'}"


def compare(environment: str) -> int:
    """Compare this machine with the golden run; prints the outcome in words, and returns the exit status."""
    # The cache may have programs that were compiled outside of the emulator.
    jax.config.update("jax_enable_compilation_cache", False)  # type: ignore[no-untyped-call]
    if SAME_KIND:
        different = find_different(environment)
        print(f"DIFFERENT in {', '.join(different)}" if different else "bit-identical")
        return DIFFERENT if different else AGREES
    try:
        assert_golden_within_tolerance(environment)
    except AssertionError as error:
        print(" ".join(f"DIFFERENT by more than {TOLERANCE:g}: {error}".split()))
        return DIFFERENT
    print(f"within {TOLERANCE:g}")
    return AGREES


def find_different(environment: str) -> list[str]:
    """Make the stored rollout and updates anew; returns the arrays and settings whose bits differ.

    The updates are one of PPO and, where they are stored, one by each of the lecture's rules.
    """
    inputs = make.rollout(environment)
    made = inputs | make.update(environment, inputs)
    stored = make.load(make.inputs_path(environment)) | make.load(make.outputs_path(environment))
    different = [
        name for name, array in stored.items() if array.tobytes() != np.asarray(made[name]).tobytes()
    ]
    updates = json.loads(make.LECTURE.read_text())["updates"].get(environment, {})
    return different + [name for name, stored in updates.items() if make.summary(environment, name) != stored]


if __name__ == "__main__":
    sys.exit(compare(sys.argv[1]) if len(sys.argv) > 1 else main())
