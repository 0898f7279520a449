"""How the runs were made: what they cost, on which machines, and which of them are unlike the others."""

import math
from collections.abc import Iterable

import pandas as pd

from bench.protocol.selection import ranges
from bench.report.formats import format_number, format_p, format_return, format_share
from bench.report.tables import markdown
from bench.scores.estimates import ALPHA
from bench.scores.groups import LEAST_SHARE
from bench.scores.outliers import FAR, LEAST_DISTANCE, LEAST_RUNS, outliers
from bench.scores.report import Report


def how_they_were_made(report: Report) -> list[str]:
    """Cost, processors and source of the runs, and the diverged ones by name."""
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
    ]


def groups_and_outliers(report: Report) -> list[str]:
    """Where runs of a setting part into two groups, and single runs far from the others."""
    heading = "## Groups and outliers"
    if report.seeds < LEAST_RUNS:
        return [heading, f"They are sought from {LEAST_RUNS} seeds on."]
    table = report.gaps[report.gaps["p"] < ALPHA].sort_values("p")
    columns = {
        "environment": lambda row: row.environment,
        "setting": lambda row: row.setting,
        "runs below": lambda row: str(row.below),
        "gap": lambda row: f"{format_return(row.low)} to {format_return(row.high)}",
        "runs above": lambda row: str(row.above),
        "share of the range": lambda row: format_share(row.share),
        "p": lambda row: format_p(row.p),
        "p, Holm": lambda row: format_p(row.p_holm),
        "apart since": lambda row: "" if math.isnan(row.apart_since) else f"{row.apart_since:,.0f}",
    }
    return [
        heading,
        "Whether the runs of a setting in an environment part into two groups: the widest gap between sorted"
        f" returns that leaves {format_share(LEAST_SHARE)} of the runs or more on either side. p is the"
        " chance of"
        " so wide a gap, as a share of the range, were the runs evenly spread over it (Pyke 1965). This is"
        " no test against every distribution with one peak: a narrow peak with a long tail has such gaps"
        f" more often. Of {len(report.gaps)}, those with p below {ALPHA:g}; “p, Holm” is corrected for all;"
        " “apart since” are the timesteps from which on every run above the gap returned more than any"
        " below:",
        markdown(table, columns),
        f"Outliers, by a modified z-score beyond {FAR} among the runs of a setting in an environment"
        f" (Iglewicz and Hoaglin 1993) and a distance of more than {LEAST_DISTANCE} from their median. They"
        " are runs like all others, and stay in every number. Many in one line are no outliers, but a part"
        " of the runs.",
        markdown(
            by_setting(outliers(report.scores)),
            {
                "environment": lambda row: row.environment,
                "setting": lambda row: row.setting,
                "seeds": lambda row: row.seeds,
                "scores": lambda row: row.scores,
                "median of all": lambda row: format_number(row.median),
            },
        ),
    ]


def by_setting(found: pd.DataFrame) -> pd.DataFrame:
    """One line a setting in an environment: its outlying seeds and their scores, as text, and the median."""
    return found.groupby(["environment", "setting"], as_index=False).agg(
        seeds=("seed", lambda seeds: ", ".join(map(str, seeds))),
        scores=("normalized", lambda scores: " ".join(map(format_number, scores))),
        median=("median", "first"),
    )


def two_groups(report: Report) -> pd.DataFrame:
    """The gaps that are significant after the correction, and the runs' lowest and highest score."""
    table = report.gaps[report.gaps["p_holm"] < ALPHA].sort_values("p")
    scores = report.scores.groupby(["environment", "setting"])["score"]
    table = table.join(scores.agg(lowest="min", highest="max"), on=["environment", "setting"])
    return table.assign(stay_apart=table["apart_since"].notna())


def _listed(made: pd.DataFrame) -> str:
    names: Iterable[str] = (f"{row.environment} {row.setting} seed {row.seed}" for row in made.itertuples())
    return ", ".join(names) or "none"
