"""The environments by their Gymnasium ids: the paper's seven in each version, and others."""

from typing import Literal

EnvironmentVersion = Literal["v4", "v5"]

# The versions, each with a sentence for people.
VERSIONS: dict[EnvironmentVersion, str] = {
    "v4": "Gymnasium's v4 environments, the closest to the paper's v1 that it still registers.",
    "v5": "Gymnasium's v5 environments. Unlike v4's, Hopper, Walker2d, InvertedPendulum and"
    " InvertedDoublePendulum pay no bonus in the step that terminates; Walker2d's right foot has the friction"
    " of its left, 1.9 instead of 0.9; Reacher pays for the distance after the step instead of before it; and"
    " numbers that are always 0 are not observed in Reacher and InvertedDoublePendulum.",
}

ENVIRONMENT_VERSION: EnvironmentVersion = "v4"

# Those of the paper, by the time that a step takes, the slowest first.
PAPER_ENVIRONMENTS: tuple[str, ...] = (
    "Walker2d",
    "Hopper",
    "InvertedDoublePendulum",
    "Swimmer",
    "HalfCheetah",
    "Reacher",
    "InvertedPendulum",
)

# Others, by their ids, likewise. A command means them only when they are named.
OTHER_ENVIRONMENTS: tuple[str, ...] = ("Humanoid-v4", "Humanoid-v5", "Ant-v4", "Ant-v5")


def environments_of(version: str) -> tuple[str, ...]:
    """The ids of the paper's seven environments in a version, sorted."""
    return tuple(sorted(f"{name}-{version}" for name in PAPER_ENVIRONMENTS))


def all_environments_of(version: str) -> tuple[str, ...]:
    """The ids of all environments of a version: the paper's first, each part sorted."""
    others = sorted(name for name in OTHER_ENVIRONMENTS if version_of(name) == version)
    return (*environments_of(version), *others)


def without_version(environment: str) -> str:
    """An environment's name, such as Hopper."""
    return environment.rpartition("-")[0]


def version_of(environment: str) -> str:
    """An environment's version, such as v4."""
    return environment.rpartition("-")[2]


ENVIRONMENTS = environments_of(ENVIRONMENT_VERSION)

# The names of all, so that the last jobs of a seed are short and no core waits long.
SLOWEST_FIRST = tuple(dict.fromkeys([*map(without_version, OTHER_ENVIRONMENTS), *PAPER_ENVIRONMENTS]))
