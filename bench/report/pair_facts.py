"""What pages tell of settings beside each other: their differences, and the two that score highest."""

from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from bench.protocol.environments import without_version
from bench.protocol.protocol import PAPER_SEEDS
from bench.protocol.settings import PAPER_SETTINGS, UNCONSTRAINED
from bench.report.formats import format_number, format_reading
from bench.scores.analysis import Analysis
from bench.scores.estimates import ALPHA
from bench.scores.pairs import AREA, MIDDLE, PERMUTATIONS, POOLED, RANDOM, WITHOUT, find_seed_correlation
from bench.scores.power import POWER
from bench.scores.scale import READINGS
from bench.scores.three_seeds import CONSTRAINED

WAYS = {
    AREA: "mean over time",
    MIDDLE: "interquartile mean in each environment",
    POOLED: "interquartile mean of all runs",
    RANDOM: "environments as a sample of others",
}


def describe_pairs(analysis: Analysis) -> dict[str, Any]:
    """Counts of the differences that are significant, and the pairs that `details.md` shows."""
    pairs, every = analysis.paper_pairs, analysis.pairs
    found = pairs[pairs["p_holm"] < ALPHA]
    same_sign = np.sign(found["difference"]) == np.sign(found["paper_difference"])
    with_no_clip = (found[["setting", "other"]] == UNCONSTRAINED).any(axis=1)
    best = rank_settings(analysis)[0]
    alike = pairs[(pairs[["setting", "other"]] == best).any(axis=1) & ~(pairs["p_holm"] < ALPHA)]
    own = ~every["setting"].isin(PAPER_SETTINGS)
    constrained = (every[["setting", "other"]] != UNCONSTRAINED).all(axis=1)
    return {
        "permutations": PERMUTATIONS,
        "count": len(pairs),
        "significant": len(found),
        "uncorrected": (pairs["p"] < ALPHA).sum(),
        "with_no_clip": with_no_clip.sum(),
        "constrained": (~with_no_clip).sum(),
        "same_sign": same_sign.sum(),
        "same_sign_constrained": same_sign[~with_no_clip].sum(),
        "best": best,
        "like_the_best": np.where(alike["setting"] == best, alike["other"], alike["setting"]),
        "shown": every[constrained & (every["p_holm"] < ALPHA) | own],
        "under_all_readings": (every["significant_readings"] == len(READINGS)).sum(),
        "correlation": correlate_seeds(analysis) if analysis.seeds >= len(PAPER_SEEDS) else None,
    }


def correlate_seeds(analysis: Analysis) -> dict[str, Any]:
    """How alike runs of the same seed are: of all constrained settings (all), and within each family."""
    families: dict[str, list[str]] = {}
    for name in CONSTRAINED:
        families.setdefault(analysis.settings[name].family, []).append(name)
    within = {family: find_seed_correlation(analysis.grid.only(names)) for family, names in families.items()}
    return {
        "all": find_seed_correlation(analysis.grid.only(list(CONSTRAINED))),
        "families": [f"{format_number(value)} ({family})" for family, value in within.items()],
    }


def describe_lead(analysis: Analysis) -> dict[str, Any] | None:
    """Whether the lead of the first two settings hangs on how they are scored and tested.

    None of one seed. Counts of the others that a leader is significantly ahead of come in pairs, one for each
    leader: published; sampled, with environments as a sample of others; least, in all other ways.
    """
    if analysis.robustness.empty:
        return None
    two, pairs, wins = find_leaders(analysis), analysis.paper_pairs, count_ahead(analysis)
    between = pairs[pairs[["setting", "other"]].isin(two).all(axis=1)].iloc[0]
    table, kept = analysis.table.set_index("setting", drop=False), wins.drop(RANDOM)
    return {
        "first": table.loc[two[0]],
        "second": table.loc[two[1]],
        "last": table.loc[rank_settings(analysis)[-1]],
        "differ": between["p_holm"] < ALPHA,
        "others": len(PAPER_SETTINGS) - len(two),
        "stay_first": count_stay_first(analysis),
        "seeds": analysis.seeds_left_out["seed"].nunique(),
        "wins": [(describe_way(str(way)), *counts) for way, *counts in wins.itertuples()],
        "others_first": find_others_first(analysis),
        "published": wins.iloc[0].tolist(),
        "least": kept.min().tolist(),
        "sampled": wins.loc[RANDOM].tolist(),
        "sampled_uncorrected": count_ahead(analysis, corrected=False).loc[RANDOM].tolist(),
        "where": locate_lead(analysis),
    }


def rank_settings(analysis: Analysis) -> list[str]:
    """The paper's settings, the highest score first."""
    scores = analysis.table[analysis.table["setting"].isin(PAPER_SETTINGS)]
    return scores.sort_values("score", ascending=False, kind="stable")["setting"].tolist()


def find_leaders(analysis: Analysis) -> list[str]:
    """The two of the paper's settings that score highest."""
    return rank_settings(analysis)[:2]


def count_ahead(analysis: Analysis, corrected: bool = True) -> pd.DataFrame:
    """Of how many others each of the two leaders is significantly ahead, `[way, leader]`."""
    found, two = mirror_pairs(analysis.robustness), find_leaders(analysis)
    significant = found["p_holm" if corrected else "p"] < ALPHA
    chosen = found["setting"].isin(two) & ~found["other"].isin(two)
    wins = found.assign(wins=significant & (found["score"] > found["other_score"]))[chosen]
    table = wins.pivot_table(index="way", columns="setting", values="wins", aggfunc="sum", sort=False)
    return table[two]


def mirror_pairs(pairs: pd.DataFrame) -> pd.DataFrame:
    """Every pair twice: each setting is the first in one of the lines."""
    names = {"setting": "other", "other": "setting", "score": "other_score", "other_score": "score"}
    return pd.concat([pairs, pairs.rename(columns=names)], ignore_index=True)


def count_stay_first(analysis: Analysis) -> int:
    """In how many of the tables without one seed the leaders stay the first two."""
    table, two = analysis.seeds_left_out, find_leaders(analysis)
    highest = table[table["setting"].isin(two)].groupby("seed")["rank"].max()
    return int((highest == len(two)).sum())


def find_others_first(analysis: Analysis) -> list[tuple[str, list[str]]]:
    """The ways in which not the leaders score highest, and which two settings do."""
    scores = mirror_pairs(analysis.robustness).drop_duplicates(["way", "setting"])
    order = scores.sort_values("score", ascending=False, kind="stable").groupby("way", sort=False)
    firsts = {str(way): lines["setting"].iloc[:2].tolist() for way, lines in order}
    two = set(find_leaders(analysis))
    return [(describe_way(way), names) for way, names in firsts.items() if set(names) != two]


def describe_way(way: str) -> str:
    """A way of scoring and testing as a cell of a table."""
    if way.startswith(WITHOUT):
        return f"without {without_version(way.removeprefix(WITHOUT))}"
    if way == str(READINGS[0]):
        return "as published"
    return WAYS.get(way) or Markup(f"[scale](#the-scale): {format_reading(way)}")


def locate_lead(analysis: Analysis) -> dict[str, Any]:
    """The environment that gives most of the first two's lead over the third and the fourth setting.

    first_shares, second_shares: its shares of the first's lead over each of them, and of the second's.
    """
    means = analysis.returns.pivot(index="setting", columns="environment", values="normalized")
    first, second, *others = (means.loc[name] for name in rank_settings(analysis)[:4])
    leads = [leader - other for leader in (first, second) for other in others]
    shares = pd.DataFrame([lead / lead.sum() for lead in leads])
    environment = str(shares.mean().idxmax())
    of_first, of_second = shares[environment].to_numpy().reshape(2, -1).tolist()
    return {
        "environment": environment,
        "next": [other.name for other in others],
        "first_shares": of_first,
        "second_shares": of_second,
    }


def describe_power(analysis: Analysis) -> dict[str, Any] | None:
    """What the paper's and our number of seeds can tell; None of fewer than three seeds.

    differences: how many pairs of constrained settings there are.
    """
    if analysis.power.empty:
        return None
    table = analysis.power.set_index("seeds")
    return {
        "power": POWER,
        "three": table.loc[len(PAPER_SEEDS)],
        "ours": table.loc[analysis.seeds],
        "differences": len(CONSTRAINED) * (len(CONSTRAINED) - 1) // 2,
    }
