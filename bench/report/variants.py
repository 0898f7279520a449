"""`variants/README.md`, its tables and its figure: what each variant of the protocol moves."""

import math
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from bench.common.files import csv_text, write_whole
from bench.protocol.environments import without_version
from bench.protocol.published import FIGURE_3, LOW_WITHOUT_CONSTRAINT
from bench.protocol.settings import BASELINE, PAPER_SETTINGS, SETTINGS, UNCONSTRAINED
from bench.protocol.variants import VARIANTS, VARIANTS_FOLDER, folder_of
from bench.report.figures import save_figure
from bench.report.panels import wrapped
from bench.report.repeated import repeated_in_variants
from bench.report.score_figures import DIGITS
from bench.report.tables import (
    between,
    counted,
    doubted,
    listed,
    markdown,
    markdown_table,
    number,
    probability,
    return_text,
)
from bench.results.checksums import CHECKSUMS, checksums
from bench.scores.estimates import ALPHA
from bench.scores.variants import VariantsReport

COLUMNS = 4
# A panel of the figure that has larger differences would hide the others.
LARGE = 3
TICKS = (-10_000, -100, -1, 0, 1, 100, 10_000)
DEFAULT_ROW, PAPER_ROW = "(default)", "Figure 3, read off"


def save(found: VariantsReport, folder: Path) -> str:
    """Write page, tables, figure and the runs' checksums into `variants/` of a results folder.

    Returns the page's path.
    """
    place = folder / VARIANTS_FOLDER
    write_whole(place / "variants.csv", csv_text(found.table))
    write_whole(place / "by_environment.csv", csv_text(found.by_environment))
    save_figure(intervals_figure(found), place, "variants")
    write_whole(place / "README.md", "\n\n".join(sections(found, folder)) + "\n")
    for name in found.names:
        variant = folder_of(folder, name)
        write_whole(variant / CHECKSUMS, checksums(variant))
    return str(place / "README.md")


def intervals_figure(found: VariantsReport) -> Figure:
    """The differences from the default as intervals: a panel for each setting, a line for each variant.

    A panel with large differences is logarithmic beyond ±1.
    """
    table = found.table.round(DIGITS)
    settings = [name for name in PAPER_SETTINGS if name in set(table["setting"])]
    size = (3.2, 1 + 0.25 * len(found.names))
    figure, panels = wrapped(len(settings), COLUMNS, size, margin=(2.5, 0.5), sharey=True)
    for panel, setting in zip(panels, settings, strict=True):
        rows = table[table["setting"] == setting]
        places = [found.names.index(name) for name in rows["variant"]]
        panel.axvline(0, color="grey", linewidth=0.8)
        panel.hlines(places, rows["low"], rows["high"], color="black", linewidth=2)
        panel.plot(rows["difference"], places, "o", color="black")
        panel.set_title(SETTINGS[setting].label, fontsize="medium")
        panel.grid(axis="x", alpha=0.3)
        panel.tick_params(axis="x", labelsize="small")
        if rows[["low", "high"]].abs().max(axis=None) > LARGE:
            panel.set_xscale("symlog", linthresh=1, linscale=2)
            low, high = panel.get_xlim()
            ticks = [tick for tick in TICKS if low <= tick <= high]
            panel.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    panels[0].set_yticks(range(len(found.names)), found.names)
    panels[0].invert_yaxis()
    figure.supxlabel(
        "score less that of the default, with 95 % interval; wide axes are logarithmic beyond ±1",
        fontsize="medium",
    )
    return figure


def sections(found: VariantsReport, folder: Path) -> list[str]:
    """The paragraphs and tables of the page.

    folder: the default's results, whose variants tell what was repeated.
    """
    table = found.table
    doubtful = [name for name in PAPER_SETTINGS if name in found.default.doubtful & set(table["setting"])]
    incomplete = table["score"].isna()
    return [
        "# What other choices move",
        "The paper leaves choices open. The default follows its text, then its authors' code; a variant"
        " differs from it in one choice or a few. Here stands what that moves: the score of a setting under"
        " the variant, less its score under the default, both on the scale of Table 1. Written by"
        " `make variants` from the runs in this folder and the default's: edit nothing here. [How variants"
        " are trained](../../bench/README.md#another-protocol).",
        f"The variants have {_runs(found)} in each environment, the default has {found.default.seeds}. The"
        " intervals are of 95 % over seeds, and p is of Welch's test, corrected by Holm for all"
        f" {table['p'].notna().sum()} tests of this table. Nothing is paired, though seeds are shared. A"
        " difference near 0 with a wide interval is not shown to be small."
        + (f" The intervals of {listed(doubtful)} are in brackets: they are unreliable." if doubtful else "")
        + (" Where an environment is missing, scores can't be compared." if incomplete.any() else ""),
        _significant(table),
        markdown(
            table,
            {
                "variant": lambda row: row.variant,
                "setting": lambda row: row.setting,
                "score": lambda row: number(row.score),
                "default": lambda row: number(row.default_score),
                "difference": lambda row: number(row.difference),
                "95 % interval": lambda row: doubted(between(row.low, row.high), row.setting in doubtful),
                "p, Holm": lambda row: probability(row.p_holm),
                "runs": lambda row: str(row.runs),
                "diverged": lambda row: str(row.diverged),
            },
        ),
        "![Differences from the default](variants.png)",
        "## By environment",
        "Differences of normalized scores, and in brackets their 95 % intervals, which are not corrected for"
        " their number.",
        markdown_table(_by_environment(found)),
        *_unconstrained(found),
        *_figure_3(found),
        *repeated_in_variants(folder, found.names),
        "## What the variants are",
        "\n".join(map(_described, found.names)),
    ]


def _described(variant: str) -> str:
    """An item of a list: how a variant differs from the default, one line a choice where several do."""
    words = VARIANTS[variant].in_words()
    separator = " " if len(words) == 1 else "\n  - "
    return separator.join([f"- `{variant}`:", *words])


def _significant(table: pd.DataFrame) -> str:
    """Which variants move which settings' scores, by the corrected tests."""
    found = table[table["p_holm"] < ALPHA]
    parts = {"lower": found[found["difference"] < 0], "higher": found[found["difference"] > 0]}
    return f"Of these tests {len(found)} find a difference." + "".join(
        f" The score is {direction} under {listed(_with_settings(part))}."
        for direction, part in parts.items()
        if len(part)
    )


def _with_settings(table: pd.DataFrame) -> list[str]:
    """Each variant once, with its settings in brackets."""
    settings = table.groupby("variant", sort=False)["setting"]
    return [f"{variant} ({', '.join(names)})" for variant, names in settings]


def _runs(found: VariantsReport) -> str:
    counts = found.scores.groupby(["variant", "setting", "environment"]).size()
    low, high = int(counts.min()), int(counts.max())
    return counted(high, "run") if low == high else f"{low} to {high} runs"


def _by_environment(found: VariantsReport) -> list[list[str]]:
    cells = {}
    for row in found.by_environment.itertuples():
        ends = between(row.low, row.high)
        text = number(row.difference) + (f" ({ends})" if ends else "")
        cells[row.variant, row.setting, row.environment] = text
    environments = found.grid.environments
    return [
        ["variant", "setting", *map(without_version, environments)],
        *([*pair, *(cells[(*pair, environment)] for environment in environments)] for pair in found.pairs),
    ]


def _unconstrained(found: VariantsReport) -> list[str]:
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
    negative = lines[lines["score"] < 0]
    published = negative[(negative["mean"] < negative["untrained"]) & (negative["score_without"] > 0)]
    verb = "has" if len(published) == 1 else "have"
    return [
        f"## What the published score of {UNCONSTRAINED} needs",
        f"The paper gives {SETTINGS[UNCONSTRAINED].label} {number(paper)}, because of"
        f" {LOW_WITHOUT_CONSTRAINT} alone, where it ends worse than the initial random policy. Here the score"
        f" is negative under {listed(negative['variant'])}. By these means of few runs, "
        + (
            f"{listed(published['variant'])} {verb} the published sign for the published reason."
            if len(published)
            else "none of them has the published sign for the published reason."
        ),
        markdown(
            lines,
            {
                "variant": lambda row: row.variant,
                "score": lambda row: number(row.score),
                f"return in {LOW_WITHOUT_CONSTRAINT}": lambda row: return_text(row.mean),
                "± std over runs": lambda row: return_text(row.std),
                "untrained policy there": lambda row: return_text(row.untrained),
                f"score without {LOW_WITHOUT_CONSTRAINT}": lambda row: number(row.score_without),
            },
        ),
    ]


def _default_line(found: VariantsReport, environment: str) -> pd.DataFrame:
    """The default's line of the unconstrained setting in an environment."""
    report = found.default
    returns = report.returns
    line = returns[(returns["setting"] == UNCONSTRAINED) & (returns["environment"] == environment)]
    score = report.table.set_index("setting")["score"][UNCONSTRAINED]
    return line.assign(
        variant=DEFAULT_ROW, score=score, untrained=report.scale["random_untrained"][environment]
    )


def _figure_3(found: VariantsReport) -> list[str]:
    """What lies between the baseline's returns and Figure 3; nothing where no variant has runs of it."""
    table = found.by_environment[found.by_environment["setting"] == BASELINE]
    if table.empty:
        return []
    means = table.pivot(index="variant", columns="environment", values="mean")
    means = means.loc[[name for name in found.names if name in means.index]]
    means.loc[DEFAULT_ROW] = table.groupby("environment")["default_mean"].first()
    means.loc[PAPER_ROW] = [FIGURE_3.get(without_version(each), math.nan) for each in means.columns]
    paper = table["environment"].map(means.loc[PAPER_ROW])
    closer = (table["mean"] - paper).abs() < (table["default_mean"] - paper).abs()
    nearer = table[closer & ((table["low"] > 0) | (table["high"] < 0))]
    names = [f"{row.variant} in {without_version(row.environment)}" for row in nearer.itertuples()]
    return [
        f"## What lies between {BASELINE} and the paper's Figure 3",
        f"Mean returns of {BASELINE}. Nearer to the paper's than the default, with an interval of the"
        " difference that excludes 0 (one for each variant and environment, not corrected for their number):"
        f" {listed(names)}.",
        markdown_table(
            [
                ["variant", *map(without_version, means.columns)],
                *([str(name), *map(return_text, row)] for name, row in means.iterrows()),
            ]
        ),
    ]
