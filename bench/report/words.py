"""Words for readings of the scale."""

from bench.protocol.protocol import PAPER_SEEDS
from bench.scores.scale import READINGS, Reading

THREE = len(PAPER_SEEDS)


def described(reading: Reading) -> str:
    """A reading of the scale as a heading."""
    return f"{reading.random}, {'best run' if reading.best == 'run' else 'best setting mean'}"


DESCRIBED = {str(reading): described(reading) for reading in READINGS}
