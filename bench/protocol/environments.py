"""The seven environments of the paper, by their Gymnasium ids."""

# The closest to the paper's `v1` that Gymnasium still registers (README, "Why v4").
ENVIRONMENT_VERSION = "v4"

# By the time that a step takes, so that the last jobs of a seed are short and no core waits long.
SLOWEST_FIRST: tuple[str, ...] = tuple(
    f"{name}-{ENVIRONMENT_VERSION}"
    for name in (
        "Walker2d",
        "Hopper",
        "InvertedDoublePendulum",
        "Swimmer",
        "HalfCheetah",
        "Reacher",
        "InvertedPendulum",
    )
)

ENVIRONMENTS: tuple[str, ...] = tuple(sorted(SLOWEST_FIRST))


def without_version(environment: str) -> str:
    """An environment's name for a title, such as Hopper."""
    return environment.rpartition("-")[0]
