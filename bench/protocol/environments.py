"""The seven environments of the paper, by their Gymnasium ids, and the versions of them that can be run."""

from typing import Literal, get_args

EnvironmentVersion = Literal["v4", "v5"]
VERSIONS: tuple[str, ...] = get_args(EnvironmentVersion)

# The closest to the paper's `v1` that Gymnasium still registers (README, "Why v4").
ENVIRONMENT_VERSION: EnvironmentVersion = "v4"

# By the time that a step takes, so that the last jobs of a seed are short and no core waits long.
SLOWEST_FIRST: tuple[str, ...] = (
    "Walker2d",
    "Hopper",
    "InvertedDoublePendulum",
    "Swimmer",
    "HalfCheetah",
    "Reacher",
    "InvertedPendulum",
)


def environments_of(version: str) -> tuple[str, ...]:
    """The ids of the seven environments in a version, sorted."""
    return tuple(sorted(f"{name}-{version}" for name in SLOWEST_FIRST))


ENVIRONMENTS = environments_of(ENVIRONMENT_VERSION)


def without_version(environment: str) -> str:
    """An environment's name, such as Hopper."""
    return environment.rpartition("-")[0]


def version_of(environment: str) -> str:
    """An environment's version, such as v4."""
    return environment.rpartition("-")[2]
