"""The golden run: bit for bit on every x86-64 processor with AVX2 and FMA, within 1e-4 on any other.

The report's first lines say which of the two was tested.
"""

import json
import platform
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from bench.protocol import ENVIRONMENTS, NUMERICS
from bench.provenance import processor_kind
from tests.golden import make

RECORD: dict[str, Any] = json.loads(make.RUNS.read_text())
SAME_KIND = RECORD["processor_kind"] == processor_kind()
TOLERANCE = 1e-4


def load(path: Any) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return dict(file)


def assert_golden_within_tolerance(environment: str) -> None:
    """The first 50 steps and one update from the stored inputs, relative to each array's largest number."""
    inputs = load(make.inputs_path(environment))
    outputs = load(make.outputs_path(environment))
    actual = make.first_steps(environment, inputs) | make.update(environment, inputs)
    steps = {name: inputs[name][: make.FIRST_STEPS] for name in ("observations", "actions", "rewards")}
    for name, stored in (steps | outputs).items():
        # An explained variance is a difference from 1, and may be next to 0.
        scale = max(1.0, np.abs(stored).max()) if name == "explained_variance" else np.abs(stored).max()
        np.testing.assert_allclose(actual[name], stored, rtol=0, atol=TOLERANCE * scale, err_msg=name)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_golden_run(environment: str) -> None:
    assert RECORD["numerics"] == NUMERICS
    if SAME_KIND:
        assert make.csvs(environment) == RECORD["runs"][environment]
    else:
        assert_golden_within_tolerance(environment)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="needs an x86-64 processor to hold back")
def test_another_kind_of_processor_is_within_tolerance() -> None:
    """What the golden test does elsewhere, here with fewer instructions, which moves the bits.

    In two environments; in the others too on a processor that is really another.
    """
    script = (
        "import bench, os\n"
        "os.environ['XLA_FLAGS'] = '--xla_cpu_max_isa=SSE4_2'\n"
        "from tests.golden.test_golden import assert_golden_within_tolerance\n"
        "assert_golden_within_tolerance('HalfCheetah-v4')\n"
        "assert_golden_within_tolerance('Hopper-v4')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
