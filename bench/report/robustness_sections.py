"""Whether the lead of the first two settings hangs on how they are scored and tested."""

from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd

from bench.protocol.environments import without_version
from bench.protocol.settings import PAPER_SETTINGS
from bench.report.formats import format_list, format_share
from bench.report.tables import markdown
from bench.report.words import DESCRIBED
from bench.scores.estimates import ALPHA
from bench.scores.report import Report
from bench.scores.robustness import AREA, MIDDLE, POOLED, RANDOM, WITHOUT

WAYS = {
    AREA: "mean over time",
    MIDDLE: "interquartile mean in each environment",
    POOLED: "interquartile mean of all runs",
    RANDOM: "environments as a sample of others",
}


def ranked(report: Report) -> list[str]:
    """The paper's settings, the highest score first."""
    table = report.table[report.table["setting"].isin(PAPER_SETTINGS)]
    return table.sort_values("score", ascending=False, kind="stable")["setting"].tolist()


def leaders(report: Report) -> tuple[str, str]:
    """The two of the paper's settings that score highest."""
    first, second, *_ = ranked(report)
    return first, second


def ahead(report: Report, corrected: bool = True) -> pd.DataFrame:
    """Of how many others each of the two leaders is significantly ahead, `[way, leader]`."""
    found, two = both_ways(report.comparisons["robustness"]), leaders(report)
    significant = found["p_holm" if corrected else "p"] < ALPHA
    chosen = found["setting"].isin(two) & ~found["other"].isin(two)
    wins = found[chosen].assign(wins=significant & (found["score"] > found["other_score"]))
    return wins.pivot_table(index="way", columns="setting", values="wins", aggfunc="sum", sort=False)[
        list(two)
    ]


def both_ways(pairs: pd.DataFrame) -> pd.DataFrame:
    """Every pair twice: each setting is the first in one of the lines."""
    names = {"setting": "other", "other": "setting", "score": "other_score", "other_score": "score"}
    return pd.concat([pairs, pairs.rename(columns=names)], ignore_index=True)


def others(report: Report) -> int:
    """How many of the paper's settings there are besides the leaders."""
    return len(ranked(report)) - len(leaders(report))


def stay_first(report: Report) -> str:
    """In how many tables without one seed the leaders stay the first two."""
    table, two = report.comparisons["seeds_left_out"], leaders(report)
    highest = table[table["setting"].isin(two)].groupby("seed")["rank"].max()
    return f"{(highest == len(two)).sum()} of {len(highest)}"


def robust(report: Report) -> list[str]:
    """The leaders against all others in every way, and what that hangs on; nothing without these tables."""
    if "robustness" not in report.comparisons:
        return []
    wins, two, count = ahead(report), leaders(report), others(report)
    columns = {
        "way": lambda row: way_in_words(row.Index),
        **{f"{name} ahead of": _cell(place) for place, name in enumerate(two, start=1)},
    }
    single, kept = ahead(report, corrected=False).loc[RANDOM], wins.drop(RANDOM)
    spans = [(name, f"{kept[name].min()} to {kept[name].max()}") for name in two]
    return [
        f"Of how many of the {count} others the first two are significantly ahead if one scores or tests"
        f" otherwise, corrected for {len(report.paper_pairs)} pairs in each way:",
        markdown(wins, columns),
        f"{_first_two(report)} Without one of the seeds the two stay first in {stay_first(report)} tables. In"
        " all ways but the last"
        f" {format_list(f'{name} is significantly ahead of {span}' for name, span in spans)}"
        f" of the {count} others. {_where_the_lead_is(report)} With {len(report.grid.environments)}"
        " environments as a sample of others the two are ahead of"
        f" {counted_ahead(wins.loc[RANDOM], count)} (without the correction of"
        f" {counted_ahead(single, count)}).",
    ]


def _cell(place: int) -> Callable[[Any], str]:
    return lambda row: str(row[place])


def _first_two(report: Report) -> str:
    """In which ways the leaders don't score highest."""
    scores = both_ways(report.comparisons["robustness"]).drop_duplicates(["way", "setting"])
    ranked = scores.sort_values("score", ascending=False, kind="stable").groupby("way", sort=False)["setting"]
    firsts = {str(way): names.iloc[:2].tolist() for way, names in ranked}
    others = {way: names for way, names in firsts.items() if set(names) != set(leaders(report))}
    exceptions = "; ".join(
        f"for “{way_in_words(way)}” {format_list(names)} do" for way, names in others.items()
    )
    count = f"{len(firsts) - len(others)} of {len(firsts)}"
    return f"In {count} ways they score highest{f' ({exceptions})' if others else ''}."


def counted_ahead(wins: Iterable[int], count: int) -> str:
    """Of how many others the two are ahead, in words."""
    one, other = wins
    if one != other:
        return f"{one} and {other}"
    return f"all {count}" if one == count else "none" if one == 0 else f"{one} each"


def way_in_words(way: str) -> str:
    """A way as a cell of the table."""
    if way.startswith(WITHOUT):
        return f"without {without_version(way.removeprefix(WITHOUT))}"
    if way == next(iter(DESCRIBED)):
        return "as published"
    return WAYS.get(way) or f"[scale](#the-scale): {DESCRIBED[way]}"


def lead_shares(report: Report) -> pd.DataFrame:
    """Of each leader's lead over the third and the fourth setting the share of each environment.

    Columns leader, other and the environments.
    """
    order = ranked(report)
    means = report.returns.pivot(index="setting", columns="environment", values="normalized")
    lines = []
    for leader in order[:2]:
        for other in order[2:4]:
            lead = means.loc[leader] - means.loc[other]
            lines.append({"leader": leader, "other": other, **(lead / lead.sum())})
    return pd.DataFrame(lines)


def _where_the_lead_is(report: Report) -> str:
    shares = lead_shares(report)
    most = str(shares[list(report.grid.environments)].mean().idxmax())
    leads = [
        f"{format_list(map(format_share, lines[most]))} of that of {leader}"
        for leader, lines in shares.groupby("leader", sort=False)
    ]
    return (
        f"{without_version(most)} gives most of the lead over the next two,"
        f" {format_list(shares['other'].unique())}: {format_list(leads)}."
    )
