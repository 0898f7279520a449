"""What the protocol's choices move: each variant's settings less the default's, on the default's scale."""

import dataclasses
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from bench.common.errors import UserError
from bench.protocol.environments import ENVIRONMENT_VERSION, without_version
from bench.protocol.settings import PAPER_SETTINGS
from bench.protocol.variants import VARIANTS, folder_of
from bench.results.folder import Results, open_results
from bench.results.reading import KEYS, final_scores, runs_table
from bench.scores.estimates import mean
from bench.scores.grid import Grid
from bench.scores.pairs import differences
from bench.scores.report import Report


@dataclass(frozen=True)
class Variants:
    """The variants that have runs, beside the default.

    default: the report of the default's runs.
    scores: one line a run of a variant: variant, environment (under the default's id), setting, seed, score,
        episodes, diverged.
    """

    default: Report
    scores: pd.DataFrame

    @cached_property
    def names(self) -> list[str]:
        """The variants."""
        present = set(self.scores["variant"])
        return [name for name in VARIANTS if name in present]

    @cached_property
    def pairs(self) -> list[tuple[str, str]]:
        """Each variant with each setting that it has runs of."""
        present = set(zip(self.scores["variant"], self.scores["setting"], strict=True))
        return [
            (variant, setting)
            for variant in self.names
            for setting in PAPER_SETTINGS
            if (variant, setting) in present
        ]

    @cached_property
    def grid(self) -> Grid:
        """The default's runs, and the variants' under names that `_named` gives, on the default's scale."""
        names = zip(self.scores["variant"], self.scores["setting"], strict=True)
        named = self.scores.assign(setting=[_named(*pair) for pair in names])
        lines = pd.concat([each[[*KEYS, "score"]] for each in (self.default.all_scores, named)])
        return Grid.of(lines, self.default.grid.scale)

    @cached_property
    def table(self) -> pd.DataFrame:
        """One line a variant and setting: variant, setting, score, default_score, and what follows.

        difference, low, high: of the scores, with Welch's interval of 95 %. p: of the permutation test.
        p_holm: corrected for all lines of this table. runs, diverged: counts.
        """
        named = [(_named(*pair), pair[1]) for pair in self.pairs]
        scores = dict(zip(self.grid.settings, mean(self.grid.normalized()).value, strict=True))
        found = differences(self.grid, named).drop(columns=["setting", "other"])
        counts = self.scores.groupby(["variant", "setting"]).agg(
            runs=("score", "size"), diverged=("diverged", "sum")
        )
        heads = pd.DataFrame(self.pairs, columns=["variant", "setting"])
        columns = {
            "score": [scores[mine] for mine, _ in named],
            "default_score": [scores[theirs] for _, theirs in named],
        }
        return pd.concat([heads.assign(**columns), found], axis=1).join(counts, on=["variant", "setting"])

    @cached_property
    def by_environment(self) -> pd.DataFrame:
        """One line a variant, setting and environment: these three, and what follows.

        mean, std, default_mean: returns. difference, low, high: of the normalized scores, as in `table`.
        score_without: the variant's score over the other environments.
        """
        grid, tables = self.grid, []
        mine = grid.only([_named(*pair) for pair in self.pairs])
        theirs = grid.only([setting for _, setting in self.pairs])
        for place, environment in enumerate(grid.environments):
            first, second = (_in_one(each, place) for each in (mine, theirs))
            difference = mean(first.normalized()) - mean(second.normalized())
            low, high = difference.interval
            returns = mean(first.returns)
            columns = {
                "mean": returns.value,
                "std": np.sqrt(returns.variance * np.isfinite(first.returns[:, 0]).sum(axis=-1)),
                "default_mean": mean(second.returns).value,
                "difference": difference.value,
                "low": low,
                "high": high,
                "score_without": mean(np.delete(mine.normalized(), place, axis=1)).value,
            }
            heads = pd.DataFrame(self.pairs, columns=["variant", "setting"])
            tables.append(heads.assign(environment=environment, **columns))
        order = pd.concat(tables).reset_index(names="place").sort_values(["place", "environment"])
        return order.drop(columns="place").reset_index(drop=True)


def variants(results: Results, default: Report) -> Variants:
    """The variants in a results folder.

    default: the report of its own runs.

    Raises:
        UserError: for a variant's folder that can't be used or is of another length; when there is no run.
    """
    tables = []
    for name in VARIANTS:
        folder = folder_of(results.path, name)
        if folder.exists():
            variant = open_results(folder, results.protocol.timesteps, create=False, protocol=VARIANTS[name])
            runs = {run for run in variant.finished() if run.setting in PAPER_SETTINGS}
            if runs:
                tables.append(final_scores(runs_table(variant, runs)).assign(variant=name))
    if not tables:
        raise UserError(f"no run of a variant is finished in {results.path}: train --variant NAME first")
    scores = pd.concat(tables, ignore_index=True)
    names = [f"{without_version(each)}-{ENVIRONMENT_VERSION}" for each in scores["environment"]]
    return Variants(default, scores.assign(environment=names))


def _named(variant: str, setting: str) -> str:
    return f"{setting} of {variant}"


def _in_one(grid: Grid, place: int) -> Grid:
    """The grid's part in one environment."""
    environments = (grid.environments[place],)
    return dataclasses.replace(grid, returns=grid.returns[:, [place]], environments=environments)
