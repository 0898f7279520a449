"""Returns by environment."""

from bench.protocol.environments import without_version
from bench.protocol.settings import in_table_order
from bench.report.formats import format_return
from bench.report.tables import markdown_table, return_cells
from bench.scores.report import Report


def mean_returns(report: Report) -> list[list[str]]:
    """Heading and rows: the mean return of each setting in each environment."""
    means = report.returns.pivot(index="setting", columns="environment", values="mean")
    rows = means.loc[in_table_order(means.index)].iterrows()
    return [
        ["setting", *map(without_version, means.columns)],
        *([str(name), *map(format_return, row)] for name, row in rows),
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
