"""Whether a protocol that fits has the paper's reason in its whole table: study C's second part.

The first part, `bench.scores.factorial`, trains one setting in two environments; this one trains two in all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
import pandas as pd

from bench.protocol.protocol import PLANNED_SEEDS, UNTRAINED, Run
from bench.protocol.settings import BASELINE, UNCONSTRAINED
from bench.results.folder import Results
from bench.results.reading import final_scores, runs_table
from bench.scores.analysis import Analysis
from bench.scores.estimates import RUNS_FOR_INTERVAL, estimate_mean
from bench.scores.factorial import LOW, NOT_LOW, SEEDS, open_cell
from bench.scores.pairs import omit_environment
from bench.scores.scale import Grid, Reading

# Those that fit by the untrained policy; by uniform actions none does.
PROTOCOLS = ("observation_filter=none+advantages=raw", "observation_filter=none+rewards=scaled")
SETTINGS = (UNCONSTRAINED, BASELINE)
# Both have the best run at 1.
READINGS = (Reading("uniform", "run"), Reading("untrained", "run"))
# A score that has moved by no more than this counts as kept.
KEPT = 0.1


@dataclass(frozen=True)
class FittingTables:
    """The tables of the protocols that fit, computed when asked for.

    default: the default's runs.
    grids: by protocol, its runs of those of `SETTINGS` that have some in every environment. The best result
        is the default's, and the untrained policy the protocol's own.
    """

    default: Grid
    grids: Mapping[str, Grid]

    @property
    def missing(self) -> int:
        """How many planned runs are missing; those of a setting without a line count whole."""
        planned = len(PROTOCOLS) * len(SETTINGS) * len(self.default.environments) * PLANNED_SEEDS
        return planned - sum(int(np.isfinite(grid.returns).sum()) for grid in self.grids.values())

    @cached_property
    def scores(self) -> pd.DataFrame:
        """One line a protocol, random policy and setting: these three, and what follows.

        score, low, high: with the interval of 95 %. default_score: the default protocol's. change,
        change_low, change_high: the first less the second.
        """
        tables = []
        for (protocol, grid), reading in product(self.grids.items(), READINGS):
            both = (grid, self.default.only(grid.settings))
            score, default = (estimate_mean(each.normalized(reading)) for each in both)
            table = pd.DataFrame({"protocol": protocol, "random": reading.random, "setting": grid.settings})
            table = table.assign(**score.as_columns("score", ("low", "high")), default_score=default.value)
            tables.append(table.assign(**(score - default).as_columns("change")))
        return pd.concat(tables, ignore_index=True)

    @cached_property
    def reasons(self) -> pd.DataFrame:
        """One line a protocol and random policy: these two, and what follows.

        score, low_environment, others: what the unconstrained setting scores in all environments, in the one
        where the paper has it low, and in all but that. reason: whether the first two are below 0 and the
        last is not. change: as `scores` has it for the baseline, NaN without its runs. finding: explains
        (reason, and the baseline keeps its score), costs (reason, and the baseline falls), no reason, or
        undecided where the baseline has no runs or rises.
        """
        lines = []
        for (protocol, grid), reading in product(self.grids.items(), READINGS):
            if UNCONSTRAINED not in grid.settings:
                continue
            runs = grid.only([UNCONSTRAINED]).normalized(reading)
            low = grid.environments.index(LOW)
            parts = (runs, runs[:, [low]], omit_environment(runs, low))
            score, alone, others = (float(estimate_mean(each).value[0]) for each in parts)
            table = self.scores.set_index(["protocol", "random", "setting"])["change"]
            change = table.get((protocol, reading.random, BASELINE), np.nan)
            reason = score < 0 and alone < 0 <= others
            finding = _conclude(reason, change)
            lines.append((protocol, reading.random, score, alone, others, reason, change, finding))
        names = ["protocol", "random", "score", "low_environment", "others", "reason", "change", "finding"]
        return pd.DataFrame(lines, columns=names)

    @cached_property
    def by_environment(self) -> pd.DataFrame:
        """One line a protocol, setting and environment: these three, and what follows.

        mean, standard_error: of returns. default_mean: the default protocol's. score: with uniform actions
        at 0. chose, did_not: the mean over the seeds that chose the protocol, where the first part has this
        setting and environment, and over the others.
        """
        tables = []
        for protocol, grid in self.grids.items():
            returns, default = grid.returns[..., None, :], self.default.only(grid.settings).returns
            mean = estimate_mean(returns)
            chose = np.isin(grid.seeds, SEEDS)
            columns = {
                "mean": mean.value,
                "standard_error": np.sqrt(mean.variance),
                "default_mean": np.nanmean(default, axis=-1),
                "score": np.nanmean(grid.normalized(), axis=-1),
                "chose": estimate_mean(returns[..., chose]).value,
                "did_not": estimate_mean(returns[..., ~chose]).value,
            }
            heads = product([protocol], grid.settings, grid.environments)
            table = pd.DataFrame(heads, columns=["protocol", "setting", "environment"])
            tables.append(table.assign(**{name: values.flatten() for name, values in columns.items()}))
        table = pd.concat(tables, ignore_index=True)
        first = (table["setting"] == UNCONSTRAINED) & table["environment"].isin([LOW, NOT_LOW])
        table.loc[~first, ["chose", "did_not"]] = np.nan
        return table


def _conclude(reason: bool, change: float) -> str:
    """What the plan lets be said of a protocol; see `FittingTables.reasons`."""
    if not reason:
        return "no reason"
    if abs(change) <= KEPT:
        return "explains"
    return "costs" if change < 0 else "undecided"


def read_fitting(results: Results, default: Analysis) -> FittingTables | None:
    """The finished runs of the second part below the default's results folder; None without a whole line.

    default: the analysis of the folder's own runs.

    Raises:
        UserError: for a folder that can't be used, or is of another protocol than its name says.
    """
    grids, environments = {}, default.grid.environments
    for protocol in PROTOCOLS if LOW in environments else ():
        opened = open_cell(results, protocol)
        if opened is None:
            continue
        runs = opened.finished() & {
            Run(*key) for key in product(environments, SETTINGS, range(PLANNED_SEEDS))
        }
        if not runs:
            continue
        random = opened.random_scores()
        untrained = random[random["policy"] == UNTRAINED].set_index("environment")["score"]
        scale = default.grid.scale.assign(random_untrained=untrained)
        grid = Grid.of(final_scores(runs_table(opened, runs)), scale)
        whole = [name for name in grid.settings if name in grid.with_runs(RUNS_FOR_INTERVAL)]
        if whole and grid.environments == environments:
            grids[protocol] = grid.only(whole)
    return FittingTables(default.grid, grids) if grids else None
