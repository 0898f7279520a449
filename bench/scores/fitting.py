"""Whether no-clip's score is negative because of HalfCheetah in the whole table of a protocol that fits.

This is study C's second part. The first, `bench.scores.factorial`, trains one setting in two environments to
find such protocols; this one trains two settings in all seven.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from bench.protocol.environments import PAPER_ENVIRONMENTS
from bench.protocol.protocol import PLANNED_SEEDS, Run
from bench.protocol.settings import BASELINE, UNCONSTRAINED
from bench.results.folder import Results
from bench.results.reading import final_scores, runs_table
from bench.scores.estimates import RUNS_FOR_INTERVAL, estimate_mean
from bench.scores.factorial import LOW, NOT_LOW, SEEDS, open_cell
from bench.scores.scale import READINGS, Grid, find_scale

# Those that fit by the untrained policy; by uniform actions none does.
PROTOCOLS = ("observation_filter=none+advantages=raw", "observation_filter=none+rewards=scaled")
COMPARED = (UNCONSTRAINED, BASELINE)
# What scores 0 is either random policy; what scores 1 is the best run.
BY_BEST_RUN = [reading for reading in READINGS if reading.best == "run"]
# A score that moves by no more than this is kept.
KEPT = 0.1


@dataclass(frozen=True)
class FittingTables:
    """The tables of the protocols that fit, computed when asked for.

    default: the default protocol's runs.
    grids: by protocol, its runs of those of `COMPARED` that have two or more in every environment. Its scale
        has the best run of the default's, and the untrained policy of the protocol.
    criteria: as `FactorialTables` has it.
    finished: how many of the planned runs there are, with those of settings that are not in the grids.
    """

    default: Grid
    grids: Mapping[str, Grid]
    criteria: pd.DataFrame
    finished: int

    @property
    def missing(self) -> int:
        """How many of the planned runs are not finished."""
        return len(PROTOCOLS) * len(COMPARED) * len(PAPER_ENVIRONMENTS) * PLANNED_SEEDS - self.finished

    @property
    def unconstrained(self) -> dict[str, Grid]:
        """The grids of those protocols that have the unconstrained setting, with it alone."""
        grids = self.grids.items()
        return {name: grid.only([UNCONSTRAINED]) for name, grid in grids if UNCONSTRAINED in grid.settings}

    @cached_property
    def scores(self) -> pd.DataFrame:
        """One line a protocol, random policy and setting: protocol, random, setting, and what follows.

        score, low, high: with the random policy at 0, and the interval of 95 %. default_score: under the
        default protocol, whose own random policy is at 0. change, change_low, change_high: the first less
        the second.
        """
        tables = []
        for (protocol, grid), reading in product(self.grids.items(), BY_BEST_RUN):
            both = (grid, self.default.only(grid.settings))
            score, default = (estimate_mean(each.normalized(reading)) for each in both)
            table = pd.DataFrame({"protocol": protocol, "random": reading.random, "setting": grid.settings})
            table = table.assign(**score.as_columns("score", ("low", "high")), default_score=default.value)
            tables.append(table.assign(**(score - default).as_columns("change")))
        return pd.concat(tables, ignore_index=True)

    @cached_property
    def reasons(self) -> pd.DataFrame:
        """One line a protocol and random policy: protocol, random, and what follows.

        score, alone, others: what the unconstrained setting scores in all environments, in the one where the
        paper has it low, and in all but that, each with its interval of 95 % (`…_low`, `…_high`). reason:
        whether the first two are below 0 and the last is not. shown: whether their intervals say so, too.
        fits: whether the protocol does, by this random policy. change: the baseline's, as `scores` has it;
        NaN without its runs. finding: as `conclude` has it.
        """
        changes = self.scores.set_index(["protocol", "random", "setting"])["change"]
        criteria, lines = self.criteria.set_index("cell"), []
        for (protocol, grid), reading in product(self.unconstrained.items(), BY_BEST_RUN):
            runs, low = grid.normalized(reading), grid.environments.index(LOW)
            parts = {"score": runs, "alone": runs[:, [low]], "others": np.delete(runs, low, axis=1)}
            line: dict[str, Any] = {"protocol": protocol, "random": reading.random}
            for name, part in parts.items():
                line |= {key: value[0] for key, value in estimate_mean(part).as_columns(name).items()}
            line["reason"] = line["score"] < 0 and line["alone"] < 0 <= line["others"]
            line["shown"] = line["score_high"] < 0 and line["alone_high"] < 0 <= line["others_low"]
            line["fits"] = bool(criteria.loc[protocol, f"fits_{reading.random}"])
            line["change"] = changes.get((protocol, reading.random, BASELINE), np.nan)
            line["finding"] = conclude(line["reason"] and line["fits"], line["change"])
            lines.append(line)
        return pd.DataFrame(lines)

    @cached_property
    def returns(self) -> pd.DataFrame:
        """One line a protocol, setting and environment: these three, and what follows.

        mean, standard_error: of returns. default_mean: the default protocol's. score: with uniform actions
        at 0.
        """
        tables = []
        for protocol, grid in self.grids.items():
            mean = estimate_mean(grid.returns[..., None, :])
            columns = {
                "mean": mean.value,
                "standard_error": np.sqrt(mean.variance),
                "default_mean": np.nanmean(self.default.only(grid.settings).returns, axis=-1),
                "score": np.nanmean(grid.normalized(), axis=-1),
            }
            heads = product([protocol], grid.settings, grid.environments)
            table = pd.DataFrame(heads, columns=["protocol", "setting", "environment"])
            tables.append(table.assign(**{name: values.flatten() for name, values in columns.items()}))
        return pd.concat(tables, ignore_index=True)

    @cached_property
    def seeds(self) -> pd.DataFrame:
        """What the unconstrained setting returns by the seeds that chose the protocol, and by the others.

        One line a protocol and environment of the first part: protocol, environment, chose, others.
        """
        lines = []
        for protocol, grid in self.unconstrained.items():
            chose = np.isin(grid.seeds, SEEDS)
            for name in (LOW, NOT_LOW):
                runs = grid.returns[:, [grid.environments.index(name)]]
                means = [estimate_mean(runs[..., seeds]).value[0] for seeds in (chose, ~chose)]
                lines.append((protocol, name, *means))
        return pd.DataFrame(lines, columns=["protocol", "environment", "chose", "others"])


def conclude(reason: bool, change: float) -> str:
    """What the plan lets be said of a protocol: explains, costs, undecided or no reason.

    It explains the paper's score where the baseline keeps its own, and costs it where the baseline falls. It
    is undecided where the baseline rises, or has no runs.

    reason: whether the protocol fits, and has the paper's reason in its whole table.
    change: of the baseline's score, or NaN.
    """
    if not reason:
        return "no reason"
    if abs(change) <= KEPT:
        return "explains"
    return "costs" if change < 0 else "undecided"


def read_fitting(results: Results, default: Grid, criteria: pd.DataFrame) -> FittingTables | None:
    """The second part's finished runs; None unless a setting has two or more in every environment.

    results: the default's folder; the protocols' are below it.
    default: its own runs, which must be of the paper's environments.
    criteria: as `FactorialTables` has it.

    Raises:
        UserError: for a folder that can't be used, is of another protocol than its name says, or lacks what
            random policies return.
    """
    grids, finished, environments = {}, 0, default.environments
    if not default.has_paper_environments or not default.with_runs(RUNS_FOR_INTERVAL) >= {*COMPARED}:
        return None
    planned = {Run(*key) for key in product(environments, COMPARED, range(PLANNED_SEEDS))}
    for protocol in PROTOCOLS:
        opened = open_cell(results, protocol)
        if opened is None or not (runs := planned & opened.finished()):
            continue
        finished += len(runs)
        scores = final_scores(runs_table(opened, runs))
        own = find_scale(scores, opened.random_scores())
        grid = Grid.of(scores, default.scale.assign(random_untrained=own["random_untrained"]))
        whole = [name for name in grid.settings if name in grid.with_runs(RUNS_FOR_INTERVAL)]
        if whole and grid.environments == environments:
            grids[protocol] = grid.only(whole)
    return FittingTables(default, grids, criteria, finished) if grids else None
