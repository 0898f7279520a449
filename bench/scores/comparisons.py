"""The tables that take all of the paper's settings in all environments."""

import numpy as np
import pandas as pd

from bench.scores.grid import Grid
from bench.scores.paper import agreement, figure_3, heterogeneity, predictions
from bench.scores.power import by_seeds, new_tables, seeds_needed
from bench.scores.robustness import robustness, seeds_left_out


def whole_seeds(paper: Grid) -> int:
    """How many runs every one of the paper's settings has in every environment."""
    return int(np.isfinite(paper.returns).sum(axis=-1).min()) if paper.is_whole else 0


def comparisons(paper: Grid, over_time: Grid) -> dict[str, pd.DataFrame]:
    """These tables, by name.

    Those that take a variance need two seeds, and those as of three seeds three. The differences in other
    ways need every run.

    paper, over_time: the paper's settings by their scores; all settings by their mean returns over time.
    """
    seeds = whole_seeds(paper)
    found: dict[str, pd.DataFrame] = {}
    if seeds > 1:
        found |= {"figure_3": figure_3(paper)}
    if seeds > 1 and np.isfinite(paper.returns).all():
        found |= {"robustness": robustness(paper, over_time.only(paper.settings))}
        found |= {"seeds_left_out": seeds_left_out(paper)}
    if seeds > 2:
        found |= {"power": by_seeds(paper), "seeds_needed": seeds_needed(paper)}
        found |= {"predictions": predictions(paper), "agreement": agreement(paper)}
        found |= {"heterogeneity": heterogeneity(paper), "new_tables": new_tables(paper)}
    return found
