"""Which settings the videos of a results folder show."""

from bench.protocol.environments import without_version
from bench.protocol.settings import BASELINE, UNCONSTRAINED
from bench.report.postures import ON_ITS_BACK

# The setting left of the clipped objective. Without a constraint the robot falls, or turns as fast as it can.
BESIDE = {
    "HalfCheetah": ON_ITS_BACK,
    "Hopper": UNCONSTRAINED,
    "Reacher": UNCONSTRAINED,
    "Walker2d": UNCONSTRAINED,
}


def filmed(environment: str) -> tuple[str, ...]:
    """The settings whose policies an environment's video shows, from left to right."""
    beside = BESIDE.get(without_version(environment))
    return (beside, BASELINE) if beside else (BASELINE,)
