"""The golden start: three updates of a run, whose bits tell whether a machine computes as ours did."""

from functools import cache

from bench.common.files import digest
from bench.protocol.environments import ENVIRONMENT_VERSION, without_version
from bench.protocol.protocol import DEFAULT, Protocol, Run
from bench.protocol.settings import BASELINE
from bench.training.training import train

UPDATES = 3
# The first digits of the hash of the baseline's CSV, of seed 0. `tests/golden` has these CSVs.
GOLDEN = {
    "HalfCheetah": "71ad337c6a05",
    "Hopper": "2046603291ff",
    "InvertedDoublePendulum": "43b20ee6ca7d",
    "InvertedPendulum": "a3071bac2e0a",
    "Reacher": "7d6bc06afa83",
    "Swimmer": "1cb034a1d57e",
    "Walker2d": "95548686a7fd",
}


@cache
def repeats_golden_start(environment: str) -> bool:
    """Whether this process repeats the golden start to the bit. It takes some seconds of a core.

    environment: Its id, of any version; the golden start is of the default one.
    """
    name = without_version(environment)
    protocol = Protocol(timesteps=UPDATES * DEFAULT.hyperparameters.horizon)
    (result,) = train([Run(f"{name}-{ENVIRONMENT_VERSION}", BASELINE, 0)], protocol)
    return digest(result.csv).startswith(GOLDEN[name])
