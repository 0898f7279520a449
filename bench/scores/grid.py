"""Statistics of the table over a complete grid of scores, for one grid or many at once.

A statistic takes scores `[..., seed, row, environment]` and gives `[..., row]`, or `[..., row, environment]`
where it is of each environment by itself, so that resampled and simulated grids go through the same code as
the measured one.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.settings import BASELINE, PAPER_SETTINGS, in_table_order
from bench.scores.scale import uniform_scores

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
        return self._scaled(scores, scores)

    def mean(self, scores: Floats) -> Floats:
        """The table's score: the mean over all runs of a row."""
        return np.asarray(self.environment_means(scores).mean(axis=-1))

    def environment_means(self, scores: Floats) -> Floats:
        """The mean over a row's runs in each environment, `[..., row, environment]`."""
        # The mean of normalized scores is the normalized mean, which is less work.
        return self._scaled(scores.mean(axis=-3, keepdims=True), scores)[..., 0, :, :]

    def interquartile_mean(self, scores: Floats) -> Floats:
        """The mean of the middle half of a row's runs (IQM of Agarwal et al. 2021)."""
        by_row = np.moveaxis(self.normalized(scores), -2, 0)
        runs = np.sort(by_row.reshape(*by_row.shape[:-2], -1), axis=-1)
        cut = runs.shape[-1] // 4
        middle = runs[..., cut : runs.shape[-1] - cut].mean(axis=-1)
        return np.moveaxis(middle, 0, -1)

    def improvement(self, scores: Floats) -> Floats:
        """The probability that a run of a setting beats one of the baseline (Agarwal et al. 2021).

        Over all pairs of their runs in an environment, ties counting half; the mean over environments.
        """
        return np.asarray(self.environment_improvements(scores).mean(axis=-1))

    def environment_improvements(self, scores: Floats) -> Floats:
        """That probability in each environment, `[..., row, environment]`."""
        others, seeds = scores[..., self.settings.index(BASELINE), :], scores.shape[-3]
        # More wins than losses, in whole numbers; one seed of the other at a time, to save memory.
        balance = sum(np.sign(scores - others[..., [seed], None, :]).sum(axis=-3) for seed in range(seeds))
        return np.asarray(0.5 + 0.5 * balance / seeds**2)

    @property
    def is_whole(self) -> bool:
        """Whether it has all rows and environments of the paper."""
        return set(self.settings) >= set(PAPER_SETTINGS) and self.environments == tuple(sorted(ENVIRONMENTS))

    def of_the_paper(self) -> "Grid":
        """This grid without settings of one's own."""
        rows = self._paper_rows
        settings = tuple(self.settings[row] for row in rows)
        return dataclasses.replace(self, scores=self.scores[:, rows], settings=settings)

    def _scaled(self, values: Floats, scores: Floats) -> Floats:
        """Values on the scale that the scores set."""
        rows = self._paper_rows
        # Without rows of one's own there is nothing to leave out, and nothing to copy.
        paper = scores if len(rows) == len(self.settings) else scores[..., rows, :]
        # One axis after the other, because NumPy is slower over both at once.
        best = paper.max(axis=-3, keepdims=True).max(axis=-2, keepdims=True)
        return np.asarray((values - self.random) / np.abs(best - self.random))

    @property
    def _paper_rows(self) -> list[int]:
        return [row for row, setting in enumerate(self.settings) if setting in PAPER_SETTINGS]


def complete_grid(scores: pd.DataFrame, random_scores: pd.DataFrame) -> Grid | None:
    """The grid of a table of scores, or None where a run of the paper's rows is missing or there is one seed.

    A row of one's own is left out unless it is complete over the seeds and environments of the paper's rows.

    scores: columns environment, setting, seed, score.
    random_scores: columns environment, policy, score.
    """
    paper = scores[scores["setting"].isin(PAPER_SETTINGS)]
    seeds, environments = sorted(set(paper["seed"])), sorted(set(paper["environment"]))
    places = pd.MultiIndex.from_product([seeds, environments])
    runs = scores.pivot(index=["seed", "environment"], columns="setting", values="score").reindex(places)
    settings = in_table_order(runs.columns[runs.notna().all()])
    if not set(paper["setting"]) <= set(settings) or len(seeds) < 2:
        return None
    values = runs[settings].to_numpy().reshape(len(seeds), len(environments), len(settings))
    return Grid(
        scores=np.ascontiguousarray(values.swapaxes(1, 2)),
        random=uniform_scores(random_scores).reindex(environments).to_numpy(),
        seeds=tuple(seeds),
        settings=tuple(settings),
        environments=tuple(environments),
    )
