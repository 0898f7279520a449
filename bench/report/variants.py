"""`variants/README.md`, its tables and its figure: what each variant of the protocol moves."""

from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from bench.common.files import csv_text, write_whole
from bench.protocol.environments import without_version
from bench.protocol.settings import PAPER_SETTINGS, SETTINGS
from bench.protocol.variants import VARIANTS, VARIANTS_FOLDER, folder_of
from bench.report.figures import save_figure
from bench.report.formats import (
    format_count,
    format_interval,
    format_list,
    format_number,
    format_p,
    format_return,
)
from bench.report.panels import wrapped
from bench.report.repeated import repeated_in_variants
from bench.report.score_figures import DIGITS
from bench.report.tables import markdown, markdown_table
from bench.report.variant_sections import OFF, by_ranks, by_variant, figure_3, order, unconstrained
from bench.results.checksums import CHECKSUMS, checksums
from bench.scores.estimates import ALPHA
from bench.scores.variants import FAR, VariantsReport

COLUMNS = 4
# A panel of the figure that has larger differences would hide the others.
LARGE = 3
TICKS = (-10_000, -100, -1, 0, 1, 100, 10_000)


def save(found: VariantsReport, folder: Path) -> str:
    """Write page, tables, figure and the runs' checksums into `variants/` of a results folder.

    Returns the page's path.
    """
    place = folder / VARIANTS_FOLDER
    write_whole(place / "variants.csv", csv_text(found.table))
    write_whole(place / "by_environment.csv", csv_text(found.by_environment))
    write_whole(place / "order.csv", csv_text(found.order))
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
    off = found.scores_off_scale

    def on_scale(row: Any, text: str, otherwise: str = OFF) -> str:
        return otherwise if (row.variant, row.setting) in off else text

    return [
        "# What other choices move",
        "The paper leaves choices open. The default follows its text, then its authors' code; a variant"
        " differs from it in one choice or a few. This page has what that moves: the score of a setting under"
        " the variant, less its score under the default, both on the scale of Table 1. Written by"
        " `make variants` from the runs in this folder and the default's: edit nothing here. [How variants"
        " are trained](../../bench/README.md#another-protocol).",
        f"The variants have {_runs(found)} in each environment, the default has {found.default.seeds}. The"
        " intervals are of 95 % over seeds, and p is of Welch's test, corrected by Holm for all"
        f" {table['p'].notna().sum()} tests of this table. Nothing is paired, though seeds are shared. A"
        " difference near 0 with a wide interval is not shown to be small."
        + (
            f" The intervals of {format_list(doubtful)} are in brackets: they are unreliable."
            if doubtful
            else ""
        )
        + (" Where an environment is missing, scores can't be compared." if incomplete.any() else ""),
        _significant(table),
        markdown(
            table,
            {
                "variant": lambda row: row.variant,
                "setting": lambda row: row.setting,
                "score": lambda row: on_scale(row, format_number(row.score)),
                "default": lambda row: format_number(row.default_score),
                "difference": lambda row: on_scale(row, format_number(row.difference)),
                "95 % interval": lambda row: on_scale(
                    row, format_interval(row.low, row.high, row.setting in doubtful), ""
                ),
                "p, Holm": lambda row: format_p(row.p_holm),
                "runs": lambda row: str(row.runs),
                "diverged": lambda row: str(row.diverged),
            },
        ),
        "![Differences from the default](variants.png)",
        *order(found),
        "## By environment",
        "Differences of normalized scores, and in brackets their 95 % intervals, which are not corrected for"
        f" their number.{_unchanged(found)}",
        markdown_table(_by_environment(found)),
        *_off_scale(found),
        *by_ranks(found),
        *unconstrained(found),
        *figure_3(found),
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
        f" The score is {direction} under {format_list(_with_settings(part))}."
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
    return format_count(high, "run") if low == high else f"{low} to {high} runs"


def _unchanged(found: VariantsReport) -> str:
    """Where a variant has the default's runs, in a sentence; nothing where it has none."""
    unchanged = found.by_environment.groupby(["variant", "environment"], sort=False)["unchanged"].all()
    places = unchanged[unchanged].reset_index()
    if places.empty:
        return ""
    return (
        f" Under {format_list(by_variant(places))} all runs score what the default's runs of their seeds"
        " do: the"
        " variant changes nothing there, and a difference is that of these seeds from all of the default's."
    )


def _by_environment(found: VariantsReport) -> list[list[str]]:
    cells = {}
    for row in found.by_environment.itertuples():
        ends = format_interval(row.low, row.high)
        text = format_number(row.difference) + (f" ({ends})" if ends else "")
        cells[row.variant, row.setting, row.environment] = OFF if row.Index in found.off_scale.index else text
    environments = found.grid.environments
    return [
        ["variant", "setting", *map(without_version, environments)],
        *([*pair, *(cells[(*pair, environment)] for environment in environments)] for pair in found.pairs),
    ]


def _off_scale(found: VariantsReport) -> list[str]:
    """The runs of which means and intervals tell nothing; nothing where there are none."""
    table = found.off_scale[["variant", "setting", "environment"]]
    if table.empty:
        return []
    runs = found.scores.groupby(["variant", "setting", "environment"])["score"].agg([sorted, "median"])
    default = found.default.all_scores.groupby(["setting", "environment"])["score"].median()
    lines = table.join(runs, on=list(table)).join(default.rename("default"), on=["setting", "environment"])
    return [
        f"Where an interval reaches beyond ±{FAR}, the lowest runs alone decide the mean. This page says"
        f" “{OFF}” of such a difference, and of the score that it is a part of; `variants.csv` and"
        " `by_environment.csv` have the numbers. Welch's test can't find a difference there, however large"
        " it is, because the same runs decide the variance. The returns of these runs:",
        markdown(
            lines,
            {
                "variant": lambda row: row.variant,
                "setting": lambda row: row.setting,
                "environment": lambda row: without_version(row.environment),
                "runs": lambda row: "; ".join(map(format_return, row.sorted)),
                "median": lambda row: format_return(row.median),
                "median of the default": lambda row: format_return(row.default),
            },
        ),
    ]
