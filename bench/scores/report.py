"""Everything that is derived from the runs: the table, its scale, its intervals and its tests."""

from collections.abc import Mapping
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
from bench.results.reading import KEYS, final_scores, runs_made, runs_table
from bench.scores.comparisons import comparisons, whole_seeds
from bench.scores.coverage import COLUMNS, EXPERIMENTS, coverage
from bench.scores.estimates import Estimate, improvement, interquartile_mean, mean, variances
from bench.scores.grid import Grid
from bench.scores.groups import gaps
from bench.scores.pairs import pairs
from bench.scores.scale import READINGS, normalize, scale_of

UNTRAINED_READING = READINGS[2]
# An interval that is right less often than this, in simulation, is doubtful.
LEAST_COVERAGE = 0.9


@dataclass(frozen=True)
class Report:
    """The table and what it rests on, computed when asked for. `save` writes the tables as CSV.

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
        """One line a run: environment, setting, seed, score, mean_return, normalized, episodes, diverged.

        mean_return: of the last 100 episodes, over all timesteps: the area under the learning curve. A line
            of the log stands for the steps since the line before; a run that diverged keeps its last value.
        normalized: the score on the default scale.
        """
        runs, scores = self.all_runs, final_scores(self.all_runs)
        steps = runs["timesteps"].where(~runs.duplicated(list(KEYS)), runs["timesteps"].diff())
        lines = runs[list(KEYS)].assign(area=runs["return_last100"] * steps, steps=steps)
        sums = lines.groupby(list(KEYS), as_index=False)[["area", "steps"]].sum()
        last = runs["timesteps"].max()
        found = scores.merge(sums, on=list(KEYS))
        area = found["area"] + found["score"] * (last - found["steps"])
        normalized = normalize(found.set_index("environment")["score"], scale_of(scores, self.random_scores))
        found = found.assign(mean_return=area / last, normalized=normalized.to_numpy())
        return found[[*KEYS, "score", "mean_return", "normalized", "episodes", "diverged"]]

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
        return Grid.of(self.all_scores, scale_of(self.all_scores, self.random_scores))

    @cached_property
    def paper(self) -> Grid:
        """The paper's settings."""
        return self.grid.only([name for name in self.grid.settings if name in PAPER_SETTINGS])

    @cached_property
    def table(self) -> pd.DataFrame:
        """One line a setting: its scores and the paper's.

        score, ci_low, ci_high: with uniform actions as random. untrained_score: with the untrained policy.
        score_of_three: the score as of three seeds.
        """
        grid, settings = self.grid, self._settings
        score = mean(grid.normalized())
        low, high = score.interval
        columns = {
            "score": score.value,
            "ci_low": low,
            "ci_high": high,
            "untrained_score": mean(grid.normalized(UNTRAINED_READING)).value,
            "score_of_three": grid.of_three()[0],
        }
        counts = self.scores.groupby("setting").agg(runs=("score", "size"), diverged=("diverged", "sum"))
        table = pd.DataFrame(columns, grid.settings).loc[settings].join(counts)
        heads = {
            "setting": settings,
            "algorithm": [self.settings[name].label for name in settings],
            "paper_score": np.array([self.settings[name].paper_score for name in settings], float),
        }
        return pd.concat([pd.DataFrame(heads, settings), table], axis=1).reset_index(drop=True)

    @cached_property
    def scale(self) -> pd.DataFrame:
        """What scores 0 and 1 by environment, under every reading, and what the best run hangs on.

        best_run_setting, best_run_seed: the best run; of equals the first. second_best_run: the next return.
        best_run_of_three: the mean over all subsets of three seeds; low and high: 5 and 95 % of the subsets.
        """
        paper = self.all_scores[self.all_scores["setting"].isin(PAPER_SETTINGS)].set_index("environment")
        ranked = paper.sort_values("score", ascending=False, kind="stable").groupby(level=0)
        _, best = self.grid.of_three()
        low, high = np.transpose([np.percentile(one, [5, 95]) for one in best])
        return self.grid.scale.assign(
            best_run_setting=ranked["setting"].first(),
            best_run_seed=ranked["seed"].first(),
            second_best_run=ranked["score"].nth(1),
            best_run_of_three=[one.mean() for one in best],
            best_run_of_three_low=low,
            best_run_of_three_high=high,
        )

    @cached_property
    def readings(self) -> pd.DataFrame:
        """The scores under every reading, with intervals, and as of three seeds.

        Columns such as uniform_run, uniform_run_low, uniform_run_high and uniform_run_of_three.
        """
        columns: dict[str, np.ndarray] = {}
        for reading in READINGS:
            columns |= _with_interval(str(reading), mean(self.grid.normalized(reading)))
            columns[f"{reading}_of_three"] = self.grid.of_three(reading)[0]
        table = pd.DataFrame(columns, pd.Index(self.grid.settings, name="setting"))
        return table.loc[self._settings].reset_index()

    @cached_property
    def returns(self) -> pd.DataFrame:
        """Every setting in every environment: environment, setting, runs, and what follows.

        mean, std: of the returns. normalized: mean of the normalized scores. variance_share: of the variance
        of the setting's score. score_without: the setting's score over the other environments.
        """
        table = self.scores.groupby(["environment", "setting"], as_index=False).agg(
            runs=("score", "size"),
            mean=("score", "mean"),
            std=("score", "std"),
            normalized=("normalized", "mean"),
        )
        runs, environments = self.grid.normalized(), range(len(self.grid.environments))
        parts = variances(runs)
        with np.errstate(invalid="ignore"):
            shares = parts / parts.sum(axis=-1, keepdims=True)
        without = [mean(np.delete(runs, place, axis=1)).value for place in environments]
        places = pd.MultiIndex.from_product([self.grid.environments, self.grid.settings])
        more = pd.DataFrame(
            {"variance_share": shares.T.flat, "score_without": np.concatenate(without)}, places
        )
        table = table.join(more, on=["environment", "setting"])
        order = {name: place for place, name in enumerate(self._settings)}
        place = table["setting"].map(order)
        return table.assign(place=place).sort_values(["environment", "place"]).drop(columns="place")

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """Other outcomes: setting, median of its runs, iqm and area, each of these with its interval.

        area: the mean over time of the return on the scale of the score.
        """
        grid, area = self.grid, self._over_time
        runs = grid.normalized()
        columns = {"median": np.nanmedian(runs, axis=(1, 2))}
        columns |= _with_interval("iqm", interquartile_mean(runs))
        columns |= _with_interval("area", mean(area.normalized()))
        return (
            pd.DataFrame(columns, pd.Index(grid.settings, name="setting")).loc[self._settings].reset_index()
        )

    @cached_property
    def improvement(self) -> pd.DataFrame:
        """Over the baseline, its probability: setting, environment (or all), improvement, low, high."""
        runs, settings = self.grid.normalized(), [name for name in self._settings if name != BASELINE]
        chosen = [self.grid.settings.index(name) for name in settings]
        whole, parts = improvement(runs[chosen], runs[self.grid.settings.index(BASELINE)])
        values = np.concatenate([whole[..., None], parts], axis=-1).reshape(3, -1).T
        places = pd.MultiIndex.from_product(
            [settings, ["all", *self.grid.environments]], names=["setting", "environment"]
        )
        return pd.DataFrame(values, places, ["improvement", "low", "high"]).reset_index()

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """As `bench.scores.pairs` has them."""
        return pairs(self.grid)

    @property
    def paper_pairs(self) -> pd.DataFrame:
        """Those of the paper's settings."""
        return self.pairs[self.pairs["setting"].isin(PAPER_SETTINGS)]

    @cached_property
    def gaps(self) -> pd.DataFrame:
        """Where the runs of a setting part into two groups, as `bench.scores.groups` has it."""
        return gaps(self.scores, self.runs)

    @cached_property
    def comparisons(self) -> dict[str, pd.DataFrame]:
        """As `bench.scores.comparisons` has them."""
        return comparisons(self.paper, self._over_time)

    @cached_property
    def coverage(self) -> pd.DataFrame:
        """As `bench.scores.coverage` has it; without lines where a setting or a second seed is missing."""
        return coverage(self.paper) if whole_seeds(self.paper) > 1 else pd.DataFrame(columns=COLUMNS)

    @cached_property
    def doubtful(self) -> frozenset[str]:
        """The settings whose interval may cover too little with one of the kinds of simulated runs.

        It may where the simulated share is below the least, or above it by two standard errors at most.
        """
        error = np.sqrt(LEAST_COVERAGE * (1 - LEAST_COVERAGE) / EXPERIMENTS)
        low = self.coverage["score"] < LEAST_COVERAGE + 2 * error
        return frozenset(self.coverage["setting"][low])

    @property
    def _over_time(self) -> Grid:
        """The grid of the mean returns over all timesteps."""
        return Grid.of(self.all_scores, self.grid.scale, "mean_return")

    @property
    def _settings(self) -> list[str]:
        """The shown settings that have runs, in the table's order."""
        return [name for name in self.grid.settings if name in self.shown]


def _with_interval(name: str, estimate: Estimate) -> dict[str, np.ndarray]:
    low, high = estimate.interval
    return {name: estimate.value, f"{name}_low": low, f"{name}_high": high}


def report(results: Results, selection: Selection) -> Report:
    """The report over the finished runs of a selection.

    Raises:
        UserError: for a file that can't be used, or scores that can't be normalized.
    """
    # The scale is that of the paper's settings, whichever of them are shown.
    paper = Selection(selection.environments, PAPER_SETTINGS, selection.seeds)
    present = {*selection.runs, *paper.runs} & results.finished()
    runs, settings = runs_table(results, present), results.settings(present)
    made = runs_made(results, present & set(selection.runs))
    found = Report(settings, runs, made, results.random_scores(), selection.settings)
    scores = found.scores
    for environment in scores["environment"][scores["normalized"].isna()].head(1):
        raise UserError(f"{environment} cannot be normalized: its best result is the random policy's")
    return found


def save(report: Report, folder: Path) -> None:
    """Write the report's tables as CSV, each under its name; the table itself is `table1.csv`."""
    tables = {
        "scores": report.scores,
        "made": report.made,
        "table1": report.table,
        "scale": report.scale.reset_index(),
        "readings": report.readings,
        "returns": report.returns,
        "outcomes": report.outcomes,
        "improvement": report.improvement,
        "pairs": report.pairs,
        "gaps": report.gaps,
        "coverage": report.coverage,
        **report.comparisons,
    }
    for name, table in tables.items():
        write_whole(folder / f"{name}.csv", csv_text(table))
