"""`final_policies.md`, its tables and its figure: Table 1 by final policies, with and without their noise."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.protocol.selection import ranges
from bench.protocol.settings import UNCONSTRAINED, Setting
from bench.report.appearance import looks
from bench.report.figures import write_beside
from bench.report.formats import format_estimate, format_list, format_number, format_p
from bench.report.score_figures import DIGITS
from bench.report.tables import Cells, lay_out
from bench.report.templates import render
from bench.scores.estimates import ALPHA
from bench.scores.final_policies import BOUND, CONTRASTS, MEAN, SAMPLED, SEEDS, PolicyTables

PAGE = "final_policies"


def write_final_policies(tables: PolicyTables, folder: Path) -> None:
    """Write the page, its tables and its figure. tables: such that `is_testable`."""
    named = {name: getattr(tables, name) for name in ("table", "changes", "contrasts", "pairs")}
    files = {f"{PAGE}/{name}": table for name, table in named.items()}
    write_beside(folder, PAGE, render_final_policies(tables), files, {"scores": draw_scores(tables)})


def render_final_policies(tables: PolicyTables) -> str:
    """The page, which says of each contrast what the plan lets it say."""
    return render(
        "final_policies.md",
        analysis=tables.analysis,
        tables=tables,
        published=tables.analysis.table.set_index("setting")["score"],
        contrasts=[
            (row, format_list(first), format_list(others))
            for row, (first, others) in zip(tables.contrasts.itertuples(), CONTRASTS.values(), strict=True)
        ],
        changes=lay_out(
            tables.changes,
            lambda row: format_estimate(row, "change"),
            tables.analysis.settings,
            column="scope",
        ),
        pairs=format_significant(tables.pairs),
        seeds=ranges(list(SEEDS)),
        episodes=int(tables.evaluated["episodes"].min()),
        alpha=ALPHA,
        bound=BOUND,
    )


def format_significant(pairs: pd.DataFrame) -> Cells:
    """The differences that are significant under either mode, each with its corrected p under both."""
    either = pairs.groupby(["setting", "other"])["p_holm"].transform("min") < ALPHA
    return lay_out(
        pairs.assign(mode=pairs["mode"] + " actions")[either],
        lambda row: f"{format_number(row.difference)} ({format_p(row.p_holm)})",
        heads=("setting", "other"),
        column="mode",
    )


def draw_scores(tables: PolicyTables) -> Figure:
    """The scores by sampled (hollow) and by mean actions with 95 % intervals: all, and the constrained."""
    rows, settings = tables.table.round(DIGITS), tables.analysis.settings
    figure = Figure(figsize=(10, 1.3 + 0.42 * len(rows)), layout="constrained")
    whole, detail = figure.subplots(1, 2, sharey=True, width_ratios=(1, 2))
    _draw_modes(whole, rows, settings)
    _draw_modes(detail, rows[rows["setting"] != UNCONSTRAINED], settings)
    whole.set_yticks(range(len(rows)), [settings[name].label for name in rows["setting"]])
    whole.set_ylim(len(rows) - 0.4, -0.6)
    whole.set_title("all settings", fontsize="medium")
    detail.set_title("the constrained settings, enlarged", fontsize="medium")
    for label, filling in (("sampled actions", "none"), ("mean actions", "full")):
        detail.plot([], [], "o", color="grey", fillstyle=filling, label=label)
    figure.supxlabel("score on the scale of Table 1, with 95 % interval", fontsize="medium")
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure


def _draw_modes(panel: Axes, rows: pd.DataFrame, settings: Mapping[str, Setting]) -> None:
    """Two intervals a line of the table, at the height of its index."""
    look_of = looks({name: settings[name] for name in rows["setting"]})
    for row in rows.itertuples():
        colour = look_of[row.setting].colour
        for mode, offset, filling in ((SAMPLED, -0.16, "none"), (MEAN, 0.16, "full")):
            value, low, high = (getattr(row, f"{mode}{end}") for end in ("", "_low", "_high"))
            panel.plot([low, high], [row.Index + offset] * 2, color=colour, linewidth=2)
            panel.plot(value, row.Index + offset, "o", color=colour, fillstyle=filling, markersize=7)
    panel.grid(axis="x", linewidth=0.4)
