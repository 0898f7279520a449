"""Parts of the variants' page: the order of settings, the unconstrained one, and the paper's Figure 3."""

import math
from typing import Any

import pandas as pd

from bench.protocol.environments import without_version
from bench.protocol.published import FIGURE_3, LOW_WITHOUT_CONSTRAINT
from bench.protocol.settings import BASELINE, SETTINGS, UNCONSTRAINED
from bench.report.formats import format_interval, format_list, format_number, format_p, format_return
from bench.report.tables import markdown, markdown_table
from bench.scores.estimates import ALPHA
from bench.scores.pairs import holm
from bench.scores.variants import FAR, VariantsReport

DEFAULT_ROW, PAPER_ROW = "(default)", "Figure 3, read off"
# What stands where a number would tell only how far the lowest runs fell.
OFF = "off the scale"


def order(found: VariantsReport) -> list[str]:
    """Which pairs of settings change their order; nothing where no variant has two whole settings."""
    table = found.order
    if table.empty:
        return []
    changed = table[table["difference"] * table["default_difference"] < 0]
    shown = changed[_excludes_0(changed)]
    left = shown[shown["p_holm"] < ALPHA]
    sentences = [
        f"Each variant's runs compare its settings in pairs, {len(table)} in all.",
        f"In {len(changed)} of them the setting that is ahead under the default is behind.",
        f"In {len(shown)} of these the 95 % interval of the difference under the variant excludes 0.",
        f"After Holm's correction for all {len(table)} pairs {len(left)} of these"
        f" {'is' if len(left) == 1 else 'are'} left.",
        *(
            f"Under {row.variant} {row.setting} less {row.other} is {_with_interval(row)}, under the default"
            f" {_with_interval(row, 'default_')}."
            for row in left.itertuples()
        ),
        *(["So the order of settings depends on the protocol."] if len(left) else []),
    ]
    columns = {
        "variant": lambda row: row.variant,
        "setting less another": lambda row: f"{row.setting} less {row.other}",
        "under the variant": _with_interval,
        "under the default": lambda row: _with_interval(row, "default_"),
        "p, Holm": lambda row: format_p(row.p_holm),
    }
    return [
        "## Whether the settings keep their order",
        " ".join(sentences),
        *([markdown(shown, columns)] if len(shown) else []),
        *_in_all_variants(found),
    ]


def _in_all_variants(found: VariantsReport) -> list[str]:
    """The baseline less each setting that all of several variants have; nothing where there is none."""
    pairs = found.order[(found.order["setting"] == BASELINE) & (found.order["other"] != UNCONSTRAINED)]
    off = found.scores_off_scale
    parts = []
    for other, lines in pairs.groupby("other", sort=False):
        if len(lines) < max(2, len(found.names)):
            continue
        default = (
            lines.filter(like="default_").iloc[:1].rename(columns=lambda name: name.removeprefix("default_"))
        )
        lines = pd.concat([default.assign(variant=DEFAULT_ROW), lines])
        parts += [
            f"All variants have {BASELINE} and {other}. The interval of the difference of these two scores"
            f" excludes 0 under {format_list(lines['variant'][_excludes_0(lines)])}. Elsewhere either may be"
            " ahead:",
            markdown(
                lines,
                {
                    "variant": lambda row: row.variant,
                    f"{BASELINE} less {other}": lambda row: (
                        OFF
                        if off & {(row.variant, row.setting), (row.variant, row.other)}
                        else _with_interval(row)
                    ),
                },
            ),
        ]
    return parts


def _excludes_0(table: pd.DataFrame) -> "pd.Series[bool]":
    """Whether the interval of each line does."""
    return (table["low"] > 0) | (table["high"] < 0)


def _with_interval(row: Any, prefix: str = "") -> str:
    """A difference with its interval in brackets."""
    value, low, high = (getattr(row, f"{prefix}{name}") for name in ("difference", "low", "high"))
    return f"{format_number(value)} ({format_interval(low, high)})"


def by_ranks(found: VariantsReport) -> list[str]:
    """How the unconstrained setting's runs rank beside the default's; nothing where no variant has any."""
    table = found.by_environment[found.by_environment["setting"] == UNCONSTRAINED]
    if table.empty:
        return []
    cells = table.pivot(index="variant", columns="environment", values="improvement")
    cells = cells.loc[table["variant"].unique()]
    sentences = [
        f"{outcome} of the default's: {format_list(places)}."
        for outcome, places in (
            ("All runs of the variant beat all", by_variant(table[table["improvement"] == 1])),
            ("All lose to all", by_variant(table[table["improvement"] == 0])),
        )
        if places
    ]
    return [
        f"## {UNCONSTRAINED} by ranks",
        f"A mean of {UNCONSTRAINED} hangs on its lowest runs, a rank does not. The table has the share of"
        " pairs of runs, one of the variant and one of the default, in which the variant's has the higher"
        f" return; half of a tie counts. {' '.join(sentences)}{_by_chance(found, table)}",
        markdown_table(
            [
                ["variant", *map(without_version, cells.columns)],
                *([str(name), *map(format_number, row)] for name, row in cells.iterrows()),
            ]
        ),
    ]


def _by_chance(found: VariantsReport, table: pd.DataFrame) -> str:
    """How many environments of how many would separate all runs, were the variants without effect."""
    default = found.default.all_scores
    default_runs = default[default["setting"] == UNCONSTRAINED].groupby("environment").size()
    runs = found.scores[found.scores["setting"] == UNCONSTRAINED].groupby(["variant", "environment"]).size()
    chances = [
        2 / math.comb(count + default_runs[environment], count) for (_, environment), count in runs.items()
    ]
    return (
        f" Without any effect of the variants, {sum(chances):.1f} of the {len(chances)} cells would be"
        " expected to be 0.00 or 1.00."
    )


def by_variant(table: pd.DataFrame) -> list[str]:
    """Each variant with its environments in brackets."""
    environments = table.groupby("variant", sort=False)["environment"]
    return [f"{variant} ({', '.join(map(without_version, names))})" for variant, names in environments]


def unconstrained(found: VariantsReport) -> list[str]:
    """What the unconstrained setting's published score needs; nothing where its runs can't tell."""
    paper = SETTINGS[UNCONSTRAINED].paper_score
    assert paper is not None
    table = found.by_environment
    there = table[
        (table["setting"] == UNCONSTRAINED)
        & (table["environment"].map(without_version) == LOW_WITHOUT_CONSTRAINT)
        & table["mean"].notna()
    ]
    if there.empty:
        return []
    scores = found.table[found.table["setting"] == UNCONSTRAINED].set_index("variant")["score"]
    lines = pd.concat(
        [_default_line(found, there["environment"].iloc[0]), there.assign(score=there["variant"].map(scores))]
    )
    lines = lines[["variant", "environment", "score", "mean", "std", "untrained", "score_without"]]
    lines = lines.join(_below_untrained(found, lines), on="variant")
    negative = lines[lines["score"] < 0]
    all_below = negative[negative["below"] == negative["runs"]]
    published = negative[(negative["mean"] < negative["untrained"]) & (negative["score_without"] > 0)]
    verb = "has" if len(published) == 1 else "have"
    return [
        f"## What the published score of {UNCONSTRAINED} needs",
        f"The paper gives {SETTINGS[UNCONSTRAINED].label} {format_number(paper)}, because of"
        f" {LOW_WITHOUT_CONSTRAINT} alone, where it ends worse than the initial random policy. Here the score"
        f" is negative under {format_list(negative['variant'])}. By these means of few runs, "
        + (
            f"{format_list(published['variant'])} {verb} the published sign for the published reason."
            if len(published)
            else "none of them has the published sign for the published reason."
        )
        + "".join(map(_half_of_the_reason, all_below[all_below["score_without"] < 0].itertuples())),
        markdown(
            lines,
            {
                "variant": lambda row: row.variant,
                "score": lambda row: _on_scale(row.score),
                f"return in {LOW_WITHOUT_CONSTRAINT}": lambda row: format_return(row.mean),
                "± std over runs": lambda row: format_return(row.std),
                "untrained policy there": lambda row: format_return(row.untrained),
                "runs below it": lambda row: f"{row.below} of {row.runs}",
                f"score without {LOW_WITHOUT_CONSTRAINT}": lambda row: _on_scale(row.score_without),
            },
        ),
    ]


def _half_of_the_reason(row: Any) -> str:
    return (
        f" {row.variant} has half of that reason: all {row.runs} runs in {LOW_WITHOUT_CONSTRAINT} end below"
        f" the untrained policy, but the score without {LOW_WITHOUT_CONSTRAINT} is negative, too."
    )


def _on_scale(value: float) -> str:
    return OFF if abs(value) > FAR else format_number(value)


def _default_line(found: VariantsReport, environment: str) -> pd.DataFrame:
    """The default's line of the unconstrained setting in an environment."""
    report = found.default
    returns = report.returns
    line = returns[(returns["setting"] == UNCONSTRAINED) & (returns["environment"] == environment)]
    score = report.table.set_index("setting")["score"][UNCONSTRAINED]
    return line.assign(
        variant=DEFAULT_ROW, score=score, untrained=report.scale["random_untrained"][environment]
    )


def _below_untrained(found: VariantsReport, lines: pd.DataFrame) -> pd.DataFrame:
    """Of each line's variant: runs of the unconstrained setting there, and those below the untrained policy.

    lines: with the columns variant, environment, untrained.
    """
    runs = pd.concat([found.scores, found.default.all_scores.assign(variant=DEFAULT_ROW)])
    runs = runs[runs["setting"] == UNCONSTRAINED][["variant", "environment", "score"]]
    runs = runs.merge(lines[["variant", "environment", "untrained"]], on=["variant", "environment"])
    below = (runs["score"] < runs["untrained"]).groupby(runs["variant"])
    return pd.DataFrame({"runs": below.size(), "below": below.sum()})


def figure_3(found: VariantsReport) -> list[str]:
    """What lies between the baseline's returns and Figure 3; nothing where no variant has runs of it."""
    table = found.by_environment[found.by_environment["setting"] == BASELINE]
    if table.empty:
        return []
    means = table.pivot(index="variant", columns="environment", values="mean")
    means = means.loc[[name for name in found.names if name in means.index]]
    means.loc[DEFAULT_ROW] = table.groupby("environment")["default_mean"].first()
    means.loc[PAPER_ROW] = [FIGURE_3.get(without_version(each), math.nan) for each in means.columns]
    paper = table["environment"].map(means.loc[PAPER_ROW])
    nearer = (table["mean"] - paper).abs() < (table["default_mean"] - paper).abs()
    excludes, p_holm = _excludes_0(table), pd.Series(holm(table["p"].to_numpy()), table.index)
    left = table[nearer & (p_holm < ALPHA)]
    names = [
        f"{row.variant} in {without_version(row.environment)}"
        + (f" (whose runs all return {format_return(row.mean)}, so that the test takes their spread to be 0)")
        * (row.std == 0)
        for row in left.itertuples()
    ]
    tests = int(table["p"].notna().sum())
    return [
        f"## What lies between {BASELINE} and the paper's Figure 3",
        f"Mean returns of {BASELINE}. {tests} of them have an interval of the difference from the default. It"
        f" excludes 0 in {(excludes & nearer).sum()} that are nearer to the paper's than the default, and in"
        f" {(excludes & ~nearer).sum()} that are further away. Without any effect of the variants,"
        f" {ALPHA * tests:.0f} would be expected to exclude 0, at most half of these nearer. Nearer after"
        f" Holm's correction for all {tests}: {format_list(names)}.",
        markdown_table(
            [
                ["variant", *map(without_version, means.columns)],
                *([str(name), *map(format_return, row)] for name, row in means.iterrows()),
            ]
        ),
    ]
