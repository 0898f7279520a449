"""The golden run: bit for bit on every x86-64 processor with AVX2 and FMA, within 1e-4 on any other.

The report's first lines say which of the two was tested.
"""

import json
import os
import platform
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from bench.common.files import digest
from bench.common.provenance import processor_kind
from bench.protocol.environments import ENVIRONMENTS, without_version
from bench.protocol.protocol import NUMERICS
from bench.protocol.settings import BASELINE
from bench.training.start import GOLDEN, UPDATES
from tests.golden import make
from tests.helpers.soak import mark_soak

pytestmark = pytest.mark.slow

RECORD: dict[str, Any] = json.loads(make.RUNS.read_text())
LECTURE: dict[str, Any] = json.loads(make.LECTURE.read_text())
SAME_KIND = RECORD["processor_kind"] == processor_kind()
TOLERANCE = 1e-4


def assert_golden_within_tolerance(environment: str) -> None:
    """The first 50 steps and one update from the stored inputs, relative to each array's largest number."""
    inputs = make.load(make.inputs_path(environment))
    outputs = make.load(make.outputs_path(environment))
    actual = make.first_steps(environment, inputs) | make.update(environment, inputs)
    steps = {name: inputs[name][: make.FIRST_STEPS] for name in ("observations", "actions", "rewards")}
    for name, stored in (steps | outputs).items():
        # An explained variance is a difference from 1, and may be next to 0.
        scale = max(1.0, np.abs(stored).max()) if name == "explained_variance" else np.abs(stored).max()
        np.testing.assert_allclose(actual[name], stored, rtol=0, atol=TOLERANCE * scale, err_msg=name)


def assert_lecture_within_tolerance(environment: str) -> None:
    """The diagnostics of one update from the stored inputs."""
    for setting in make.ONE_OF_EACH_RULE:
        stored = LECTURE["updates"][environment][setting]
        actual = make.summary(environment, setting)
        for name in stored.keys() - {"sha256"}:
            near_zero = TOLERANCE if name == "explained_variance" else 0.0
            expected = pytest.approx(stored[name], rel=TOLERANCE, abs=near_zero)
            assert actual[name] == expected, f"{setting} {name}"


# With one dimension of actions and with six, and with sines and distances.
TRIED = ("InvertedPendulum-v4", "InvertedDoublePendulum-v4", "Reacher-v4", "HalfCheetah-v4")


@pytest.mark.parametrize("environment", [*TRIED, *mark_soak(sorted({*ENVIRONMENTS}.difference(TRIED)))])
def test_golden_run(environment: str) -> None:
    assert RECORD["numerics"] == NUMERICS
    if SAME_KIND:
        assert make.csvs(environment) == RECORD["runs"][environment]
    else:
        assert_golden_within_tolerance(environment)


def test_workers_are_compared_by_this_golden_run() -> None:
    csvs = {without_version(name): settings[BASELINE] for name, settings in RECORD["runs"].items()}
    assert {name: digest(csv)[:12] for name, csv in csvs.items()} == GOLDEN
    assert UPDATES * make.PROTOCOL.hyperparameters.horizon == make.PROTOCOL.steps


@pytest.mark.soak
@pytest.mark.parametrize("environment", ["HalfCheetah-v4", "Hopper-v4"])
def test_golden_run_of_the_lecture_s_settings(environment: str) -> None:
    """InvertedPendulum's are in `tests/bench/training/test_lecture.py`."""
    assert LECTURE["numerics"] == NUMERICS
    if SAME_KIND:
        assert make.csvs(environment, make.LECTURE_RUNS[environment]) == LECTURE["runs"][environment]
    else:
        assert_lecture_within_tolerance(environment)


# What libraries may choose by processor, chosen as on an old one.
HELD_BACK = {
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX512VL",
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "OPENBLAS_CORETYPE": "Nehalem",
}


# The two environments with sines and distances; and the lecture's rules in one with six actions.
REACHER_HELD_BACK, PENDULUM_HELD_BACK = (
    f"assert make.csvs('{environment}') == RECORD['runs']['{environment}']"
    for environment in ("Reacher-v4", "InvertedDoublePendulum-v4")
)
LECTURE_HELD_BACK = """
for setting, csv in make.csvs('HalfCheetah-v4', make.ONE_OF_EACH_RULE).items():
    assert csv == LECTURE['runs']['HalfCheetah-v4'][setting]
"""


@pytest.mark.skipif(not SAME_KIND, reason="needs a processor that gives the golden run's bits")
@pytest.mark.parametrize(
    "comparison", [REACHER_HELD_BACK, *mark_soak([PENDULUM_HELD_BACK, LECTURE_HELD_BACK])]
)
def test_no_library_that_chooses_by_processor_takes_part(comparison: str) -> None:
    """`make portable` emulates processors for all environments."""
    script = f"import tests\nfrom tests.golden.test_golden import *\n{comparison}"
    done = run_python(script, **HELD_BACK)
    assert done.returncode == 0, done.stderr


@pytest.mark.soak
@pytest.mark.skipif(platform.machine() != "x86_64", reason="needs an x86-64 processor to hold back")
def test_another_kind_of_processor_is_within_tolerance() -> None:
    """What the golden test does on another kind, here with fewer instructions, which moves the bits."""
    script = (
        "import os, sys, tests\n"
        "os.environ['XLA_FLAGS'] = '--xla_cpu_max_isa=SSE4_2'\n"
        "from tests.golden.test_golden import *\n"
        "for environment in sys.argv[1:]:\n"
        "    assert_golden_within_tolerance(environment)\n"
        "assert_lecture_within_tolerance('Hopper-v4')\n"
    )
    done = run_python(script, "HalfCheetah-v4")
    assert done.returncode == 0, done.stderr


def run_python(script: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(
        command, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
