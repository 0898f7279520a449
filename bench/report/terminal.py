"""What is printed: Table 1, the differences of a few settings, or returns where nothing sets a scale."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console

from bench.common.terminal import print_table, warn
from bench.protocol.protocol import Run
from bench.protocol.settings import PAPER_SETTINGS, in_table_order
from bench.report.formats import format_interval, format_number, format_p
from bench.report.tables import Cells, find_warnings, format_table1, is_of_paper
from bench.results.folder import Results
from bench.results.reading import final_scores, runs_table
from bench.scores.analysis import Analysis
from bench.scores.estimates import ALPHA
from bench.scores.power import find_fewest_seeds

SCALE_HEADINGS = {
    "random_uniform": "random: uniform actions",
    "random_untrained": "random: untrained policy",
    "best_run": "best run",
    "best_setting_mean": "best setting mean",
}
# So many differences can be read on a terminal.
MOST_SHOWN = 10


def show_table(analysis: Analysis, console: Console) -> None:
    """Print the table, and what scores 0 and 1."""
    title = "Table 1: average normalized score" if is_of_paper(analysis) else "Average normalized score"
    print_table(console, title, format_table1(analysis))
    scale = "Scale: the returns that score 0 (uniform actions) and 1 (best run)"
    print_table(console, scale, format_scale(analysis.scale))
    for warning in find_warnings(analysis):
        warn(console, warning)


def format_scale(scale: pd.DataFrame) -> Cells:
    """What scores 0 and 1 in each environment."""
    rows = scale[list(SCALE_HEADINGS)].iterrows()
    return [
        ["environment", *SCALE_HEADINGS.values()],
        *([str(environment), *(f"{value:,.1f}" for value in row)] for environment, row in rows),
    ]


def show_differences(analysis: Analysis, console: Console) -> None:
    """Print the differences of the settings that are shown, where these are few and have several seeds."""
    settings = analysis.table.dropna(subset="ci_low")["setting"]
    paper = settings.isin(PAPER_SETTINGS).sum()
    # Each setting has a pair with each of the paper's. They are counted first, because their tests take long.
    if not 0 < paper * (2 * len(settings) - paper - 1) / 2 <= MOST_SHOWN:
        return
    pairs = analysis.shown_pairs.dropna(subset="ci_low")
    cells = [["setting", "other", "difference", "95 % interval", "p", "p, Holm"]]
    for row in pairs.itertuples():
        names = (analysis.settings[name].label for name in (row.setting, row.other))
        interval = format_interval(row.ci_low, row.ci_high)
        cells.append([*names, format_number(row.difference), interval, format_p(row.p), format_p(row.p_holm)])
    title = "Differences of normalized scores (p of permutation tests)"
    print_table(console, title, cells, texts=(0, 1))
    if len(pairs) == 1:
        console.print(describe_difference(analysis, pairs.iloc[0]), soft_wrap=True)


def describe_difference(analysis: Analysis, pair: "pd.Series[Any]") -> str:
    """The sentence that the difference of two settings supports. pair: a line of `Analysis.pairs`."""
    higher, lower = (analysis.settings[pair[name]].label for name in ("setting", "other"))
    low, high = pair["ci_low"], pair["ci_high"]
    if pair["difference"] < 0:
        higher, lower, low, high = lower, higher, -high, -low
    gap = abs(pair["difference"])
    interval = f"95 % interval {format_number(low)} to {format_number(high)}"
    found = f"{higher} scores {format_number(gap)} above {lower} ({interval}, p {format_p(pair['p_holm'])})."
    if pair["p_holm"] < ALPHA:
        return f"{found} They differ significantly."
    runs = analysis.grid.normalized()[analysis.grid.find([pair["setting"], pair["other"]])]
    seeds = find_fewest_seeds(runs, gap, ALPHA)
    enough = "more than 10,000" if np.isnan(seeds) else f"{seeds:,.0f}"
    return (
        f"{found} They are not shown to differ, nor to be alike: a true difference of {format_number(gap)}"
        f" takes {enough} seeds of each to be found with a chance of 80 %."
    )


def show_returns(results: Results, runs: Iterable[Run], console: Console) -> None:
    """Print mean and standard deviation of these runs' scores over seeds, and how to get a scale.

    How many diverged is a column only where some did.

    Raises:
        UserError: for a file that can't be used.
    """
    runs = list(runs)
    groups = final_scores(runs_table(results, runs)).groupby(["setting", "environment"])
    found = groups["score"].agg(["mean", "std", "size"])
    diverged = groups["diverged"].sum()
    settings = results.settings(runs)
    cells = [["setting", "environment", "mean return", "std over seeds", "runs"]]
    if diverged.any():
        cells[0].append("diverged")
    for setting in in_table_order(settings):
        for environment, (mean, std, size) in found.loc[setting].iterrows():
            spread = "" if size < 2 else f"{std:,.1f}"
            cells.append([settings[setting].label, str(environment), f"{mean:,.1f}", spread, str(int(size))])
            if diverged.any():
                cells[-1].append(str(diverged[setting, environment]))
    print_table(console, "Mean return of the last 100 episodes", cells, texts=(0, 1))
    console.print(
        "Normalized scores need the paper's settings, which set the scale: train them into the same folder"
        f" (--settings {' '.join(PAPER_SETTINGS)}).",
        soft_wrap=True,
    )
