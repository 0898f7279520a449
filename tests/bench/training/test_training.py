"""A run is itself: in any company, on any number of CPUs, whenever repeated; and it diverges alone."""

import math
import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from algorithms.update import Actor
from bench.environments.batch import Environments
from bench.protocol.environments import OTHER_ENVIRONMENTS
from bench.protocol.protocol import Protocol, Run
from bench.protocol.settings import PAPER_SETTINGS, SETTINGS, Setting, no_clipping
from bench.training.collecting import collect
from bench.training.learners import join_actors, start_learners
from bench.training.training import Training, train
from tests.helpers.processes import ROOT, copy_source

pytestmark = pytest.mark.slow

ENVIRONMENT = "Hopper-v4"
PROTOCOL = Protocol(timesteps=3 * 2048)
RUN = Run(ENVIRONMENT, "clip-0.2", 1)


@pytest.fixture(scope="module")
def alone() -> str:
    return train([RUN], PROTOCOL)[0].csv


def csv_of(run: Run, company: list[Run]) -> str:
    return next(result.csv for result in train(company, PROTOCOL) if result.run == run)


def test_a_run_does_not_depend_on_its_company(alone: str) -> None:
    assert len(alone.splitlines()) == 2
    assert csv_of(RUN, [RUN]) == alone
    settings = ("no-clip", "clip-0.2", "adaptive-kl-0.01", "fixed-kl-1")
    assert csv_of(RUN, [Run(ENVIRONMENT, setting, seed) for setting in settings for seed in (0, 1)]) == alone


@pytest.mark.soak
@pytest.mark.parametrize("environment", OTHER_ENVIRONMENTS)
def test_a_run_elsewhere_does_not_depend_on_its_company_either(environment: str) -> None:
    run = Run(environment, "clip-0.2", 1)
    company = [Run(environment, setting, seed) for setting in PAPER_SETTINGS for seed in (0, 1)]
    assert csv_of(run, company) == csv_of(run, [run])


def test_other_seeds_and_rows_give_other_numbers(alone: str) -> None:
    others = [Run(ENVIRONMENT, "clip-0.2", 0), Run(ENVIRONMENT, "clip-0.3", 1)]
    csvs = {alone, *(result.csv for result in train(others, PROTOCOL))}
    assert len(csvs) == 3


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system cannot pin a process to CPUs")
@pytest.mark.soak
@pytest.mark.parametrize("cpus", [1, 2])
def test_the_number_of_cpus_does_not_matter(cpus: int, alone: str) -> None:
    script = (
        f"import os; os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:{cpus}])\n"
        "import tests\n"
        "from tests.bench.training.test_training import *\n"
        "print(train([RUN], PROTOCOL)[0].csv, end='')"
    )
    # Whoever starts us may have set what the bits depend on.
    inherited = {**os.environ, "XLA_FLAGS": "--xla_cpu_enable_fast_math=true", "JAX_ENABLE_X64": "1"}
    inherited.pop("NPROC", None)
    done = subprocess.run(
        [sys.executable, "-c", script], env=inherited, capture_output=True, text=True, check=True
    )
    assert done.stdout == alone


def test_a_shorter_run_is_a_prefix_of_a_longer_one() -> None:
    run = Run("InvertedPendulum-v4", "fixed-kl-1", 0)
    short, long = (train([run], Protocol(timesteps=updates * 2048))[0].csv for updates in (5, 6))
    assert long.startswith(short)
    timesteps = [line.split(",")[0] for line in long.splitlines()]
    assert timesteps == ["timesteps", "10240", "12288"]


def test_a_run_that_diverges_stops_alone(monkeypatch: pytest.MonkeyPatch, alone: str) -> None:
    broken = {**no_clipping(), "kl_coefficient": np.inf}
    monkeypatch.setitem(SETTINGS, "broken", Setting("broken", "A loss that is not a number", "own", broken))
    diverged, healthy = train([Run(ENVIRONMENT, "broken", 1), RUN], PROTOCOL)
    assert diverged.diverged_at == 2048
    first = diverged.csv.splitlines()[1].split(",")
    assert first[0] == "2048"
    assert np.isfinite(float(first[2]))
    assert len(diverged.csv.splitlines()) == 2
    assert healthy.csv == alone
    assert healthy.diverged_at is None


def test_an_action_that_is_not_finite_never_reaches_the_environment() -> None:
    runs = [RUN, Run(ENVIRONMENT, "no-clip", 0)]
    environments = Environments(ENVIRONMENT, [run.seed for run in runs])
    start = environments.observations[1]
    settings = [SETTINGS[run.setting] for run in runs]
    actors, keys = join_actors(start_learners(runs, settings, environments, PROTOCOL))
    poisoned = jax.tree.map(lambda leaf: leaf.at[1].set(jnp.nan), actors.policy)
    actors = Actor(policy=poisoned, statistics=actors.statistics)
    collected = collect(PROTOCOL.hyperparameters, actors, keys, environments, np.ones(2, dtype=bool))
    assert collected.steps.tolist() == [2048, 0]
    np.testing.assert_array_equal(environments._task.positions[1, 1:], start[: len(start) // 2])
    assert np.isfinite(collected.rewards[:, 0]).all()


@pytest.mark.soak
def test_programs_read_back_from_the_cache_give_the_same_bits(tmp_path: Path, alone: str) -> None:
    """A copy of the source has a cache of its own: first empty, then filled by the first process."""
    copy_source(tmp_path)
    source = (
        f"from tests.bench.training.test_training import *; print(train([{RUN!r}], PROTOCOL)[0].csv, end='')"
    )
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"}
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", source],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env=environment,
        )
        assert done.stdout == alone, done.stderr
        assert list((tmp_path / ".cache").glob("*/jit_update-*"))


def test_progress_is_reported_in_steps() -> None:
    reported: list[int] = []
    runs = [RUN, Run(ENVIRONMENT, "no-clip", 1)]
    Training(runs, Protocol(timesteps=1)).advance(math.inf, reported.append)
    assert reported == [2 * 2048]
