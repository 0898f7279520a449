"""What is printed: Table 1, the differences of a few settings, or returns where nothing sets a scale."""

import math
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console

from bench.common.terminal import print_table
from bench.report.formats import format_interval, format_number, format_p
from bench.report.tables import format_table1, is_of_paper
from bench.scores.analysis import Analysis
from bench.scores.estimates import ALPHA
from bench.scores.pairs import find_fewest_permutable
from bench.scores.power import find_fewest_seeds

SCALE_HEADINGS = {
    "random_uniform": "random: uniform actions",
    "random_untrained": "random: untrained policy",
    "best_run": "best run",
    "best_setting_mean": "best setting mean",
}
# So many differences can be read on a terminal.
MOST_SHOWN = 10
NO_INTERVAL = "it takes two seeds or more of each setting in each environment, and scores that vary"
OWN_SCALE = (
    "The scale is that of these runs alone, because none of the paper's settings is among them: in each"
    " environment uniform actions score 0, and the best of these runs 1."
)


def show_table(analysis: Analysis, console: Console) -> None:
    """Print the table, and what scores 0 and 1."""
    title = "Table 1: average normalized score" if is_of_paper(analysis) else "Average normalized score"
    print_table(console, title, format_table1(analysis))
    scale = analysis.scale[list(SCALE_HEADINGS)].rename(columns=SCALE_HEADINGS).map("{:,.1f}".format)
    cells = [["environment", *scale], *map(list, scale.itertuples())]
    print_table(console, "Scale: the returns that score 0 (uniform actions) and 1 (best run)", cells)


def show_differences(analysis: Analysis, console: Console) -> None:
    """Print the differences of the settings that are shown, where these are few."""
    # They are counted first, because their tests take long.
    if math.comb(len(analysis.table), 2) > MOST_SHOWN:
        return
    # Settings of other environments have no p.
    pairs = analysis.shown_pairs.dropna(subset="p")
    if pairs.empty:
        return
    cells = [["setting", "other", "difference", "95 % interval", "p", "p, Holm"]]
    for row in pairs.itertuples():
        names = (analysis.settings[name].label for name in (row.setting, row.other))
        cells.append([*names, format_number(row.difference), "", "", ""])
        if not math.isnan(row.ci_low):
            interval = format_interval(row.ci_low, row.ci_high)
            cells[-1][3:] = [interval, format_p(row.p), format_p(row.p_holm)]
    title = (
        "Differences of normalized scores, unpaired (p of permutation tests; Holm: corrected for these pairs)"
    )
    print_table(console, title, cells, texts=(0, 1))
    if not analysis.paper.settings:
        console.print(OWN_SCALE, soft_wrap=True)
    if len(pairs) == 1:
        console.print(describe_difference(analysis, pairs.iloc[0]), soft_wrap=True)
    elif pairs["ci_low"].isna().any():
        console.print(f"Where there is no interval: {NO_INTERVAL}.", soft_wrap=True)


def describe_difference(analysis: Analysis, pair: "pd.Series[Any]") -> str:
    """The sentence that the difference of two settings supports. pair: a line of `Analysis.pairs`."""
    higher, lower = (analysis.settings[pair[name]].label for name in ("setting", "other"))
    low, high = pair["ci_low"], pair["ci_high"]
    if pair["difference"] < 0:
        higher, lower, low, high = lower, higher, -high, -low
    gap = abs(pair["difference"])
    if math.isnan(low):
        return f"{higher} scores {format_number(gap)} above {lower}, without an interval: {NO_INTERVAL}."
    interval = f"95 % interval {format_number(low)} to {format_number(high)}"
    found = f"{higher} scores {format_number(gap)} above {lower} ({interval}, p {format_p(pair['p_holm'])})."
    if pair["p_holm"] < ALPHA:
        return f"{found} They differ significantly."
    runs = analysis.grid.normalized()[analysis.grid.find([pair["setting"], pair["other"]])]
    # NaN stays NaN.
    seeds = np.maximum(find_fewest_seeds(runs, gap, ALPHA), find_fewest_permutable(runs.shape[1]))
    enough = "more than 10,000" if np.isnan(seeds) else f"{seeds:,.0f}"
    return (
        f"{found} They are not shown to differ, nor to be alike: a true difference of {format_number(gap)}"
        f" takes {enough} seeds of each to be found with a chance of 80 %."
    )


def show_returns(analysis: Analysis, console: Console) -> None:
    """Print mean and standard deviation of the scores over seeds, and how to get a scale.

    How many diverged is a column only where some did.
    """
    diverged = analysis.scores.groupby(["setting", "environment"])["diverged"].sum()
    cells = [["setting", "environment", "mean return", "std over seeds", "runs"]]
    if diverged.any():
        cells[0].append("diverged")
    returns = analysis.returns.set_index("setting", drop=False).loc[analysis.table["setting"]]
    for row in returns.itertuples():
        spread = "" if row.runs < 2 else f"{row.std:,.1f}"
        cells.append([analysis.label(row), row.environment, f"{row.mean:,.1f}", spread, str(row.runs)])
        if diverged.any():
            cells[-1].append(str(diverged[row.setting, row.environment]))
    print_table(console, "Mean return of the last 100 episodes", cells, texts=(0, 1))
    console.print(
        "Scores on the scale of Table 1 need runs of the paper's settings in these environments and of these"
        " seeds: train them into the same folder (--settings paper, or some of them).",
        soft_wrap=True,
    )
