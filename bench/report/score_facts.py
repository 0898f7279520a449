"""What pages tell of scores: their scale, its readings, other outcomes, and the intervals' coverage."""

from typing import Any

import pandas as pd

from bench.protocol.settings import PAPER_SETTINGS
from bench.scores.analysis import LEAST_COVERAGE, Analysis
from bench.scores.power import LEAST_SKEWNESS
from bench.scores.scale import normalize
from bench.scores.three_seeds import CONSTRAINED, choose_three


def describe_scale(analysis: Analysis) -> dict[str, Any]:
    """What scores 0 and 1, what that hangs on, and the range of the constrained scores by reading."""
    readings = analysis.readings.set_index("setting").loc[list(CONSTRAINED)]
    return {
        "environments": find_best_of_others(analysis),
        "depends": find_dependence(analysis),
        "ahead": find_furthest_ahead(analysis.scale),
        "low": readings.min(),
        "high": readings.max(),
        "drawn_choices": describe_drawn_choices(analysis),
    }


def describe_drawn_choices(analysis: Analysis) -> dict[str, float] | None:
    """How many choices of three seeds are drawn, and the scores' largest standard error; None if all are."""
    errors = analysis.readings.filter(like="_of_three_error")
    if errors.empty:
        return None
    return {"count": len(choose_three(analysis.seeds)), "largest_error": errors.max(axis=None)}


def find_best_of_others(analysis: Analysis) -> pd.DataFrame:
    """The scale with the best run of all but the best run's setting (best_of_others), and best_run_file."""
    best = pd.DataFrame(
        analysis.paper.returns.max(axis=-1).T, analysis.paper.environments, analysis.paper.settings
    ).loc[analysis.scale.index]
    others = best.where(best.columns.to_numpy() != analysis.scale[["best_run_setting"]].to_numpy())
    files = [
        f"runs/{row.Index}/{row.best_run_setting}/seed-{row.best_run_seed:02d}.csv"
        for row in analysis.scale.itertuples()
    ]
    return analysis.scale.assign(best_of_others=others.max(axis=1), best_run_file=files)


def find_dependence(analysis: Analysis) -> dict[str, Any]:
    """Where the scale hangs most on one setting.

    returns: those of its runs that are better than any other setting's. times: how many times as large other
    scores would be without these runs.
    """
    scale = find_best_of_others(analysis)
    share = normalize(scale["best_run"], scale) - normalize(scale["best_of_others"], scale)
    environment = str(share.idxmax())
    line = scale.loc[environment]
    runs = analysis.all_scores.query("environment == @environment and setting == @line.best_run_setting")
    better = runs["score"][runs["score"] > line["best_of_others"]]
    return {
        "environment": environment,
        "setting": line["best_run_setting"],
        "returns": better.sort_values(ascending=False).tolist(),
        "best_of_others": line["best_of_others"],
        "times": 1 / (1 - share.max()),
    }


def find_furthest_ahead(scale: pd.DataFrame) -> dict[str, Any]:
    """Where one run is furthest ahead of the second best; lead: as a share of the scale."""
    lead = normalize(scale["best_run"], scale) - normalize(scale["second_best_run"], scale)
    environment = str(lead.idxmax())
    setting, seed = scale.loc[environment, ["best_run_setting", "best_run_seed"]]
    return {"environment": environment, "setting": setting, "seed": seed, "lead": lead.max()}


def find_firsts(analysis: Analysis) -> dict[str, str]:
    """Which of the paper's settings comes first, by outcome."""
    table = analysis.outcomes.assign(score=analysis.table["score"])
    paper = table[table["setting"].isin(PAPER_SETTINGS)].set_index("setting")
    return {name: str(paper[name].idxmax()) for name in ("median", "iqm", "area", "score")}


def describe_coverage(analysis: Analysis) -> dict[str, Any] | None:
    """Coverage of the 95 % intervals in simulated experiments; errors in points. None of one seed."""
    coverage = analysis.coverage
    if coverage.empty:
        return None
    table = coverage.pivot(index="setting", columns="runs", values="score").loc[coverage["setting"].unique()]
    experiments = coverage["experiments"].iloc[0]
    at_95, at_least = (100 * (right * (1 - right) / experiments) ** 0.5 for right in (0.95, LEAST_COVERAGE))
    return {
        "experiments": experiments,
        "seeds": coverage["seeds"].iloc[0],
        "least": LEAST_COVERAGE,
        "skewness": f"{LEAST_SKEWNESS:g}",
        "error_at_95": at_95,
        "error_at_least": at_least,
        "table": table.join(coverage.groupby("setting")[["iqm", "improvement"]].min()).reset_index(),
    }
