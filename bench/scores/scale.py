"""The scale, and runs on it: the returns that score 0 and 1 in each environment, and what they depend on.

Per environment, scores are shifted and scaled so that the random policy scores 0 and the best result 1, then
averaged over all runs of a setting (PPO paper, section 6.1). The paper's "initial random policy" can be read
as uniform actions or as the untrained policy, and its best result as a run or as a setting's mean.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.common.errors import UserError
from bench.protocol.environments import PAPER_ENVIRONMENTS, without_version
from bench.protocol.protocol import UNIFORM, UNTRAINED
from bench.protocol.settings import PAPER_SETTINGS, in_table_order
from bench.results.reading import KEYS, final_scores

Floats = NDArray[np.float64]


class Reading(NamedTuple):
    """What is taken for the paper's "random policy" and for its "best result"."""

    random: Literal["uniform", "untrained"]
    best: Literal["run", "setting_mean"]

    def __str__(self) -> str:
        return f"{self.random}_{self.best}"


READINGS = (
    Reading("uniform", "run"),
    Reading("uniform", "setting_mean"),
    Reading("untrained", "run"),
    Reading("untrained", "setting_mean"),
)
"""All readings; the first is the default."""


def rescale(returns: Floats, zero: Floats, best: Floats) -> Floats:
    """Table 1's formula: returns on the scale on which `zero` scores 0 and `best` scores 1.

    Where even the best result is worse than random (after a few thousand steps, say), the scale keeps its
    direction: random still scores 0, and more is better. Where the best result equals the random policy's,
    there is no scale, and the score is NaN.

    returns, zero, best: of shapes that broadcast.
    """
    span = np.abs(best - zero)
    return np.asarray((returns - zero) / np.where(span > 0, span, np.nan))


def normalize(values: pd.Series, scale: pd.DataFrame) -> pd.Series:
    """Returns on the scale of their environments, by the first reading.

    values: indexed by environment, not uniquely.
    scale: as `find_scale` has it.
    """
    ends = scale.loc[values.index]
    zero, best = ends[f"random_{READINGS[0].random}"], ends[f"best_{READINGS[0].best}"]
    return pd.Series(rescale(values.to_numpy(), zero.to_numpy(), best.to_numpy()), values.index)


def find_scale(scores: pd.DataFrame, random_scores: pd.DataFrame) -> pd.DataFrame:
    """What scores 0 and 1 in each environment, under every reading.

    scores: columns environment, setting, seed, score.
    random_scores: columns environment, policy, score, standard_error.

    Returns columns random_uniform, random_untrained and their standard errors (`…_error`), best_run,
    best_setting_mean, indexed by environment. "Best" is taken over the paper's settings only, so that adding
    a setting leaves the others' scores alone; over all settings where there is no run of the paper's.

    Raises:
        UserError: for an environment in which random policies were not measured, or none of the paper's
            settings was run, though they were in others.
    """
    random = random_scores.pivot(index="environment", columns="policy", values=["score", "standard_error"])
    is_paper = scores["setting"].isin(PAPER_SETTINGS)
    scaling = scores[is_paper] if is_paper.any() else scores
    means = scaling.groupby(["environment", "setting"])["score"].mean()
    columns = {
        f"random_{policy}{suffix}": random.get((column, policy), pd.Series(dtype=float))
        for column, suffix in (("score", ""), ("standard_error", "_error"))
        for policy in (UNIFORM, UNTRAINED)
    }
    best = {
        "best_run": scaling.groupby("environment")["score"].max(),
        "best_setting_mean": means.groupby("environment").max(),
    }
    environments = pd.Index(sorted(scores["environment"].unique()), name="environment")
    table = pd.DataFrame({**columns, **best}).reindex(environments).astype(float)
    ends = table.drop(columns=[name for name in table if name.endswith("_error")])
    unknown = ends.columns[ends.isna().any()].tolist()
    if unknown:
        environment = ends.index[ends.isna().any(axis=1)][0]
        if "best_run" in unknown:
            raise UserError(
                f"{environment} has no scale: none of the paper's settings, which set that of other"
                " environments, has a run there; choose --environments, or train one of them"
            )
        raise UserError(f"{environment} cannot be normalized: no {' or '.join(unknown)} measured")
    return table


def select_uniform(random_scores: pd.DataFrame) -> pd.Series:
    """What uniform actions score, by environment. random_scores: columns environment, policy, score."""
    return random_scores[random_scores["policy"] == UNIFORM].set_index("environment")["score"]


def score_runs(runs: pd.DataFrame, random_scores: pd.DataFrame) -> pd.DataFrame:
    """One line a run: environment, setting, seed, score, mean_return, normalized, episodes, diverged.

    mean_return: of the last 100 episodes, over all timesteps: the area under the learning curve. A line of
        the log stands for the steps since the line before; a run that diverged keeps its last value.
    normalized: the score on the default scale.

    runs: as `bench.results.reading.runs_table` has them.
    random_scores: columns environment, policy, score, standard_error.

    Raises:
        UserError: as `find_scale` does.
    """
    keys, scores = list(KEYS), final_scores(runs)
    steps = runs["timesteps"].where(~runs.duplicated(keys), runs["timesteps"].diff())
    lines = runs[keys].assign(area=runs["return_last100"] * steps, steps=steps)
    found = scores.merge(lines.groupby(keys, as_index=False)[["area", "steps"]].sum(), on=keys)
    last = runs["timesteps"].max()
    area = found["area"] + found["score"] * (last - found["steps"])
    normalized = normalize(found.set_index("environment")["score"], find_scale(scores, random_scores))
    found = found.assign(mean_return=area / last, normalized=normalized.to_numpy())
    return found[[*keys, "score", "mean_return", "normalized", "episodes", "diverged"]]


@dataclass(frozen=True)
class Grid:
    """Returns of runs, and the scale on which they are compared.

    returns: `[setting, environment, seed]`, NaN where there is no run.
    scale: as `find_scale` has it.
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
        table = scores.pivot(index=["setting", "environment"], columns="seed", values=column)
        whole = table.reindex(pd.MultiIndex.from_product([settings, environments]))
        returns = whole.to_numpy().reshape(len(settings), len(environments), -1)
        return cls(returns, scale, tuple(settings), tuple(environments), tuple(table.columns))

    @property
    def paper(self) -> NDArray[np.bool_]:
        """Which settings are the paper's, `[setting]`."""
        return np.isin(self.settings, PAPER_SETTINGS)

    @property
    def has_paper_environments(self) -> bool:
        """Whether the environments are the paper's seven, all of them and no others."""
        return {without_version(name) for name in self.environments} == {*PAPER_ENVIRONMENTS}

    def has_seeds(self, least: int, *, every_run: bool = False) -> bool:
        """Whether every setting of the paper has at least this number of runs in every environment.

        every_run: whether a setting must also have a run of every seed.
        """
        has_enough = self.with_runs(least) >= {*PAPER_SETTINGS} and self.has_paper_environments
        return has_enough and (not every_run or bool(np.isfinite(self.returns[self.paper]).all()))

    def with_runs(self, least: int) -> set[str]:
        """The settings that have at least this number of runs in every environment."""
        fewest = np.isfinite(self.returns).sum(axis=-1).min(axis=-1)
        return {name for name, runs in zip(self.settings, fewest, strict=True) if runs >= least}

    def find(self, settings: Iterable[str]) -> list[int]:
        """The indices of these settings."""
        return [self.settings.index(name) for name in settings]

    def only(self, settings: Sequence[str]) -> "Grid":
        """This grid with these settings alone, in this order; the scale stays."""
        return dataclasses.replace(self, returns=self.returns[self.find(settings)], settings=tuple(settings))

    def zero(self, reading: Reading) -> Floats:
        """The returns that score 0, `[environment]`."""
        return self.scale.loc[list(self.environments), f"random_{reading.random}"].to_numpy()

    def normalized(self, reading: Reading = READINGS[0], best: Floats | None = None) -> Floats:
        """The runs on the scale, `[setting, environment, seed]`.

        best: the returns that score 1, `[environment]`; None for the reading's, over all runs.
        """
        if best is None:
            best = self.scale.loc[list(self.environments), f"best_{reading.best}"].to_numpy()
        return rescale(self.returns, self.zero(reading)[:, None], best[:, None])
