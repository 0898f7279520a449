"""Statistics of the table over a complete grid of scores, for one grid or many at once.

A statistic takes scores `[..., seed, row, environment]` and gives `[..., row]`, so that resampled and
simulated grids go through the same code as the measured one.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.protocol import PAPER_SETTINGS, in_table_order
from bench.scores import uniform_scores

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Grid:
    """The scores of all combinations of seeds, rows and environments.

    scores: `[seed, row, environment]`
    random: `[environment]`, what uniform actions score.
    seeds, settings, environments: the axes' names.
    """

    scores: Floats
    random: Floats
    seeds: tuple[int, ...]
    settings: tuple[str, ...]
    environments: tuple[str, ...]

    def normalized(self, scores: Floats) -> Floats:
        """Scores on the scale that these very scores set: 0 is random, 1 the best run of the paper's rows."""
        best = scores[..., self._paper_rows, :].max(axis=(-3, -2), keepdims=True)
        return (scores - self.random) / np.abs(best - self.random)

    def mean(self, scores: Floats) -> Floats:
        """The table's score: the mean over all runs of a row."""
        return self.normalized(scores).mean(axis=(-3, -1))

    def interquartile_mean(self, scores: Floats) -> Floats:
        """The mean of the middle half of a row's runs (IQM of Agarwal et al. 2021)."""
        by_row = np.moveaxis(self.normalized(scores), -2, 0)
        runs = np.sort(by_row.reshape(*by_row.shape[:-2], -1), axis=-1)
        cut = runs.shape[-1] // 4
        middle = runs[..., cut : runs.shape[-1] - cut].mean(axis=-1)
        return np.moveaxis(middle, 0, -1)

    def improvement(self, scores: Floats, over: str = "clip-0.2") -> Floats:
        """The probability that a run of a row beats one of another (Agarwal et al. 2021).

        Over all pairs of their runs in an environment, ties counting half; the mean over environments.
        """
        others = scores[..., None, :, self.settings.index(over), None, :]
        ours = scores[..., :, None, :, :]
        wins = (ours > others) + 0.5 * (ours == others)
        return wins.mean(axis=(-4, -3, -1))

    @property
    def _paper_rows(self) -> list[int]:
        return [row for row, setting in enumerate(self.settings) if setting in PAPER_SETTINGS]


def complete_grid(scores: pd.DataFrame, random_scores: pd.DataFrame) -> Grid | None:
    """The grid of a table of scores, or None where a combination is missing or there is one seed.

    scores: columns environment, setting, seed, score.
    random_scores: columns environment, policy, score.
    """
    seeds, environments = sorted(set(scores["seed"])), sorted(set(scores["environment"]))
    settings = in_table_order(scores["setting"])
    if len(scores) != len(seeds) * len(environments) * len(settings) or len(seeds) < 2:
        return None
    axes = pd.MultiIndex.from_product([seeds, settings, environments])
    values = scores.set_index(["seed", "setting", "environment"])["score"].reindex(axes)
    return Grid(
        scores=values.to_numpy().reshape(len(seeds), len(settings), len(environments)),
        random=uniform_scores(random_scores).reindex(environments).to_numpy(),
        seeds=tuple(seeds),
        settings=tuple(settings),
        environments=tuple(environments),
    )
