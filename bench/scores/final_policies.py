"""Whether Table 1 ranks policies or their noise: study A of `results/studies.md`.

A run's change is the score of its final policy by mean actions less that by sampled actions. Both are on the
scale of Table 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from bench.protocol.protocol import PLANNED_SEEDS
from bench.protocol.settings import BASELINE, PAPER_SETTINGS
from bench.results.evaluations import MODES
from bench.scores.analysis import Analysis
from bench.scores.contrasts import (
    CLIPPING_LESS_PENALTIES,
    Contrast,
    find_conclusions,
    find_contrasts,
    split_by_scope,
)
from bench.scores.estimates import RUNS_FOR_INTERVAL, correct_by_holm, estimate_mean
from bench.scores.pairs import compare_family
from bench.scores.scale import Floats, Grid

SAMPLED, MEAN = MODES
# Seed 0 suggested the question.
SEEDS = range(1, PLANNED_SEEDS)
# Changes that are smaller count as none.
BOUND = 0.05
CONTRASTS = {
    "clipping less penalties": CLIPPING_LESS_PENALTIES,
    "clip-0.2 less fixed-kl-10": Contrast((BASELINE,), ("fixed-kl-10",)),
}


@dataclass(frozen=True)
class PolicyTables:
    """What final policies return with and without the noise of their actions, computed when asked for.

    analysis: over the paper's settings.
    policies: as `bench.results.evaluations.read` has them.
    """

    analysis: Analysis
    policies: pd.DataFrame

    @cached_property
    def evaluated(self) -> pd.DataFrame:
        """The lines of the policies that answer the question: of the paper's settings, and of `SEEDS`."""
        lines = self.policies
        chosen = lines["setting"].isin(PAPER_SETTINGS) & lines["seed"].isin(SEEDS)
        return lines[chosen & lines["environment"].isin(self.analysis.grid.environments)]

    @cached_property
    def grids(self) -> Mapping[str, Grid]:
        """The policies' returns on the scale of Table 1, by mode."""
        scale = self.analysis.grid.scale
        modes = self.evaluated.groupby("mode")
        return {mode: Grid.of(modes.get_group(mode), scale, "mean_return") for mode in MODES}

    @property
    def is_testable(self) -> bool:
        """Whether each of the paper's settings has enough policies in every environment."""
        if set(self.evaluated["mode"]) != set(MODES):
            return False
        return all(grid.has_seeds(RUNS_FOR_INTERVAL) for grid in self.grids.values())

    @property
    def missing(self) -> int:
        """How many of the planned policies were not evaluated."""
        planned = len(SEEDS) * len(PAPER_SETTINGS) * len(self.analysis.grid.environments)
        return planned - len(self.evaluated) // len(MODES)

    @cached_property
    def changes_of_runs(self) -> Floats:
        """The change of each run, `[setting, environment, seed]`."""
        return self.grids[MEAN].normalized() - self.grids[SAMPLED].normalized()

    @cached_property
    def table(self) -> pd.DataFrame:
        """One line a setting: setting, and what follows.

        sampled, mean, change: scores on Table 1's scale, each with its interval, such as mean_low and
        mean_high. sampled_own, mean_own: on each mode's own scale, whose 1 is the mode's best run.
        action_std, entropy: means over environments of those over runs. policies: their number.
        """
        grid = self.grids[MEAN]
        columns: dict[str, Floats] = {}
        for mode, of_mode in self.grids.items():
            runs = of_mode.normalized()
            columns |= estimate_mean(runs).as_columns(mode)
            best = np.nanmax(of_mode.returns, axis=(0, 2))
            columns[f"{mode}_own"] = estimate_mean(of_mode.normalized(best=best)).value
        columns |= estimate_mean(self.changes_of_runs).as_columns("change")
        table = pd.DataFrame(columns, pd.Index(grid.settings, name="setting"))
        lines = self.evaluated[self.evaluated["mode"] == MEAN]
        noise = lines.groupby(["setting", "environment"])[["action_std", "entropy"]].mean()
        counts = lines.groupby("setting").size().rename("policies")
        return table.join(noise.groupby("setting").mean()).join(counts).reset_index()

    @cached_property
    def changes(self) -> pd.DataFrame:
        """The changes by environment: columns scope, setting, change, change_low, change_high.

        scope: an environment alone, or `without Walker2d`.
        """
        grid, tables = self.grids[MEAN], []
        for scope, values in split_by_scope(grid, self.changes_of_runs).items():
            columns = estimate_mean(values).as_columns("change")
            tables.append(pd.DataFrame({"scope": scope, "setting": grid.settings, **columns}))
        return pd.concat(tables, ignore_index=True)

    @cached_property
    def contrasts(self) -> pd.DataFrame:
        """One line of each of `CONTRASTS`, by its name in the column contrast, and what follows.

        sampled, mean, change: its value under both modes and its change, each with its interval of 95 %.
        low_90, high_90: the change's interval of 90 %. p: of Welch's test of the change. p_holm: corrected
        for all lines. finding: as `conclude` has it.
        """
        grid = self.grids[MEAN]
        runs = {mode: of_mode.normalized() for mode, of_mode in self.grids.items()}
        runs["change"] = self.changes_of_runs
        columns: dict[str, object] = {"contrast": list(CONTRASTS)}
        found = {name: find_contrasts(CONTRASTS.values(), grid, values) for name, values in runs.items()}
        for name, estimate in found.items():
            columns |= estimate.as_columns(name)
        change = found["change"]
        low, high = change.interval_90
        table = pd.DataFrame({**columns, "low_90": low, "high_90": high, "p": change.p})
        table["p_holm"] = correct_by_holm(change.p)
        return table.assign(finding=conclude(table))

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """The differences between settings under each mode: a column mode, and those of `compare_family`."""
        tables = {mode: compare_family(grid, grid.settings) for mode, grid in self.grids.items()}
        table = pd.concat(tables, names=["mode"]).reset_index("mode").reset_index(drop=True)
        return table.drop(columns="paper_difference")


def conclude(contrasts: pd.DataFrame) -> list[str]:
    """What the plan lets one say of each change: less noise, larger, equivalent or undecided."""
    return find_conclusions(contrasts, "change", ("larger", "less noise"), {"equivalent": BOUND})
