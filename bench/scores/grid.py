"""The runs of several settings as an array, and their scores under every reading of the scale."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.protocol.environments import SLOWEST_FIRST, without_version
from bench.protocol.settings import PAPER_SETTINGS, in_table_order
from bench.scores.scale import READINGS, Floats, Reading, of_three


@dataclass(frozen=True)
class Grid:
    """Returns of runs, and the scale on which they are compared.

    returns: `[setting, environment, seed]`, NaN where there is no run.
    scale: as `scale_of` has it.
    settings, environments, seeds: the axes' names.
    """

    returns: Floats
    scale: pd.DataFrame
    settings: tuple[str, ...]
    environments: tuple[str, ...]
    seeds: tuple[int, ...]

    @classmethod
    def of(cls, scores: pd.DataFrame, scale: pd.DataFrame, column: str = "score") -> "Grid":
        """The grid of a table with the columns environment, setting, seed and that of the returns."""
        settings, environments = in_table_order(scores["setting"]), sorted(scores["environment"].unique())
        places = pd.MultiIndex.from_product([settings, environments])
        table = scores.pivot(index=["setting", "environment"], columns="seed", values=column)
        values = table.reindex(places).to_numpy().reshape(len(settings), len(environments), -1)
        return cls(values, scale, tuple(settings), tuple(environments), tuple(table.columns))

    @property
    def is_whole(self) -> bool:
        """Whether every setting of the paper has a run in every environment."""
        runs = np.isfinite(self.returns).any(axis=-1)
        return (
            set(self.settings) >= set(PAPER_SETTINGS)
            and set(map(without_version, self.environments)) == set(SLOWEST_FIRST)
            and bool(np.asarray(runs)[self.paper].all())
        )

    @property
    def paper(self) -> NDArray[np.bool_]:
        """Which settings are the paper's, `[setting]`."""
        return np.isin(self.settings, PAPER_SETTINGS)

    def only(self, settings: Sequence[str]) -> "Grid":
        """This grid with these settings alone, in this order; the scale stays."""
        places = [self.settings.index(name) for name in settings]
        return dataclasses.replace(self, returns=self.returns[places], settings=tuple(settings))

    def zero(self, reading: Reading) -> Floats:
        """What scores 0, `[environment]`."""
        return self.scale.loc[list(self.environments), f"random_{reading.random}"].to_numpy()

    def normalized(self, reading: Reading = READINGS[0], best: Floats | None = None) -> Floats:
        """The runs on the scale, `[setting, environment, seed]`.

        best: what scores 1, `[environment]`; None for the reading's, over all runs.
        """
        if best is None:
            best = self.scale.loc[list(self.environments), f"best_{reading.best}"].to_numpy()
        zero = self.zero(reading)
        with np.errstate(divide="ignore", invalid="ignore"):
            return (self.returns - zero[:, None]) / np.abs(best - zero)[:, None]

    def of_three(self, reading: Reading = READINGS[0]) -> tuple[Floats, list[Floats]]:
        """Scores as of three seeds, `[setting]`, and what scores 1 in each subset, by environment."""
        parts = [
            of_three(self.returns[:, place], self.paper, zero, reading)
            for place, zero in enumerate(self.zero(reading))
        ]
        return np.mean([score for score, _ in parts], axis=0), [best for _, best in parts]
