"""Everything that is derived from the runs: each published table, computed when it is asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.common.errors import UserError
from bench.common.files import csv_text, write_whole
from bench.protocol.selection import Selection
from bench.protocol.settings import BASELINE, PAPER_SETTINGS, Setting
from bench.results.folder import Results
from bench.results.reading import runs_made, runs_table, select_runs
from bench.scores.estimates import estimate_improvement, estimate_iqm, estimate_mean
from bench.scores.pairs import compare_family, compare_in_other_ways, compare_pairs
from bench.scores.paper import compare_figure_3, find_heterogeneity, measure_agreement, predict_tables
from bench.scores.power import (
    COVERAGE_COLUMNS,
    EXPERIMENTS,
    find_seeds_needed,
    simulate_coverage,
    tabulate_power,
)
from bench.scores.scale import READINGS, Floats, Grid, find_scale, score_runs
from bench.scores.single_runs import find_gaps, tabulate_returns
from bench.scores.three_seeds import (
    find_best_of_three,
    leave_seeds_out,
    score_three_seeds,
    simulate_new_tables,
)

UNTRAINED_READING = READINGS[2]
# The published tables, besides Table 1 and its scale.
PUBLISHED = (
    *("scores", "made", "readings", "returns", "outcomes", "improvement", "pairs", "gaps", "coverage"),
    *("figure_3", "robustness", "seeds_left_out", "power", "seeds_needed", "predictions", "agreement"),
    *("heterogeneity", "new_tables"),
)
# An interval that is right less often than this, in simulation, is unreliable.
LEAST_COVERAGE = 0.9


def _take_whole(
    tabulate: Callable[[Grid], pd.DataFrame], *, seeds: int, every_run: bool = False
) -> "cached_property[pd.DataFrame]":
    """A table of all of the paper's settings in all environments; empty where these have too few runs.

    tabulate: makes the table from the runs of the paper's settings.
    seeds, every_run: the runs that it needs, as `Grid.has_seeds` has them.
    """

    def table(analysis: "Analysis") -> pd.DataFrame:
        is_enough = analysis.paper.has_seeds(seeds, every_run=every_run)
        return tabulate(analysis.paper) if is_enough else pd.DataFrame()

    return cached_property(table)


@dataclass(frozen=True)
class Analysis:
    """The tables and what they rest on, each computed when it is asked for, and once.

    settings: those of the runs, by name.
    all_runs: all lines of the runs that are shown, and of the paper's settings, which set the scale.
    made: how the runs that are shown were made, as `bench.results.reading.runs_made` has it.
    random_scores: as `results.random_scores` has them.
    shown: the settings of the table.
    """

    settings: Mapping[str, Setting]
    all_runs: pd.DataFrame
    made: pd.DataFrame
    random_scores: pd.DataFrame
    shown: tuple[str, ...]

    @property
    def runs(self) -> pd.DataFrame:
        """All lines of the runs that are shown."""
        return self.all_runs[self.all_runs["setting"].isin(self.shown)]

    @cached_property
    def all_scores(self) -> pd.DataFrame:
        """One line a run, as `score_runs` has it."""
        return score_runs(self.all_runs, self.random_scores)

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Those of the settings that are shown."""
        return self.all_scores[self.all_scores["setting"].isin(self.shown)]

    def label(self, line: Any) -> str:
        """The label of the setting that a table's line is of."""
        return self.settings[line.setting].label

    @property
    def seeds(self) -> int:
        """How many seeds there are."""
        return int(self.scores["seed"].nunique())

    @cached_property
    def grid(self) -> Grid:
        """All runs, those of the paper's settings that are not shown included."""
        return Grid.of(self.all_scores, find_scale(self.all_scores, self.random_scores))

    @cached_property
    def paper(self) -> Grid:
        """The runs of the paper's settings."""
        return self.grid.only([name for name in self.grid.settings if name in PAPER_SETTINGS])

    @property
    def over_time(self) -> Grid:
        """The mean returns over all timesteps of all runs."""
        return Grid.of(self.all_scores, self.grid.scale, "mean_return")

    @property
    def _settings(self) -> list[str]:
        """The shown settings that have runs, in the table's order."""
        return [name for name in self.grid.settings if name in self.shown]

    def _by_setting(self, columns: Mapping[str, Floats]) -> pd.DataFrame:
        """A table of one line a setting that is shown. columns: of the grid's settings, each `[setting]`."""
        table = pd.DataFrame(columns, pd.Index(self.grid.settings, name="setting"))
        return table.loc[self._settings].reset_index()

    @cached_property
    def table(self) -> pd.DataFrame:
        """Table 1, one line a setting: setting, algorithm, paper_score, and what follows.

        score, ci_low, ci_high: with uniform actions as random. untrained_score: with the untrained policy.
        score_of_three: the score as of three seeds. runs, diverged: counts.
        """
        columns = {
            **estimate_mean(self.grid.normalized()).as_columns("score", ("ci_low", "ci_high")),
            "untrained_score": estimate_mean(self.grid.normalized(UNTRAINED_READING)).value,
            "score_of_three": score_three_seeds(self.grid)[0],
        }
        table, settings = self._by_setting(columns), [self.settings[name] for name in self._settings]
        table.insert(1, "algorithm", [setting.label for setting in settings])
        table.insert(2, "paper_score", np.array([setting.paper_score for setting in settings], float))
        counts = self.scores.groupby("setting").agg(runs=("score", "size"), diverged=("diverged", "sum"))
        return table.join(counts, on="setting")

    @cached_property
    def scale(self) -> pd.DataFrame:
        """What scores 0 and 1 by environment, under every reading; and which run is the best, by how much.

        best_run_setting, best_run_seed: the best run; of equals the first. second_best_run: the next return.
        best_run_of_three: the best run of three seeds, as the mean over all choices of them. low, high: 5 and
        95 % of the choices.
        """
        paper = self.all_scores[self.all_scores["setting"].isin(PAPER_SETTINGS)].set_index("environment")
        ranked = paper.sort_values("score", ascending=False, kind="stable").groupby(level=0)
        return self.grid.scale.assign(
            best_run_setting=ranked["setting"].first(),
            best_run_seed=ranked["seed"].first(),
            second_best_run=ranked["score"].nth(1),
        ).join(find_best_of_three(self.grid))

    @cached_property
    def readings(self) -> pd.DataFrame:
        """The scores under every reading, with intervals, and as of three seeds.

        Columns such as uniform_run, uniform_run_low, uniform_run_high and uniform_run_of_three; and
        uniform_setting_mean_of_three_error, a standard error, where choices of three are drawn at random.
        """
        columns: dict[str, Floats] = {}
        for reading in READINGS:
            columns |= estimate_mean(self.grid.normalized(reading)).as_columns(str(reading))
            columns[f"{reading}_of_three"], error = score_three_seeds(self.grid, reading)
            if error.any():
                columns[f"{reading}_of_three_error"] = error
        return self._by_setting(columns)

    @cached_property
    def returns(self) -> pd.DataFrame:
        """Every setting in every environment, as `tabulate_returns` has it."""
        return tabulate_returns(self.scores, self.grid)

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """Other outcomes than the score: median, iqm and area, the last two each with its interval.

        area: the mean over time of the return on the scale of the score.
        """
        runs = self.grid.normalized()
        columns = {"median": np.nanmedian(runs, axis=(1, 2))}
        columns |= estimate_iqm(runs).as_columns("iqm")
        columns |= estimate_mean(self.over_time.normalized()).as_columns("area")
        return self._by_setting(columns)

    @cached_property
    def improvement(self) -> pd.DataFrame:
        """Over the baseline, its probability: setting, environment (or all), improvement, low, high."""
        settings = [name for name in self._settings if name != BASELINE]
        runs, others = (self.grid.only(names).normalized() for names in (settings, [BASELINE]))
        whole, parts = estimate_improvement(runs, others)
        values = np.concatenate([whole[..., None], parts], axis=-1).reshape(3, -1).T
        names = ["setting", "environment"]
        index = pd.MultiIndex.from_product([settings, ["all", *self.grid.environments]], names=names)
        return pd.DataFrame(values, index, ["improvement", "low", "high"]).reset_index()

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """The differences between settings, as `compare_pairs` has them."""
        return compare_pairs(self.grid)

    @property
    def paper_pairs(self) -> pd.DataFrame:
        """The lines of `pairs` that are of the paper's settings."""
        return self.pairs[self.pairs["setting"].isin(PAPER_SETTINGS)]

    @cached_property
    def shown_pairs(self) -> pd.DataFrame:
        """The differences between the settings that are shown, as `compare_family` has them."""
        return compare_family(self.grid, self._settings)

    @cached_property
    def gaps(self) -> pd.DataFrame:
        """Where the runs of a setting part into two groups, as `find_gaps` has it."""
        return find_gaps(self.scores, self.runs)

    @cached_property
    def coverage(self) -> pd.DataFrame:
        """As `simulate_coverage` has it; without lines where a setting or a second seed is missing."""
        if not self.paper.has_seeds(2):
            return pd.DataFrame(columns=COVERAGE_COLUMNS)
        return simulate_coverage(self.paper)

    @cached_property
    def unreliable(self) -> frozenset[str]:
        """The settings whose interval may cover too little with one of the kinds of simulated runs.

        It may where the simulated share is below the least, or above it by two standard errors at most.
        """
        error = np.sqrt(LEAST_COVERAGE * (1 - LEAST_COVERAGE) / EXPERIMENTS)
        low = self.coverage["score"] < LEAST_COVERAGE + 2 * error
        return frozenset(self.coverage["setting"][low])

    @cached_property
    def robustness(self) -> pd.DataFrame:
        """The pairs in other ways, as `compare_in_other_ways` has them; empty where a run is missing."""
        if not self.paper.has_seeds(2, every_run=True):
            return pd.DataFrame()
        return compare_in_other_ways(self.paper, self.over_time.only(self.paper.settings))

    # The columns of each table are described where its function is.
    seeds_left_out = _take_whole(leave_seeds_out, seeds=2, every_run=True)
    figure_3 = _take_whole(compare_figure_3, seeds=2)
    power = _take_whole(tabulate_power, seeds=3)
    seeds_needed = _take_whole(find_seeds_needed, seeds=3)
    predictions = _take_whole(predict_tables, seeds=3)
    agreement = _take_whole(measure_agreement, seeds=3)
    heterogeneity = _take_whole(find_heterogeneity, seeds=3)
    new_tables = _take_whole(simulate_new_tables, seeds=3)


def analyze(results: Results, selection: Selection, table: pd.DataFrame | None = None) -> Analysis:
    """The analysis of the finished runs of a selection.

    table: All finished runs, as `load_runs` has them, where they are there already.

    Raises:
        UserError: for a file that can't be used, or scores that can't be normalized.
    """
    # The scale is that of the paper's settings, whichever of them are shown.
    paper = Selection(selection.environments, PAPER_SETTINGS, selection.seeds)
    present = {*selection.runs, *paper.runs} & results.finished()
    runs = runs_table(results, present) if table is None else select_runs(table, present)
    settings = results.settings(present)
    made = runs_made(results, present & set(selection.runs))
    analysis = Analysis(settings, runs, made, results.random_scores(), selection.settings)
    scores = analysis.scores
    for environment in scores["environment"][scores["normalized"].isna()].head(1):
        raise UserError(f"{environment} cannot be normalized: its best result is the random policy's")
    return analysis


def save_tables(analysis: Analysis, folder: Path) -> None:
    """Write the tables as CSV, each under its name, but for those that need more runs than there are."""
    tables: dict[str, pd.DataFrame] = {name: getattr(analysis, name) for name in PUBLISHED}
    tables |= {"table1": analysis.table, "scale": analysis.scale.reset_index()}
    for name, table in tables.items():
        if len(table.columns):
            write_whole(folder / f"{name}.csv", csv_text(table))
