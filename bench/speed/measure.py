"""The cost of an environment step: training beside bare physics and other libraries, in turns on one core.

All numbers are microseconds per environment step. The suite trains 33 runs at once, eleven settings of three
seeds. Bare physics is `mujoco.mj_step` with the environment's frame skip: one simulation that repeats what
those runs did. The other libraries train one run, as `bench.speed.peers` has it.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import metadata
from importlib.util import find_spec
from typing import NamedTuple, NoReturn

import mujoco
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from bench.common.errors import UserError
from bench.environments.batch import Environments, Steps
from bench.protocol.protocol import DEFAULT, PAPER_SEEDS
from bench.protocol.selection import Selection
from bench.protocol.settings import PAPER_SETTINGS
from bench.speed import peers
from bench.training.training import Training

REPETITIONS = 5
# The libraries to compare with, each with the packages whose versions are recorded.
PEERS = {"stable-baselines3": ("stable-baselines3", "torch"), "sbx": ("sbx-rl", "jax")}
COLUMNS = (
    *("environment", "system", "microseconds_per_step", "low", "high", "repetitions"),
    *("environment_part", "acting_part", "learning_part"),
)


class RecordedEnvironments(Environments):
    """Environments that record how long their steps take, and what bare physics needs to repeat them.

    seconds: spent stepping since `record`.
    actions: of each step since then, `[run, action]`.
    warmstarts: MuJoCo's `qacc_warmstart` of each run at `record`, `[run, joint]`.
    starts: of each run, where `record` found it and where its episodes began: the index of the next step,
        positions and velocities.
    """

    def record(self) -> None:
        """Begin a new record, from where the simulations are."""
        self.seconds = 0.0
        self.actions: list[NDArray[np.float32]] = []
        self.warmstarts = self._warmstarts.copy()
        self.starts = [[(0, *self._state(run))] for run in range(len(self.observations))]

    def step(self, actions: NDArray[np.float32], active: NDArray[np.bool_]) -> Steps:
        """As `Environments.step`, and record it."""
        self.actions.append(actions)
        start = time.perf_counter()
        steps = super().step(actions, active)
        self.seconds += time.perf_counter() - start
        for run in np.flatnonzero(steps.ends).tolist():
            self.starts[run].append((len(self.actions), *self._state(run)))
        return steps

    def replay(self) -> float:
        """Seconds that bare physics takes for the recorded steps; resets are not counted.

        Raises:
            AssertionError: when a simulation does not end where the recorded one did.
        """
        model, frame_skip = self._mujoco.model, self._mujoco.frame_skip
        data = mujoco.MjData(model)
        controls = np.array(self.actions, np.float64)
        seconds = 0.0
        for run, starts in enumerate(self.starts):
            ends = [*(start for start, _, _ in starts[1:]), len(controls)]
            for (first, positions, velocities), end in zip(starts, ends, strict=True):
                mujoco.mj_resetData(model, data)
                data.qpos, data.qvel = positions, velocities
                if first == 0:
                    data.qacc_warmstart = self.warmstarts[run]
                commands = list(controls[first:end, run])
                control = data.ctrl
                clock = time.perf_counter()
                for command in commands:
                    control[:] = command
                    mujoco.mj_step(model, data, frame_skip)
                seconds += time.perf_counter() - clock
            np.testing.assert_array_equal(data.qpos, self._state(run)[0])
        return seconds

    def _state(self, run: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self._task.positions[run].copy(), self._task.velocities[run].copy()


class Split(NamedTuple):
    """Microseconds per environment step of each part of an update."""

    environment: float
    acting: float
    learning: float


class Suite:
    """This suite's training of the paper's settings and seeds in one environment."""

    def __init__(self, environment: str) -> None:
        """Train for some updates, of which the first compiles."""
        runs = Selection((environment,), PAPER_SETTINGS, PAPER_SEEDS).runs
        self._training = Training(runs, DEFAULT)
        self.environments = RecordedEnvironments(environment, [run.seed for run in runs])
        self._training.environments = self.environments
        for _ in range(peers.WARM_UP):
            self.update()

    def update(self) -> Split:
        """Make one update of all runs, from acting to the log."""
        self.environments.record()
        start = time.perf_counter()
        collected = self._training.collect()
        middle = time.perf_counter()
        self._training.learn(collected)
        end = time.perf_counter()
        stepping = self.environments.seconds
        microseconds = 1e6 / collected.ends.size
        return Split(*(part * microseconds for part in (stepping, middle - start - stepping, end - middle)))

    def physics(self) -> float:
        """Microseconds per step of bare physics that repeats the last update."""
        steps = len(self.environments.actions) * len(self.environments.starts)
        return self.environments.replay() * 1e6 / steps


class Peer:
    """Another library's PPO, in a process of its own that waits until it is asked for an iteration."""

    def __init__(self, library: str, environment: str) -> None:
        """Start the process, and wait until it has made its first iterations."""
        ours = ("JAX_", "XLA_")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        inherited.pop("NPROC", None)
        inherited |= {"OMP_NUM_THREADS": "1", "JAX_PLATFORMS": "cpu"}
        self._process = subprocess.Popen(
            [sys.executable, "-P", peers.__file__, library, environment],
            env=inherited,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        if self._answer() != peers.READY:
            self._fail()

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.communicate()

    def iteration(self) -> float:
        """Microseconds per step of one more iteration."""
        assert self._process.stdin
        try:
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            self._fail()
        return float(self._answer()) * 1e6 / peers.WORK["n_steps"]

    def _answer(self) -> str:
        assert self._process.stdout
        answer = self._process.stdout.readline().strip()
        return answer or self._fail()

    def _fail(self) -> NoReturn:
        self._process.kill()
        self._process.communicate()
        command = " ".join(map(str, self._process.args))  # type: ignore[arg-type]
        raise UserError(f"a library to compare with fails; to see why: {command}")


def installed_peers() -> list[str]:
    """Those of the libraries to compare with that are installed."""
    return [library for library in PEERS if find_spec(library.replace("-", "_"))]


def versions(libraries: Iterable[str]) -> dict[str, str]:
    """The versions of these libraries' packages."""
    return {package: metadata.version(package) for library in libraries for package in PEERS[library]}


@contextmanager
def cores(count: int) -> Iterator[None]:
    """Keep this thread and the processes that it starts on `count` cores, where the system can do that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    everything = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(everything)[-count:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, everything)


def measure_costs(environments: Sequence[str], libraries: Sequence[str], console: Console) -> pd.DataFrame:
    """All systems in all environments, in turns: medians of the repetitions, columns `COLUMNS`.

    Raises:
        UserError: when a library fails.
    """
    tables = []
    with cores(1), Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        for environment in progress.track(environments, description="measuring"):
            tables.append(_measure_environment(environment, libraries))
            if not console.is_terminal:
                console.print(f"{environment} measured")
    return pd.concat(tables, ignore_index=True)


def _measure_environment(environment: str, libraries: Sequence[str]) -> pd.DataFrame:
    splits: list[Split] = []
    costs: dict[str, list[float]] = {name: [] for name in ("physics", "suite", *libraries)}
    with ExitStack() as stack:
        others = {library: stack.enter_context(Peer(library, environment)) for library in libraries}
        suite = Suite(environment)
        for _ in range(REPETITIONS):
            splits.append(suite.update())
            costs["suite"].append(sum(splits[-1]))
            costs["physics"].append(suite.physics())
            for library, peer in others.items():
                costs[library].append(peer.iteration())
    parts = pd.DataFrame(splits).median().add_suffix("_part")
    lines = [
        {
            "environment": environment,
            "system": system,
            "microseconds_per_step": np.median(values),
            "low": min(values),
            "high": max(values),
            "repetitions": len(values),
            **(parts if system == "suite" else {}),
        }
        for system, values in costs.items()
    ]
    return pd.DataFrame(lines, columns=list(COLUMNS))
