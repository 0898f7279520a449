"""Returns by environment."""

from bench.protocol.environments import without_version
from bench.protocol.settings import in_table_order
from bench.report.run_sections import groups_in_words
from bench.report.tables import markdown_table, return_cells, return_text
from bench.scores.report import Report


def by_environment(report: Report) -> list[str]:
    """Mean returns, the scores of all runs, learning curves, and groups of runs."""
    return [
        "## By environment",
        "Mean returns:",
        markdown_table(mean_returns(report)),
        f"{groups_in_words(report)}[Deviations, groups and outliers](details.md#returns-by-environment).",
        "![Scores of all runs](figures/environments.png)",
        "Learning curves: mean over seeds, with pointwise 95 % intervals of that mean; single runs spread"
        " more.",
        "![Learning curves](figures/learning_curves.png)",
    ]


def mean_returns(report: Report) -> list[list[str]]:
    """Heading and rows: the mean return of each setting in each environment."""
    means = report.returns.pivot(index="setting", columns="environment", values="mean")
    rows = means.loc[in_table_order(means.index)].iterrows()
    return [
        ["setting", *map(without_version, means.columns)],
        *([str(name), *map(return_text, row)] for name, row in rows),
    ]


def returns(report: Report) -> list[str]:
    """Mean returns with their deviations, and where the uncertainty of a score comes from."""
    return [
        "## Returns by environment",
        "Mean return ± standard deviation over seeds, and in brackets the mean normalized score.",
        markdown_table(return_cells(report.returns, report.settings)),
        "Where the uncertainty of a score comes from: each environment's share of its variance.",
        "![Share of the variance of a score by environment](figures/variance.png)",
    ]
