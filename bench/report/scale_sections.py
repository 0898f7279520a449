"""What scores 0 and 1, what that hangs on, and the scores under other readings."""

from typing import Any

import numpy as np
import pandas as pd

from bench.protocol.environments import without_version
from bench.protocol.settings import UNCONSTRAINED
from bench.report.formats import format_count, format_list, format_number, format_return, format_share
from bench.report.tables import markdown
from bench.report.words import THREE, described
from bench.scores.paper import CONSTRAINED
from bench.scores.report import Report
from bench.scores.scale import READINGS, Reading


def the_scale(report: Report) -> list[str]:
    """What scores 0 and 1, which settings' runs that hangs on, and how far readings move the scores."""
    columns = {
        "environment": lambda row: without_version(row.Index),
        "0: uniform": lambda row: format_return(row.random_uniform),
        "1: best run": lambda row: format_return(row.best_run),
        "its setting": lambda row: row.best_run_setting,
        "best of others": lambda row: format_return(row.best_of_others),
    }
    return [
        "## The scale",
        "A run scores 0 where it returns what uniform actions do, and 1 where it returns what the best run of"
        " all settings does. That is a maximum, which grows with the number of runs, so intervals hold the"
        " scale fixed. The returns, and the best run of all other settings:",
        markdown(best_of_others(report), columns),
        f"{_hangs_on(report)} {_readings_in_words(report)}"
        " [The scale and its readings in full](details.md#the-scale-in-full).",
    ]


def best_of_others(report: Report) -> pd.DataFrame:
    """The scale with a column best_of_others: the best run of all but the best run's setting."""
    best = pd.DataFrame(
        report.paper.returns.max(axis=-1).T, report.paper.environments, report.paper.settings
    ).loc[report.scale.index]
    others = best.where(best.columns.to_numpy() != report.scale[["best_run_setting"]].to_numpy())
    return report.scale.assign(best_of_others=others.max(axis=1))


def _hangs_on(report: Report) -> str:
    """Where the scale hangs most on one setting, and on which of its runs."""
    scale = best_of_others(report)
    lead = scale["best_run"] - scale["best_of_others"]
    share_of_scale = lead / (scale["best_run"] - scale["random_uniform"]).abs()
    if share_of_scale.isna().all():
        return ""
    environment = str(share_of_scale.idxmax())
    line = scale.loc[environment]
    runs = report.all_scores.query("environment == @environment and setting == @line.best_run_setting")
    ahead = runs["score"][runs["score"] > line["best_of_others"]].sort_values(ascending=False)
    verb, them = ("returns", "it") if len(ahead) == 1 else ("return", "them")
    return (
        f"The scale hangs most on one setting in {without_version(environment)}:"
        f" {format_count(len(ahead), 'run')}"
        f" of {line['best_run_setting']} {verb} {format_list(map(format_return, ahead))}, and no run of"
        " another"
        f" setting more than {format_return(line['best_of_others'])}. Without {them} all other scores"
        f" there would be {1 / (1 - share_of_scale[environment]):.1f} times as large."
    )


def _readings_in_words(report: Report) -> str:
    """How far the other readings of the scale move the scores."""
    table = report.readings.set_index("setting")
    constrained = table.loc[[name for name in CONSTRAINED if name in table.index]]
    run, setting_mean, untrained, _ = map(str, READINGS)

    def span(reading: str) -> str:
        return f"{format_number(constrained[reading].min())} to {format_number(constrained[reading].max())}"

    text = (
        "The paper's “best result” can also be read as the best setting's mean: then the constrained settings"
        f" score {span(setting_mean)} instead of {span(run)}. Its “initial random policy” can also be read as"
        f" the untrained policy: then they score {span(untrained)}"
    )
    if UNCONSTRAINED not in table.index:
        return f"{text}."
    before, after = (format_number(table.loc[UNCONSTRAINED, reading]) for reading in (run, untrained))
    return f"{text}, and {UNCONSTRAINED} {after} instead of {before}."


def scale_in_full(report: Report) -> list[str]:
    """The scale with its errors and how far it moves, and all scores under all readings."""

    def with_error(name: str) -> Any:
        return lambda row: f"{getattr(row, name):,.1f} ± {getattr(row, f'{name}_error'):,.1f}"

    columns = {
        "environment": lambda row: row.Index,
        "random: uniform actions": with_error("random_uniform"),
        "random: untrained policy": with_error("random_untrained"),
        "best setting mean": lambda row: f"{row.best_setting_mean:,.1f}",
        "best run": lambda row: f"{row.best_run:,.1f} ({_best_run(row)})",
        "second best run": lambda row: f"{row.second_best_run:,.1f}",
    }
    of_three = report.scale["best_run_of_three"].notna().all()
    moves = (
        f" How far the best run moves is in the last column: the best run of {THREE} seeds, as mean and 5 to"
        f" 95 % of all choices of {THREE} of our {report.seeds} seeds. (With few more seeds than {THREE} the"
        " choices are much alike, and this range is too narrow.)"
    )
    if of_three:
        columns[f"best run of {THREE} seeds"] = lambda row: (
            f"{row.best_run_of_three:,.1f} ({row.best_run_of_three_low:,.1f} to"
            f" {row.best_run_of_three_high:,.1f})"
        )

    def scores(reading: Reading) -> Any:
        name = str(reading)

        def text(row: Any) -> str:
            of_three = format_number(getattr(row, f"{name}_of_three"))
            return format_number(getattr(row, name)) + (f" ({of_three})" if of_three else "")

        return text

    readings = {"algorithm": report.label, **{described(each): scores(each) for each in READINGS}}
    return [
        "## The scale in full",
        "What can score 0 and 1, as mean returns; ± standard error over 100 episodes. Where even the best"
        " result is worse than random, the scale keeps its direction, and Table 1 says so."
        + (moves if of_three else "")
        + _furthest_ahead(report.scale),
        markdown(report.scale, columns),
        f"The scores under four readings, and in brackets as of {THREE} seeds:",
        markdown(report.readings, readings),
    ]


def _best_run(row: Any) -> str:
    """The run that scores 1, and its file."""
    file = f"runs/{row.Index}/{row.best_run_setting}/seed-{row.best_run_seed:02d}.csv"
    return f"[{row.best_run_setting} seed {row.best_run_seed}]({file})"


def _furthest_ahead(scale: pd.DataFrame) -> str:
    """Where one run is furthest ahead of the second best."""
    span = (scale["best_run"] - scale["random_uniform"]).abs()
    lead = (scale["best_run"] - scale["second_best_run"]) / span
    if np.isnan(lead).all():
        return ""
    environment = str(lead.idxmax())
    setting, seed = scale.loc[environment, ["best_run_setting", "best_run_seed"]]
    return (
        f" One run is furthest ahead in {without_version(environment)}: {setting} seed {seed} leads the"
        f" second best run by {format_share(lead.max())} of the scale."
    )
