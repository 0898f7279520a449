"""The objectives that came after the paper's, beside clip-0.2: as `results/successors/plan.md` says."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from bench.protocol.protocol import PLANNED_SEEDS
from bench.protocol.settings import BASELINE, SUCCESSOR_SETTINGS
from bench.results.reading import KEYS
from bench.scores.analysis import Analysis
from bench.scores.contrasts import MEAN_ACTIONS, SCORE, find_conclusions
from bench.scores.estimates import RUNS_FOR_INTERVAL, estimate_mean
from bench.scores.pairs import AREA, MIDDLE, WITHOUT, compare_in_other_ways, permute_settings
from bench.scores.scale import READINGS, Grid

SHOWN = (BASELINE, *SUCCESSOR_SETTINGS)
# Differences that are smaller count as none.
BOUND = 0.05
# The ways to score and test that the plan names, without the version of an environment: what pages call them.
WAYS = {
    str(READINGS[0]): "as planned",
    f"{WITHOUT}Walker2d": "without Walker2d",
    MIDDLE: "interquartile mean",
    AREA: "mean over time",
}
COMPARISON_COLUMNS = [
    *("outcome", "setting", "value", "ci_low", "ci_high", "runs", "difference", "low", "high"),
    *("low_90", "high_90", "p", "p_holm", "finding"),
]


@dataclass(frozen=True)
class SuccessorTables:
    """What the runs of these objectives show, computed when asked for.

    analysis: over `SHOWN`.
    policies: as `bench.results.evaluations.read` has them.
    """

    analysis: Analysis
    policies: pd.DataFrame

    @cached_property
    def grids(self) -> Mapping[str, Grid]:
        """The runs of the settings that are shown, on Table 1's scale, by outcome."""
        by_mean = self.policies["mode"] == "mean"
        of_means = self.policies[by_mean].rename(columns={"mean_return": MEAN_ACTIONS})
        runs = self.analysis.all_scores.merge(of_means[[*KEYS, MEAN_ACTIONS]], how="left", on=list(KEYS))
        scale, shown = self.analysis.grid.scale, self.analysis.table["setting"].tolist()
        return {outcome: Grid.of(runs, scale, outcome).only(shown) for outcome in (SCORE, MEAN_ACTIONS)}

    @cached_property
    def comparison(self) -> pd.DataFrame:
        """One line an outcome and setting: outcome, setting, value, ci_low, ci_high, runs, and what follows.

        The difference from clip-0.2, of settings with enough runs, as `permute_settings` has it: p_holm is
        corrected for the outcome. finding: better, worse, equivalent or undecided.
        """
        tables = []
        for outcome, grid in self.grids.items():
            columns = estimate_mean(grid.normalized()).as_columns("value", ("ci_low", "ci_high"))
            table = pd.DataFrame({"outcome": outcome, "setting": grid.settings, **columns})
            table = table.assign(runs=np.isfinite(grid.returns).sum(axis=(1, 2)))
            if pairs := find_pairs(grid):
                found = permute_settings(grid, pairs).drop(columns="other")
                table = table.merge(found.assign(finding=conclude(found)), how="left", on="setting")
            tables.append(table)
        return pd.concat(tables, ignore_index=True).reindex(columns=COMPARISON_COLUMNS)

    @cached_property
    def environments(self) -> pd.DataFrame:
        """Where each difference comes from: outcome, setting, environment, part and share.

        part: what the environment adds to the difference. share: of the whole, which parts of other signs may
        make more than 1.
        """
        lines = []
        for outcome, grid in self.grids.items():
            for pair in find_pairs(grid):
                mine, theirs = np.nanmean(grid.only(pair).normalized(), axis=-1)
                parts = (mine - theirs) / len(grid.environments)
                columns = grid.environments, parts, parts / parts.sum()
                lines += [(outcome, pair[0], *line) for line in zip(*columns, strict=True)]
        return pd.DataFrame(lines, columns=["outcome", "setting", "environment", "part", "share"])

    @cached_property
    def other_ways(self) -> pd.DataFrame:
        """The differences of the scores in each of `WAYS`: those, and what `compare_in_other_ways` has."""
        grid, pairs = self.grids[SCORE], find_pairs(self.grids[SCORE])
        if not pairs:
            return pd.DataFrame()
        settings = [*(name for name, _ in pairs), BASELINE]
        over_time = self.analysis.over_time.only(settings)
        found = compare_in_other_ways(grid.only(settings), over_time, pairs)
        found = found.assign(difference=found["score"] - found["other_score"])
        return found.assign(way=found["way"].str.partition("-v")[0].map(WAYS)).dropna(subset="way")

    @property
    def missing(self) -> pd.DataFrame:
        """The settings without all planned runs and policies: setting, and how many each outcome lacks."""
        planned = PLANNED_SEEDS * len(self.analysis.grid.environments)
        table = self.comparison.pivot(index="setting", columns="outcome", values="runs")
        lacks = planned - table.reindex(index=SHOWN, columns=[SCORE, MEAN_ACTIONS], fill_value=0)
        return lacks[(lacks > 0).any(axis=1)].reset_index()


def find_pairs(grid: Grid) -> list[tuple[str, str]]:
    """Each setting that has enough runs in every environment, and clip-0.2, where that has them, too."""
    enough = grid.with_runs(RUNS_FOR_INTERVAL)
    return [(name, BASELINE) for name in SUCCESSOR_SETTINGS if {name, BASELINE} <= enough]


def conclude(differences: pd.DataFrame) -> list[str]:
    """What may be said of each difference. differences: as `permute_settings` has them."""
    return find_conclusions(differences, "difference", ("better", "worse"), {"equivalent": BOUND})
