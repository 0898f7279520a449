"""Contrasts that studies planned before their runs: the mean of some settings less the mean of others."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from bench.scores.estimates import Estimate, estimate_mean
from bench.scores.scale import Floats, Grid


class Contrast(NamedTuple):
    """The mean of the first settings less the mean of the others."""

    first: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def settings(self) -> tuple[str, ...]:
        """All of them."""
        return self.first + self.others


CLIPPING_LESS_PENALTIES = Contrast(("clip-0.1", "clip-0.2"), ("adaptive-kl-0.01", "fixed-kl-1", "fixed-kl-3"))


def find_contrasts(contrasts: Iterable[Contrast], grid: Grid, runs: Floats) -> Estimate:
    """Contrasts of values of runs, `[contrast]`. runs: `[setting, environment, seed]`, as in the grid."""
    means = estimate_mean(runs)
    found = [means[grid.find(each.first)].mean() - means[grid.find(each.others)].mean() for each in contrasts]
    return Estimate(
        *(np.stack([getattr(one, name) for one in found]) for name in ("value", "variance", "spread"))
    )
