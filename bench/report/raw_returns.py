"""Returns as they are, for a folder without the paper's settings, where nothing sets a scale."""

from collections.abc import Iterable

from rich.console import Console

from bench.common.terminal import print_table
from bench.protocol.protocol import Run
from bench.protocol.settings import PAPER_SETTINGS, in_table_order
from bench.results.folder import Results
from bench.results.reading import final_scores, runs_table


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
