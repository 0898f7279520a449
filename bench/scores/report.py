"""Everything that is derived from the runs: the table, what it rests on, and what it is worth."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from bench.common.errors import UserError
from bench.common.files import csv_text, write_whole
from bench.protocol.selection import Selection
from bench.protocol.settings import PAPER_SETTINGS, Setting
from bench.results.folder import Results
from bench.results.reading import final_scores, runs_table
from bench.scores.comparison import agreement, differences, orderings, three_seeds
from bench.scores.grid import Floats, Grid, complete_grid
from bench.scores.intervals import coverage, experiments_of, intervals, intervals_of_mean
from bench.scores.scale import normalize, readings, references, returns, row_scores


@dataclass(frozen=True)
class Report:
    """The table and what it rests on. All but `settings` and `runs` are written as CSV.

    settings: those of the rows, by name.
    runs: all lines of all runs, as `bench.results.reading.load_runs` gives them.
    scores: one line a run: environment, setting, seed, score, episodes, diverged.
    table: one line a row: setting, algorithm, paper_score, score, ci_low, ci_high, runs, diverged.
    references: what scores 0 and 1 by environment, under every reading.
    readings: the rows' scores under every reading.
    returns: every row in every environment: environment, setting, runs, mean, std, normalized.
    robust: setting, iqm and improvement (over the baseline), each with its interval.
    agreement, orderings, three_seeds: as `bench.scores.comparison` has them.
    coverage: statistic, seeds, experiments, and what share of simulated intervals is right: student and
        percentile, and of each the worst row's or difference's.

    Without a complete grid of two seeds or more intervals are NaN; without all rows and environments of the
    paper besides, the last five are empty.
    """

    settings: Mapping[str, Setting]
    runs: pd.DataFrame
    scores: pd.DataFrame
    table: pd.DataFrame
    references: pd.DataFrame
    readings: pd.DataFrame
    returns: pd.DataFrame
    robust: pd.DataFrame = field(default_factory=pd.DataFrame)
    agreement: pd.DataFrame = field(default_factory=pd.DataFrame)
    orderings: pd.DataFrame = field(default_factory=pd.DataFrame)
    three_seeds: pd.DataFrame = field(default_factory=pd.DataFrame)
    coverage: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def seeds(self) -> int:
        """How many seeds the rows have."""
        return int(self.scores["seed"].nunique())


def report(results: Results, selection: Selection) -> Report:
    """The report over the finished runs of a selection.

    Raises:
        UserError: for a file that can't be used, or scores that can't be normalized.
    """
    # The scale is that of the paper's rows, whichever of them are shown.
    paper_rows = Selection(selection.environments, PAPER_SETTINGS, selection.seeds)
    present = {*selection.runs, *paper_rows.runs} & results.finished()
    runs, settings = runs_table(results, present), results.settings(present)
    all_scores, random = final_scores(runs), results.random_scores()
    scale = references(all_scores, random)
    shown = all_scores["setting"].isin(selection.settings)
    scores = all_scores[shown]
    normalized = normalize(scores, scale)
    for environment in normalized["environment"][normalized["normalized"].isna()].head(1):
        raise UserError(f"{environment} cannot be normalized: its best result is the random policy's")
    grid = complete_grid(all_scores, random)
    comparisons: dict[str, pd.DataFrame] = {}
    if grid is not None and grid.is_whole:
        comparisons = _comparisons(grid, selection.settings)
    return Report(
        settings=settings,
        runs=runs[runs["setting"].isin(selection.settings)],
        scores=scores,
        table=_table(row_scores(normalized), grid, settings),
        references=scale,
        readings=readings(scores, scale),
        returns=returns(normalized),
        **comparisons,
    )


def save(report: Report, folder: Path) -> None:
    """Write the report's tables as CSV, each under its name; the table itself is `table1.csv`."""
    files = {
        "scores": report.scores,
        "table1": report.table,
        "normalization": report.references.reset_index(),
        "readings": report.readings.reset_index(),
        "returns": report.returns,
        "robust": report.robust,
        "agreement": report.agreement,
        "orderings": report.orderings,
        "three_seeds": report.three_seeds,
        "coverage": report.coverage,
    }
    for name, table in files.items():
        if len(table.columns):
            write_whole(folder / f"{name}.csv", csv_text(table))


def _comparisons(grid: Grid, settings: tuple[str, ...]) -> dict[str, pd.DataFrame]:
    """What takes a whole grid, by the report's names."""
    paper = grid.of_the_paper()
    return {
        "robust": _robust(grid, settings),
        "agreement": agreement(paper),
        "orderings": orderings(paper),
        "three_seeds": three_seeds(paper),
        "coverage": _coverage(paper),
    }


def _table(rows: pd.DataFrame, grid: Grid | None, settings: Mapping[str, Setting]) -> pd.DataFrame:
    if grid is None:
        low = high = np.full(len(rows), np.nan)
    else:
        low, high = _interval_columns(
            grid, intervals_of_mean(grid.environment_means, grid.scores), rows.index
        )
    return pd.DataFrame(
        {
            "setting": rows.index,
            "algorithm": [settings[name].label for name in rows.index],
            "paper_score": np.array([settings[name].paper_score for name in rows.index], float),
            "score": rows["score"].to_numpy(),
            "ci_low": low,
            "ci_high": high,
            "runs": rows["runs"].to_numpy(),
            "diverged": rows["diverged"].to_numpy(),
        }
    )


def _robust(grid: Grid, settings: tuple[str, ...]) -> pd.DataFrame:
    shown = pd.Index([name for name in grid.settings if name in settings])
    columns: dict[str, object] = {"setting": shown}
    low, high = intervals_of_mean(grid.environment_improvements, grid.scores)
    statistics = {
        "iqm": (grid.interquartile_mean, intervals(grid.interquartile_mean, grid.scores)),
        # A probability stays one.
        "improvement": (grid.improvement, (np.clip(low, 0, 1), np.clip(high, 0, 1))),
    }
    for name, (statistic, ends) in statistics.items():
        columns[name] = pd.Series(statistic(grid.scores), grid.settings)[shown].to_numpy()
        columns[f"{name}_low"], columns[f"{name}_high"] = _interval_columns(grid, ends, shown)
    return pd.DataFrame(columns)


def _interval_columns(
    grid: Grid, ends: tuple[Floats, Floats], settings: pd.Index
) -> tuple[np.ndarray, np.ndarray]:
    """An interval's ends for the grid's rows, in the order of these settings; NaN for others."""
    low, high = (pd.Series(end, grid.settings) for end in ends)
    return low.reindex(settings).to_numpy(), high.reindex(settings).to_numpy()


def _coverage(grid: Grid) -> pd.DataFrame:
    """Of the scores and of the differences that orderings rest on: on average, and for the worst of them."""

    def scores_and_differences(scores: Floats) -> Floats:
        means = grid.environment_means(scores)
        return np.concatenate([means, differences(grid, means, axis=-2)], axis=-2)

    shares = coverage(scores_and_differences, grid)
    rows = len(grid.settings)
    lines = []
    for statistic, part in (("score", slice(rows)), ("difference", slice(rows, None))):
        line: dict[str, object] = {"statistic": statistic, "seeds": len(grid.seeds)}
        line["experiments"] = experiments_of(len(grid.seeds))
        for name, share in shares.items():
            line |= {name: share[part].mean(), f"{name}_worst": share[part].min()}
        lines.append(line)
    return pd.DataFrame(lines)
