"""What planned studies share: contrasts of settings, the scopes that they are told for, and conclusions."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from bench.protocol.environments import without_version
from bench.scores.estimates import ALPHA, Estimate, estimate_mean
from bench.scores.pairs import omit_environment
from bench.scores.scale import Floats, Grid


class Contrast(NamedTuple):
    """The mean of the first settings less the mean of the others."""

    first: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def settings(self) -> tuple[str, ...]:
        """The settings on both sides."""
        return self.first + self.others


# The outcomes that are compared: a run's score, and what its final policy returns by mean actions.
SCORE, MEAN_ACTIONS = "score", "mean_actions"
CLIPPING_LESS_PENALTIES = Contrast(("clip-0.1", "clip-0.2"), ("adaptive-kl-0.01", "fixed-kl-1", "fixed-kl-3"))


def find_contrasts(contrasts: Iterable[Contrast], grid: Grid, runs: Floats) -> Estimate:
    """Contrasts of values of runs, `[contrast]`. runs: `[setting, environment, seed]`, as in the grid."""
    means = estimate_mean(runs)
    found = [means[grid.find(each.first)].mean() - means[grid.find(each.others)].mean() for each in contrasts]
    return Estimate(*np.transpose([(each.value, each.variance, each.spread) for each in found]))


def split_by_scope(grid: Grid, runs: Floats) -> dict[str, Floats]:
    """Values of runs in each environment alone, by its id, and over all others as `without Walker2d`.

    runs: `[setting, environment, seed]`, as in the grid.
    """
    scopes = {name: runs[:, [index]] for index, name in enumerate(grid.environments)}
    for index, name in enumerate(map(without_version, grid.environments)):
        if name == "Walker2d":
            scopes[f"without {name}"] = omit_environment(runs, index)
    return scopes


def find_conclusions(
    table: pd.DataFrame, value: str, words: tuple[str, str], bounds: Mapping[str, float]
) -> list[str]:
    """What may be said of each line: one of the words, what is said of a bound, or undecided.

    table: with p_holm, and the ends low_90 and high_90 of the interval of 90 %.
    value: the column whose sign counts where p_holm is below the level.
    words: for a significant value above 0, and below.
    bounds: by what is said of an interval that lies within them, in either direction; the narrowest first.
    """
    significant = table["p_holm"] < ALPHA
    inside = [(table["low_90"] > -bound) & (table["high_90"] < bound) for bound in bounds.values()]
    conditions = [significant & (table[value] > 0), significant, *inside]
    return np.select(conditions, [*words, *bounds], "undecided").tolist()
