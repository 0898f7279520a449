"""Other outcomes than the score, and whether the intervals are right."""

import pandas as pd

from bench.protocol.settings import BASELINE, PAPER_SETTINGS, UNCONSTRAINED
from bench.report.formats import format_estimate, format_number, format_share
from bench.report.tables import markdown
from bench.scores.coverage import LEAST_SKEWNESS
from bench.scores.report import LEAST_COVERAGE, Report


def outcomes(report: Report) -> list[str]:
    """Median, interquartile mean, mean over time, and performance profiles."""
    columns = {
        "algorithm": report.label,
        "median": lambda row: format_number(row.median),
        "interquartile mean": lambda row: format_estimate(row, "iqm"),
        "mean over time": lambda row: format_estimate(row, "area"),
    }

    def first(table: pd.DataFrame, name: str) -> str:
        paper = table[table["setting"].isin(PAPER_SETTINGS)]
        return str(paper.loc[paper[name].idxmax(), "setting"])

    firsts = [
        f"by {heading} {first(report.outcomes, name)}"
        for heading, name in zip(list(columns)[1:], ("median", "iqm", "area"), strict=True)
    ]
    return [
        "## Other outcomes",
        "The median of a setting's runs. Their interquartile mean (IQM; Agarwal et al. 2021): the mean of"
        " the middle half, which a few runs can't move far. And the mean return over all timesteps, which is"
        " the area under the learning curve and rewards learning early. All are on the scale of the table;"
        " in brackets 95 % intervals.",
        markdown(report.outcomes, columns),
        f"First of the paper's settings: {', '.join(firsts)}, by score {first(report.table, 'score')}.",
        f"![Interquartile mean, area, and probability of improvement over {BASELINE}](figures/outcomes.png)",
        "Performance profiles (Agarwal et al. 2021): the share of a setting's runs that score more than a"
        " threshold, each environment with equal weight. The bands are pointwise 95 % intervals from the"
        " variance of that share over seeds; they vanish where all runs are on one side. Scores below 0 lie"
        " left of the picture.",
        "![Performance profiles by family](figures/profiles.png)",
    ]


def intervals(report: Report) -> list[str]:
    """Coverage of the 95 % intervals in simulated experiments."""
    heading = "## Whether the intervals are right"
    coverage = report.coverage
    if coverage.empty:
        return [heading, "That is simulated from two seeds on."]
    table = coverage.pivot(index="setting", columns="runs", values="score").loc[coverage["setting"].unique()]
    table = table.join(coverage.groupby("setting")[["iqm", "improvement"]].min()).reset_index()
    columns = {
        "algorithm": report.label,
        "score, Gaussian": lambda row: format_share(row.gaussian),
        "score, capped": lambda row: format_share(row.capped),
        "score, skewed": lambda row: format_share(row.skewed),
        "IQM, least": lambda row: format_share(row.iqm),
        "improvement, least": lambda row: format_share(row.improvement),
    }
    experiments = coverage["experiments"].iloc[0]
    errors = [100 * (right * (1 - right) / experiments) ** 0.5 for right in (0.95, LEAST_COVERAGE)]
    return [
        heading,
        f"In what share of {experiments:,} simulated experiments of {coverage['seeds'].iloc[0]} seeds the 95"
        f" % interval contains the true value. A share near 95 % has a standard error of {errors[0]:.1f}"
        f" points, one near {format_share(LEAST_COVERAGE)} of {errors[1]:.1f}. Runs have the measured"
        " mean and"
        " standard deviation of each setting in each environment. They are Gaussian; or Gaussian, but no"
        f" better than the best measured run; or skewed as measured, and by {LEAST_SKEWNESS:g} at least (a"
        " gamma distribution with its tail towards bad runs, unless the measured tail is the other one). For"
        f" the interquartile mean and the probability of improvement over {BASELINE}, the table has the"
        f" least of the three. In brackets in Table 1 is a score's interval whose share is below"
        f" {format_share(LEAST_COVERAGE)}, or above it by less than two standard errors.",
        markdown(table, columns),
        "What no interval here covers: another choice of environments (the seven are taken as they are); the"
        " scale's own change with seeds; the choices of the protocol; and runs that collapse more rarely and"
        f" further than the simulated ones, as those of {UNCONSTRAINED} may. The intervals of the mean over"
        " time are of the score's kind, and were not simulated.",
    ]
