"""`variants/README.md`, its tables and its figure: what each variant of the protocol moves."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from bench.common.files import csv_text, write_whole
from bench.protocol.environments import without_version
from bench.protocol.published import FIGURE_3, LOW_WITHOUT_CONSTRAINT
from bench.protocol.settings import BASELINE, SETTINGS, UNCONSTRAINED
from bench.protocol.variants import VARIANTS
from bench.report.figures import save_figure
from bench.report.score_figures import DIGITS
from bench.report.tables import between, listed, markdown, markdown_table, number, probability
from bench.scores.variants import Variants


def save(found: Variants, folder: Path) -> str:
    """Write the page, its tables and its figure into `variants/` of a results folder; returns the page."""
    place = folder / "variants"
    write_whole(place / "variants.csv", csv_text(found.table))
    write_whole(place / "by_environment.csv", csv_text(found.by_environment))
    save_figure(differences(found), place, "variants")
    write_whole(place / "README.md", "\n\n".join(sections(found)) + "\n")
    return str(place / "README.md")


def differences(found: Variants) -> Figure:
    """The differences from the default as intervals: a panel for each setting, a line for each variant."""
    table = found.table.round(DIGITS)
    settings = [name for name in SETTINGS if name in set(table["setting"])]
    figure = Figure(figsize=(2.5 + 3 * len(settings), 1.2 + 0.32 * len(found.names)), layout="constrained")
    panels = figure.subplots(1, len(settings), sharey=True, squeeze=False)[0]
    for panel, setting in zip(panels, settings, strict=True):
        rows = table[table["setting"] == setting]
        places = [found.names.index(name) for name in rows["variant"]]
        panel.axvline(0, color="grey", linewidth=0.8)
        panel.hlines(places, rows["low"], rows["high"], color="black", linewidth=2)
        panel.plot(rows["difference"], places, "o", color="black")
        panel.set_title(SETTINGS[setting].label, fontsize="medium")
        panel.grid(axis="x", alpha=0.3)
    panels[0].set_yticks(range(len(found.names)), found.names)
    panels[0].invert_yaxis()
    figure.supxlabel("score less that of the default, with 95 % interval", fontsize="medium")
    return figure


def sections(found: Variants) -> list[str]:
    """The paragraphs and tables."""
    return [
        "# What the undocumented choices move",
        "The paper leaves choices open. The default follows its text, then its authors' code; a variant"
        " differs from it in one choice or a few. Here stands what that moves: the score of a setting under"
        " the variant, less its score under the default, both on the scale of Table 1. Written by"
        " `make variants` from the runs in this folder and the default's: edit nothing here. [How variants"
        " are trained](../../bench/README.md#another-protocol).",
        f"The variants have {_seeds(found)} and the default has {found.default.seeds}. The intervals are of"
        " 95 % over seeds (Welch); p is of a permutation test, corrected by Holm for all"
        f" {len(found.table)} lines. A difference near 0 with a wide interval is not shown to be small.",
        markdown(
            found.table,
            {
                "variant": lambda row: row.variant,
                "setting": lambda row: row.setting,
                "score": lambda row: number(row.score),
                "default": lambda row: number(row.default_score),
                "difference": lambda row: number(row.difference),
                "95 % interval": lambda row: between(row.low, row.high),
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
        "## What the variants are",
        *(f"- `{name}`: {' '.join(VARIANTS[name].in_words())}" for name in found.names),
    ]


def _seeds(found: Variants) -> str:
    counts = found.scores.groupby("variant")["seed"].nunique()
    low, high = counts.min(), counts.max()
    return f"{low} seeds" if low == high else f"{low} to {high} seeds"


def _by_environment(found: Variants) -> list[list[str]]:
    table = found.by_environment
    cells = {
        (
            row.variant,
            row.setting,
            row.environment,
        ): f"{number(row.difference)} ({between(row.low, row.high)})"
        for row in table.itertuples()
    }
    environments = found.grid.environments
    return [
        ["variant", "setting", *map(without_version, environments)],
        *([*pair, *(cells[(*pair, environment)] for environment in environments)] for pair in found.pairs),
    ]


def _unconstrained(found: Variants) -> list[str]:
    """What the unconstrained setting's published score needs; nothing where no variant has runs of it."""
    if UNCONSTRAINED not in set(found.table["setting"]):
        return []
    label, paper = SETTINGS[UNCONSTRAINED].label, SETTINGS[UNCONSTRAINED].paper_score
    default = found.default.returns
    default = default[default["setting"] == UNCONSTRAINED].assign(variant="(default)")
    scores = found.table[found.table["setting"] == UNCONSTRAINED].set_index("variant")["score"]
    scores["(default)"] = found.default.table.set_index("setting")["score"][UNCONSTRAINED]
    lines = pd.concat([default, found.by_environment[found.by_environment["setting"] == UNCONSTRAINED]])
    there = lines[lines["environment"].map(without_version) == LOW_WITHOUT_CONSTRAINT]
    there = there.assign(score=there["variant"].map(scores))
    random = found.default.scale["random_untrained"][there["environment"].iloc[0]]
    negative = there[there["score"] < 0]
    published = negative[(negative["mean"] < random) & (negative["score_without"] > 0)]
    outcome = (
        f"{listed(published['variant'])} {'has' if len(published) == 1 else 'have'} the published sign for"
        " the published reason."
        if len(published)
        else "None of these has the published sign for the published reason."
    )
    return [
        f"## What the published score of {UNCONSTRAINED} needs",
        f"The paper gives {label} {number(paper or 0)}, because of {LOW_WITHOUT_CONSTRAINT} alone, which it"
        f" leaves worse than the initial random policy (here {random:,.0f}). The score is negative under"
        f" {listed(negative['variant'])}. {outcome}",
        markdown(
            there,
            {
                "variant": lambda row: row.variant,
                "score": lambda row: number(row.score),
                f"return in {LOW_WITHOUT_CONSTRAINT}": lambda row: f"{row.mean:,.0f}",
                "± std over runs": lambda row: f"{row.std:,.0f}",
                f"score without {LOW_WITHOUT_CONSTRAINT}": lambda row: number(row.score_without),
            },
        ),
    ]


def _figure_3(found: Variants) -> list[str]:
    """What lies between the baseline's returns and Figure 3; nothing where no variant has runs of it."""
    table = found.by_environment[found.by_environment["setting"] == BASELINE]
    if table.empty:
        return []
    means = table.pivot(index="variant", columns="environment", values="mean").reindex(found.names)
    means.loc["(default)"] = table.groupby("environment")["default_mean"].first()
    means.loc["Figure 3, read off"] = [FIGURE_3[without_version(each)] for each in means.columns]
    # An interval that excludes 0, on the published side.
    paper = table["environment"].map(means.loc["Figure 3, read off"])
    towards = (paper - table["default_mean"]) * table["difference"] > 0
    nearer = table[towards & ((table["low"] > 0) | (table["high"] < 0))]
    names = [f"{row.variant} in {without_version(row.environment)}" for row in nearer.itertuples()]
    return [
        f"## What lies between {BASELINE} and the paper's Figure 3",
        f"Mean returns of {BASELINE}. Towards the paper's, by more than an interval of 95 % (one for each"
        f" variant and environment, not corrected for their number): {listed(names)}.",
        markdown_table(
            [
                ["variant", *map(without_version, means.columns)],
                *([str(name), *_returns(row)] for name, row in means.iterrows()),
            ]
        ),
    ]


def _returns(row: pd.Series) -> list[str]:
    return [
        "" if pd.isna(value) else f"{value:,.1f}" if abs(value) < 100 else f"{value:,.0f}" for value in row
    ]
