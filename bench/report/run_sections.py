"""How the runs were made: what they cost, on which machines, and which of them are unlike the others."""

from collections.abc import Iterable

import pandas as pd

from bench.protocol.selection import ranges
from bench.report.tables import markdown, number
from bench.scores.outliers import FAR, LEAST_DISTANCE, LEAST_RUNS, outliers
from bench.scores.report import Report

# Where a larger share of a setting's runs in an environment is far from the median, they are a second group.
MOST_OUTLIERS = 0.2


def how_they_were_made(report: Report) -> list[str]:
    """Cost, processors and source of the runs, and the diverged and outlying ones by name."""
    made = report.made
    hours = made.groupby("environment")["seconds"].agg(lambda seconds: seconds.sum() / 3600)
    costs = ", ".join(f"{environment} {value:.1f}" for environment, value in hours.items())
    diverged, warned = made[made["diverged_at"].notna()], made[made["physics_warnings"] > 0]
    return [
        "## How these runs were made",
        f"They took {hours.sum():.1f} hours of a processor core: {costs}. A job runs on one core, so the"
        " wall time is about this over the number of cores.",
        markdown(
            made.groupby(["processor", "commit"], as_index=False).agg(
                runs=("seed", "size"), seeds=("seed", lambda seeds: ranges(sorted(set(seeds))))
            ),
            {
                "processor": lambda row: row.processor,
                "commit": lambda row: row.commit[:12],
                "seeds": lambda row: row.seeds,
                "runs": lambda row: str(row.runs),
            },
        ),
        f"Diverged: {_listed(diverged)}. With warnings of unstable physics by MuJoCo: {_listed(warned)}.",
        *_outliers(report),
    ]


def _outliers(report: Report) -> list[str]:
    rule = (
        f"Outliers, by a modified z-score beyond {FAR} among the runs of a setting in an environment"
        f" (Iglewicz and Hoaglin 1993) and a distance of more than {LEAST_DISTANCE} from their median. They"
        " are runs like all others, and stay in every number."
    )
    if report.seeds < LEAST_RUNS:
        return [f"{rule} They are sought from {LEAST_RUNS} seeds on."]
    found = outliers(report.scores)
    if found.empty:
        return [f"{rule} None is found."]
    groups, single = split(found, report.scores)
    return [
        rule,
        *([f"Two groups of runs, not outliers: {', '.join(groups)}."] if groups else []),
        markdown(
            single,
            {
                "run": lambda row: f"{row.environment} {row.setting} seed {row.seed}",
                "return": lambda row: f"{row.score:,.1f}",
                "score": lambda row: number(row.normalized),
                "median of its setting there": lambda row: number(row.median),
            },
        ),
    ]


def split(found: pd.DataFrame, scores: pd.DataFrame) -> tuple[list[str], pd.DataFrame]:
    """Where outliers are so many that they are a second group, in words; and the others.

    found: as `bench.scores.outliers` has them. scores: all runs; both with columns environment, setting.
    """
    keys = ["environment", "setting"]
    far, runs = found.groupby(keys).size(), scores.groupby(keys).size()
    many = far[far > MOST_OUTLIERS * runs[far.index]]
    groups = [
        f"{environment} {setting} ({count} of {runs[environment, setting]} far from the median)"
        for (environment, setting), count in many.items()
    ]
    return groups, found[~pd.MultiIndex.from_frame(found[keys]).isin(many.index)]


def _listed(made: pd.DataFrame) -> str:
    names: Iterable[str] = (f"{row.environment} {row.setting} seed {row.seed}" for row in made.itertuples())
    return ", ".join(names) or "none"
