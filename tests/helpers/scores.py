"""Tables of scores: two settings by hand, and a whole table of random numbers."""

import numpy as np
import pandas as pd

from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.settings import PAPER_SETTINGS
from bench.scores.scale import Grid, find_scale

RANDOM = pd.DataFrame(
    [
        ("A", "uniform", 10.0, 1.0),
        ("A", "untrained", 0.0, 2.0),
        ("B", "uniform", -50.0, 3.0),
        ("B", "untrained", -150.0, 4.0),
    ],
    columns=["environment", "policy", "score", "standard_error"],
)


def scores(values: dict[tuple[str, str, int], float]) -> pd.DataFrame:
    lines = [(*key, value, False) for key, value in values.items()]
    return pd.DataFrame(lines, columns=["environment", "setting", "seed", "score", "diverged"])


TWO_SETTINGS = scores(
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


def table_of(returns: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores and random scores (0) of the paper's settings, from `[setting, environment, seed]`."""
    keys = pd.MultiIndex.from_product(
        [PAPER_SETTINGS, ENVIRONMENTS, range(returns.shape[2])], names=["setting", "environment", "seed"]
    )
    found = pd.DataFrame({"score": returns.flatten(), "diverged": False}, keys).reset_index()
    lines = [(e, policy, 0.0, 0.1) for e in ENVIRONMENTS for policy in ("uniform", "untrained")]
    return found, pd.DataFrame(lines, columns=list(RANDOM))


def grid_of(returns: np.ndarray) -> Grid:
    """The grid of these returns, `[setting, environment, seed]`, where random policies return 0."""
    found, random = table_of(returns)
    return Grid.of(found, find_scale(found, random))


def random_grid(seeds: int, seed: int = 0) -> Grid:
    """A whole table of random scores: settings and environments differ, noise is added."""
    random = np.random.default_rng(seed)
    shape = (len(PAPER_SETTINGS), len(ENVIRONMENTS), 1)
    return grid_of(random.normal(70, 10, shape) + random.normal(0, 10, (*shape[:2], seeds)))
