"""`README.md` of the results folder: all that was found, for whoever opens the folder in a browser."""

from pathlib import Path
from typing import Any

import pandas as pd

from bench.common.files import read_text, write_whole
from bench.protocol.environments import without_version
from bench.protocol.settings import BASELINE, PAPER_SETTINGS, UNCONSTRAINED
from bench.report.paper_sections import THREE, beside_figure_3, beside_the_paper, described
from bench.report.repeated import repeated
from bench.report.run_sections import how_they_were_made
from bench.report.seed_sections import power
from bench.report.setting_sections import between_settings, unconstrained
from bench.report.summary import in_short
from bench.report.tables import (
    TITLE,
    counted,
    estimate,
    markdown,
    markdown_table,
    notes,
    number,
    return_cells,
    share,
    table_cells,
)
from bench.scores.coverage import EXPERIMENTS, LEAST_SKEWNESS
from bench.scores.report import LEAST_COVERAGE, Report
from bench.scores.scale import READINGS, Reading

# What each file and column is, how to read them, and how scores and intervals are computed.
REFERENCE = Path(__file__).with_name("reference.md")
LECTURE = (
    " The runs of [the lecture's methods](lecture.md) have a page of their own, and are not counted here."
)


def save(report: Report, folder: Path) -> None:
    """Write `README.md`."""
    write_whole(folder / "README.md", "\n\n".join(sections(report, folder)) + "\n")


def sections(report: Report, folder: Path) -> list[str]:
    """The paragraphs, tables and figures of the report over a results folder."""
    return [
        "# Results",
        f"{counted(len(report.scores), 'run')} of {counted(report.seeds, 'seed')}. Written by `make table1`"
        " from the runs in this folder: edit nothing here. Every number is in the CSV files beside this page,"
        " or follows from them." + (LECTURE if (folder / "lecture.md").exists() else ""),
        *in_short(report),
        f"## {TITLE}",
        markdown_table(table_cells(report)),
        f"The settings' names, in this order: {', '.join(f'`{name}`' for name in report.table['setting'])}.",
        *notes(report),
        "![The table as intervals, with the paper's values](figures/table1.png)",
        *unconstrained(report),
        *beside_the_paper(report),
        *beside_figure_3(report),
        *between_settings(report),
        *power(report),
        *_outcomes(report),
        "## Learning curves",
        "Mean over seeds of the return of the last 100 episodes. The bands are pointwise 95 % intervals of"
        " that mean (Student's); single runs spread more.",
        "![Learning curves](figures/learning_curves.png)",
        "## By environment",
        "Mean return ± standard deviation over seeds, and in brackets the mean normalized score.",
        markdown_table(return_cells(report.returns, report.settings)),
        "![Normalized scores of all runs by environment](figures/environments.png)",
        "Where the uncertainty of a score comes from: each environment's share of its variance.",
        "![Share of the variance of a score by environment](figures/variance.png)",
        *_scale(report),
        *_coverage(report),
        "## What happens inside",
        "Medians over environments and seeds; the bands are quartiles.",
        "![KL, its coefficient, clip fraction and policy std over time](figures/diagnostics.png)",
        *how_they_were_made(report),
        *repeated(folder),
        read_text(REFERENCE).strip(),
        "## References",
        "Agarwal et al. 2021, *Deep reinforcement learning at the edge of the statistical precipice*. Colas"
        " et al. 2019, *A hitchhiker's guide to statistical comparisons of reinforcement learning"
        " algorithms*. Patterson et al. 2023, *Empirical design in reinforcement learning*. Holm 1979, *A"
        " simple sequentially rejective multiple test procedure*. Newcombe 2006, *Confidence intervals for"
        " an effect size measure based on the Mann-Whitney statistic*, part 2. Welch 1938 and Satterthwaite"
        " 1946, degrees of freedom of a sum of variances. Welch 1951, analysis of variance with unequal"
        " variances. Iglewicz and Hoaglin 1993, *How to detect and handle outliers*. Yuen 1974, the variance"
        " of a trimmed mean. Zou and Donner 2008, intervals of sums from"
        " the intervals of their parts (MOVER).",
    ]


def _outcomes(report: Report) -> list[str]:
    columns = {
        "algorithm": report.label,
        "median": lambda row: number(row.median),
        "interquartile mean": lambda row: estimate(row, "iqm"),
        "mean over time": lambda row: estimate(row, "area"),
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
        f"First of the paper's settings: {', '.join(firsts)}, by score {first(report.table, 'score')}. No"
        " test is made of this.",
        f"![Interquartile mean, area, and probability of improvement over {BASELINE}](figures/outcomes.png)",
        "Performance profiles (Agarwal et al. 2021): the share of a setting's runs that score more than a"
        " threshold, each environment with equal weight. The bands are pointwise 95 % intervals from the"
        " variance of that share over seeds; they vanish where all runs are on one side. Scores below 0 lie"
        " left of the picture.",
        "![Performance profiles by family](figures/profiles.png)",
    ]


def _scale(report: Report) -> list[str]:
    def with_error(name: str) -> Any:
        return lambda row: f"{getattr(row, name):,.1f} ± {getattr(row, f'{name}_error'):,.1f}"

    columns = {
        "environment": lambda row: row.Index,
        "random: uniform actions": with_error("random_uniform"),
        "random: untrained policy": with_error("random_untrained"),
        "best setting mean": lambda row: f"{row.best_setting_mean:,.1f}",
        "best run": lambda row: f"{row.best_run:,.1f} ({_best_run(row)})",
        "second best run": lambda row: f"{row.second_best_run:,.1f}",
    }
    of_three = report.scale["best_run_of_three"].notna().all()
    moves = (
        f" How far it moves is in the last column: the best run of {THREE} seeds, as mean and 5 to 95 % of"
        f" all choices of {THREE} of our {report.seeds} seeds. (With few more seeds than {THREE} the choices"
        " are much alike, and this range is too narrow.)"
    )
    if of_three:
        columns[f"best run of {THREE} seeds"] = lambda row: (
            f"{row.best_run_of_three:,.1f} ({row.best_run_of_three_low:,.1f} to"
            f" {row.best_run_of_three_high:,.1f})"
        )

    def scores(reading: Reading) -> Any:
        name = str(reading)

        def text(row: Any) -> str:
            of_three = number(getattr(row, f"{name}_of_three"))
            return number(getattr(row, name)) + (f" ({of_three})" if of_three else "")

        return text

    readings = {"algorithm": report.label, **{described(each): scores(each) for each in READINGS}}
    return [
        "## The scale",
        "What scores 0 (by default uniform actions) and 1 (by default the best single run), as mean returns;"
        " ± standard error over 100 episodes. The best run is a maximum: it grows with the number of runs"
        " and has no usual interval, so every interval on this page holds the scale fixed."
        + (moves if of_three else "")
        + _furthest_ahead(report.scale),
        markdown(report.scale, columns),
        "The scores under four readings. The paper's “initial random policy” (section 6.1) can be read as"
        " uniform actions or as the untrained policy, and its best result as a run or as a setting's mean."
        f"{_untrained(report)} In brackets as of {THREE} seeds:",
        markdown(report.readings, readings),
    ]


def _untrained(report: Report) -> str:
    """What the unconstrained setting scores where the untrained policy is random; nothing if not shown."""
    table = report.table.set_index("setting")
    if UNCONSTRAINED not in table.index:
        return ""
    scores = table.loc[UNCONSTRAINED]
    return (
        f" With the untrained policy {UNCONSTRAINED} scores {number(scores['untrained_score'])}, with uniform"
        f" actions {number(scores['score'])}."
    )


def _best_run(row: Any) -> str:
    """The run that scores 1, and its file."""
    file = f"runs/{row.Index}/{row.best_run_setting}/seed-{row.best_run_seed:02d}.csv"
    return f"[{row.best_run_setting} seed {row.best_run_seed}]({file})"


def _furthest_ahead(scale: pd.DataFrame) -> str:
    """Where the scale hangs most on one run."""
    span = (scale["best_run"] - scale["random_uniform"]).abs()
    lead = (scale["best_run"] - scale["second_best_run"]) / span
    environment = str(lead.idxmax())
    setting, seed = scale.loc[environment, ["best_run_setting", "best_run_seed"]]
    return (
        f" The scale hangs most on one run in {without_version(environment)}: {setting} seed {seed} is ahead"
        f" of the second best run by {share(lead.max())} of that scale."
    )


def _coverage(report: Report) -> list[str]:
    heading = "## Whether the intervals are right"
    if "coverage" not in report.comparisons:
        return [heading, "That is simulated from two seeds on."]
    coverage = report.comparisons["coverage"]
    table = coverage.pivot(index="setting", columns="runs", values="score").loc[coverage["setting"].unique()]
    table = table.join(coverage.groupby("setting")[["iqm", "improvement"]].min()).reset_index()
    columns = {
        "algorithm": report.label,
        "score, Gaussian": lambda row: share(row.gaussian),
        "score, capped": lambda row: share(row.capped),
        "score, skewed": lambda row: share(row.skewed),
        "IQM, least": lambda row: share(row.iqm),
        "improvement, least": lambda row: share(row.improvement),
    }
    return [
        heading,
        f"In what share of {EXPERIMENTS:,} simulated experiments of {coverage['seeds'].iloc[0]} seeds the 95"
        " % interval contains the true value (a share near 95 % has a standard error of"
        f" {share((0.95 * 0.05 / EXPERIMENTS) ** 0.5).replace(' %', '')} point). Runs have the measured mean"
        " and standard deviation of each setting in each environment. They are Gaussian; or Gaussian, but no"
        f" better than the best measured run; or skewed as measured, and by {LEAST_SKEWNESS:g} at least (a"
        " gamma distribution with its tail towards bad runs, unless the measured tail is the other one). For"
        f" the interquartile mean and the probability of improvement over {BASELINE}, the table has the"
        f" least of the three. An interval of a score below {share(LEAST_COVERAGE)} is in brackets in Table"
        " 1.",
        markdown(table, columns),
        "What no interval here covers: another choice of environments (the seven are taken as they are); the"
        " scale's own change with seeds; the choices of the protocol; and runs that collapse more rarely and"
        f" further than the simulated ones, as those of {UNCONSTRAINED} may. The intervals of the mean over"
        " time are of the score's kind, and were not simulated.",
    ]
