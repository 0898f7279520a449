"""`variants/README.md`, its tables and its figure: what each variant of the protocol moves."""

from pathlib import Path
from typing import Any

import pandas as pd

from bench.common.files import inner_folder
from bench.protocol.environments import without_version
from bench.protocol.settings import SETTINGS, UNCONSTRAINED, in_table_order
from bench.protocol.variants import VARIANTS, VARIANTS_FOLDER
from bench.report.figures import save_figure, write_beside
from bench.report.formats import format_estimate, format_number, format_return
from bench.report.off_scale import OFF_SCALE
from bench.report.repeated import describe_repetitions
from bench.report.tables import lay_out
from bench.report.templates import render
from bench.report.variant_figure import draw_differences
from bench.results.checksums import write_checksums
from bench.results.folder import open_results
from bench.scores.estimates import ALPHA
from bench.scores.variants import DEFAULT, FAR, HEAD, VariantTables, excludes_0


def write_variants(variants: VariantTables, folder: Path) -> Path:
    """Write page, tables, figure and the runs' checksums into `variants/` of a results folder.

    Returns the page's path.
    """
    path = inner_folder(folder, VARIANTS_FOLDER)
    named = {"variants": variants.table, "by_environment": variants.by_environment, "order": variants.order}
    write_beside(path, "README", render_variants(variants, folder), named, {})
    save_figure(draw_differences(variants), path, "variants")
    for name in variants.names:
        write_checksums(open_results(inner_folder(path, name), None, create=False))
    return path / "README.md"


def render_variants(variants: VariantTables, folder: Path) -> str:
    """The page. folder: the default's results, whose variants tell what was repeated."""
    table, by_environment = variants.table, variants.by_environment
    unreliable = variants.default.unreliable & set(table["setting"])
    found = table[table["p_holm"] < ALPHA]
    off_scale = by_environment.index.isin(variants.off_scale.index)
    unchanged = by_environment.groupby(["variant", "environment"], sort=False)["unchanged"].all()
    return render(
        "variants.md",
        variants=variants,
        runs=variants.scores.groupby([*HEAD, "environment"]).size(),
        unreliable=in_table_order(unreliable),
        found=found,
        lower=group_by_variant(found[found["difference"] < 0], "setting"),
        higher=group_by_variant(found[found["difference"] > 0], "setting"),
        order=compare_orders(variants),
        differences=lay_out(
            by_environment.assign(off_scale=off_scale),
            lambda row: OFF_SCALE if row.off_scale else format_estimate(row, "difference", ("low", "high")),
            heads=HEAD,
        ),
        unchanged=group_by_variant(unchanged[unchanged].reset_index(), "environment"),
        ranks=compare_ranks(variants),
        published=explain_published_score(variants),
        figure_3=compare_with_figure_3(variants),
        repeated=describe_repetitions(folder, variants.names),
        protocols=VARIANTS,
        off=OFF_SCALE,
        far=FAR,
    )


def compare_orders(variants: VariantTables) -> dict[str, Any] | None:
    """Which pairs of settings change their order; None where no variant has two whole settings."""
    pairs = variants.order
    if pairs.empty:
        return None
    changed = pairs[pairs["difference"] * pairs["default_difference"] < 0]
    shown = changed[excludes_0(changed)]
    left = shown[shown["p_holm"] < ALPHA]
    return {"pairs": pairs, "changed": changed, "shown": shown, "left": left}


def compare_ranks(variants: VariantTables) -> dict[str, Any] | None:
    """How the unconstrained setting's runs rank beside the default's; None where no variant has any."""
    table = variants.by_environment[variants.by_environment["setting"] == UNCONSTRAINED]
    if table.empty:
        return None
    return {
        "ahead": group_by_variant(table[table["improvement"] == 1], "environment"),
        "behind": group_by_variant(table[table["improvement"] == 0], "environment"),
        "chances": variants.extreme_ranks,
        "cells": lay_out(table, lambda row: format_number(row.improvement), heads=("variant",)),
    }


def explain_published_score(variants: VariantTables) -> dict[str, Any] | None:
    """What the unconstrained setting's published score needs; None where no variant has runs of it there."""
    table = variants.unconstrained
    if len(table) < 2:
        return None
    negative = table[table["score"] < 0]
    elsewhere = negative["score_without"]
    return {
        "setting": SETTINGS[UNCONSTRAINED],
        "table": table,
        "negative": negative,
        "whole_reason": negative[(negative["mean"] < negative["untrained"]) & (elsewhere > 0)],
        "half_reason": negative[(negative["below"] == negative["runs"]) & (elsewhere < 0)],
    }


def compare_with_figure_3(variants: VariantTables) -> dict[str, Any] | None:
    """What lies between the baseline's returns and Figure 3; None where no variant has runs of it."""
    table = variants.figure_3
    if table.empty:
        return None
    moved, once = table[excludes_0(table)], table.drop_duplicates("environment")
    tests = table["p"].count()
    return {
        "tests": tests,
        "expected": ALPHA * tests,
        "nearer": moved[moved["nearer"]],
        "further": moved[~moved["nearer"]],
        "left": table[table["nearer"] & (table["p_holm"] < ALPHA)],
        "cells": [
            *lay_out(table, lambda row: format_return(row.mean), heads=("variant",)),
            [DEFAULT, *map(format_return, once["default_mean"])],
            ["Figure 3, read off", *map(format_return, once["figure_3"])],
        ],
    }


def group_by_variant(table: pd.DataFrame, column: str) -> list[str]:
    """Each variant once, with what it has in a column in brackets: settings, or environments."""
    names = table[column].map(without_version) if column == "environment" else table[column]
    groups = names.groupby(table["variant"], sort=False)
    return [f"{variant} ({', '.join(group)})" for variant, group in groups]
