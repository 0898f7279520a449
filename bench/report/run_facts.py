"""What pages tell of single runs: groups and outliers, how they were made, and those of no-clip."""

from typing import Any

import numpy as np
import pandas as pd

from bench.protocol.environments import without_version
from bench.protocol.published import LOW_WITHOUT_CONSTRAINT
from bench.protocol.selection import ranges
from bench.protocol.settings import PAPER_SETTINGS, UNCONSTRAINED
from bench.report.formats import format_number
from bench.scores.analysis import Analysis
from bench.scores.estimates import ALPHA
from bench.scores.pairs import compare_settings
from bench.scores.single_runs import FAR, LEAST_DISTANCE, LEAST_RUNS, LEAST_SHARE, find_outliers
from bench.scores.three_seeds import CONSTRAINED


def describe_gaps(analysis: Analysis) -> dict[str, Any]:
    """Gaps between the runs of a setting, of which each alone is significant."""
    table = analysis.gaps[analysis.gaps["p"] < ALPHA].sort_values("p", kind="stable")
    return {"least_runs": LEAST_RUNS, "least_share": LEAST_SHARE, "table": table}


def find_two_groups(analysis: Analysis) -> pd.DataFrame:
    """The gaps that are significant after the correction, with the runs' lowest and highest score."""
    table = analysis.gaps[analysis.gaps["p_holm"] < ALPHA].sort_values("p", kind="stable")
    scores = analysis.scores.groupby(["environment", "setting"])["score"]
    table = table.join(scores.agg(lowest="min", highest="max"), on=["environment", "setting"])
    return table.assign(stay_apart=table["apart_since"].notna())


def describe_outliers(analysis: Analysis) -> dict[str, Any]:
    """Runs far from the others of their setting."""
    table = group_outliers(find_outliers(analysis.scores))
    return {"far": FAR, "least_distance": LEAST_DISTANCE, "table": table}


def group_outliers(found: pd.DataFrame) -> pd.DataFrame:
    """One line a setting in an environment: its outlying seeds and their scores, as text, and the median."""
    return found.groupby(["environment", "setting"], as_index=False).agg(
        seeds=("seed", lambda seeds: ", ".join(map(str, seeds))),
        scores=("normalized", lambda scores: " ".join(map(format_number, scores))),
        median=("median", "first"),
    )


def describe_making(analysis: Analysis) -> dict[str, Any]:
    """Hours by environment, processors and commits, and which runs diverged or were warned of."""
    made = analysis.made
    machines = made.groupby(["processor", "commit"], as_index=False).agg(
        runs=("seed", "size"), seeds=("seed", lambda seeds: ranges(sorted(set(seeds))))
    )
    return {
        "hours": made.groupby("environment")["seconds"].agg(lambda seconds: seconds.sum() / 3600),
        "machines": machines.assign(commit=machines["commit"].str[:12]),
        "diverged": _names(made[made["diverged_at"].notna()]),
        "warned": _names(made[made["physics_warnings"] > 0]),
    }


def _names(runs: pd.DataFrame) -> list[str]:
    return [f"{run.environment} {run.setting} seed {run.seed}" for run in runs.itertuples()]


def describe_no_clip(analysis: Analysis) -> dict[str, Any]:
    """The setting without clipping or penalty by its runs, because a few of them can make its mean.

    decisive, half_cheetah, lowest: lines of `environments`: where most of the variance of its score comes
    from (None of one seed, which has no variance), the paper's reason for its low score, the lowest mean.
    """
    environments = tabulate_no_clip(analysis)
    half_cheetah = environments["environment"].map(without_version) == LOW_WITHOUT_CONSTRAINT
    shares, outcomes = environments["variance_share"], analysis.outcomes.set_index("setting")
    others = outcomes.loc[list(CONSTRAINED)]
    pairs = analysis.paper_pairs
    pairs = pairs[(pairs[["setting", "other"]] == UNCONSTRAINED).any(axis=1)]
    signs = np.where(pairs["setting"] == UNCONSTRAINED, 1, -1)
    below, largest_p = int((pairs["difference"] * signs < 0).sum()), pairs["p"].max()
    welch = compare_settings(analysis.paper, [(UNCONSTRAINED, other) for other in CONSTRAINED])
    return {
        "readings": analysis.readings.set_index("setting").loc[UNCONSTRAINED],
        "runs": environments["runs"].sum(),
        "environments": environments,
        "decisive": environments.loc[shares.idxmax()] if shares.notna().all() else None,
        "half_cheetah": environments[half_cheetah].iloc[0],
        "lowest": environments.loc[environments["normalized"].idxmin()],
        "outcomes": outcomes.loc[UNCONSTRAINED].to_dict(),
        "others_low": others.min().to_dict(),
        "others_high": others.max().to_dict(),
        "tests": len(pairs),
        "below": below,
        "largest_p": largest_p,
        "is_worst": below == len(pairs) and largest_p < ALPHA,
        "different_means": (welch["p_holm"] < ALPHA).sum(),
        "apart": find_apart(analysis),
    }


def tabulate_no_clip(analysis: Analysis) -> pd.DataFrame:
    """One line an environment: what `Analysis.returns` has, and what follows.

    sorted: the normalized scores of its runs, the lowest (low) first. uniform, untrained: how many runs
    return more than uniform actions, or than the untrained policy.
    """
    runs = analysis.scores[analysis.scores["setting"] == UNCONSTRAINED]
    found = runs.groupby("environment")["normalized"].agg(low="min", sorted=sorted)
    for policy in ("uniform", "untrained"):
        random = analysis.scale.loc[runs["environment"], f"random_{policy}"].to_numpy()
        found[policy] = (runs["score"] > random).groupby(runs["environment"]).sum()
    returns = analysis.returns[analysis.returns["setting"] == UNCONSTRAINED]
    return returns.join(found, on="environment")


def find_apart(analysis: Analysis) -> pd.DataFrame:
    """Where all runs of no-clip lie below all others', which needs no test of means: highest, lowest."""
    of_paper = analysis.scores[analysis.scores["setting"].isin(PAPER_SETTINGS)]
    own = of_paper["setting"] == UNCONSTRAINED
    highest = of_paper[own].groupby("environment")["normalized"].max()
    lowest = of_paper[~own].groupby("environment")["normalized"].min()
    table = pd.DataFrame({"highest": highest, "lowest": lowest})
    return table[table["highest"] < table["lowest"]]
