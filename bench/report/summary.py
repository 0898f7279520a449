"""The results in a few sentences, on top of their page."""

from bench.protocol.environments import without_version
from bench.protocol.published import LOW_WITHOUT_CONSTRAINT
from bench.protocol.settings import PAPER_SETTINGS, UNCONSTRAINED
from bench.report.formats import format_list, format_number, format_share
from bench.report.paper_sections import inside_by_reading
from bench.report.robustness_sections import ahead, counted_ahead, leaders, others, stay_first
from bench.report.unconstrained_sections import above_random
from bench.scores.estimates import ALPHA
from bench.scores.paper import CONSTRAINED
from bench.scores.report import Report
from bench.scores.robustness import RANDOM


def in_short(report: Report) -> list[str]:
    """A list of what was found; nothing where there are fewer than three seeds to say it from."""
    if not {"predictions", "robustness"} <= set(report.comparisons):
        return []
    findings = [
        _first(report),
        _robust(report),
        _last(report),
        _paper(report),
    ]
    return ["## In short", "\n".join(f"- {finding}" for finding in findings)]


def _first(report: Report) -> str:
    table, two = report.table.set_index("setting"), leaders(report)
    pairs = report.paper_pairs
    between = pairs[pairs[["setting", "other"]].isin(two).all(axis=1)].iloc[0]
    told = "differ significantly" if between["p_holm"] < ALPHA else "can't be told apart"
    scores = format_list(f"{name} ({format_number(table.loc[name, 'score'])})" for name in two)
    first = f"{scores} score highest, and {told}."
    return f"{first} Without one of the seeds they stay first in {stay_first(report)} tables."


def _robust(report: Report) -> str:
    wins, count, pairs = ahead(report), others(report), report.paper_pairs
    published, sample = (counted_ahead(wins.loc[way], count) for way in (wins.index[0], RANDOM))
    least = format_list(map(str, wins.drop(RANDOM).min()))
    return (
        f"{(pairs['p_holm'] < ALPHA).sum()} of {len(pairs)} differences are significant after correction. In"
        f" the published tests the first two are ahead of {published} others. [Scored or tested in other"
        f" ways](#who-differs) they are ahead of {least} at least, and of {sample} with environments as a"
        " sample of others."
    )


def _last(report: Report) -> str:
    table = report.table.set_index("setting").loc[list(PAPER_SETTINGS)]
    lowest, runs = table.loc[table["score"].idxmin()], above_random(report)
    most = runs.loc[runs["variance_share"].idxmax()]
    there = runs[runs["environment"].map(without_version) == LOW_WITHOUT_CONSTRAINT]
    reason = "".join(
        f" In the paper the reason was {LOW_WITHOUT_CONSTRAINT}; there {line.uniform} of {line.runs} do."
        for line in there[there["environment"] != most["environment"]].itertuples()
    )
    return (
        f"{lowest.name} scores lowest: {format_number(lowest['score'])}, or"
        f" {format_number(lowest['untrained_score'])} with"
        f" the untrained policy as 0. {format_share(most['variance_share'])} of the variance of"
        f" {UNCONSTRAINED}'s"
        f" score comes from {without_version(most['environment'])}, where {most['uniform']} of"
        f" {most['runs']} runs end above uniform actions.{reason}"
    )


def _paper(report: Report) -> str:
    table = inside_by_reading(report)
    best = {name: table[table.index.str.endswith(name)]["inside"] for name in ("run", "setting_mean")}
    run, setting = (format_list(map(str, sorted(set(counts), reverse=True))) for counts in best.values())
    return (
        f"With the best run as 1, {run} of the paper's {len(CONSTRAINED)} scores besides {UNCONSTRAINED}'s"
        f" lie where a new table of three seeds of ours would; with the best setting's mean as 1, {setting}."
        f" {table['least_inside'].min():.0f} or more are expected."
    )
