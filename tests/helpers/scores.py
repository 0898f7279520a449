"""Tables of scores: two rows by hand, and a whole table of random numbers."""

import numpy as np
import pandas as pd

from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.settings import PAPER_SETTINGS
from bench.scores.grid import Grid

RANDOM = pd.DataFrame(
    [
        ("A", "uniform", 10.0),
        ("A", "untrained", 0.0),
        ("B", "uniform", -50.0),
        ("B", "untrained", -150.0),
    ],
    columns=["environment", "policy", "score"],
)


def scores(values: dict[tuple[str, str, int], float]) -> pd.DataFrame:
    lines = [(*key, value, False) for key, value in values.items()]
    return pd.DataFrame(lines, columns=["environment", "setting", "seed", "score", "diverged"])


TWO_ROWS = scores(
    {
        ("A", "clip-0.1", 0): 110.0,
        ("A", "clip-0.1", 1): 60.0,
        ("A", "clip-0.2", 0): 80.0,
        ("A", "clip-0.2", 1): 100.0,
        ("B", "clip-0.1", 0): -50.0,
        ("B", "clip-0.1", 1): -30.0,
        ("B", "clip-0.2", 0): 50.0,
        ("B", "clip-0.2", 1): -150.0,
    }
)


def random_grid(seeds: int, seed: int = 0) -> Grid:
    """A whole table of random scores: rows and environments differ, noise is added."""
    random = np.random.default_rng(seed)
    rows = random.normal(70, 10, (len(PAPER_SETTINGS), len(ENVIRONMENTS)))
    noise = random.normal(0, 10, (seeds, len(PAPER_SETTINGS), len(ENVIRONMENTS)))
    zero = random.normal(0, 1, len(ENVIRONMENTS))
    return Grid(rows + noise, zero, tuple(range(seeds)), PAPER_SETTINGS, ENVIRONMENTS)
