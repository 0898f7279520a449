"""Figures over time: learning curves by environment, and what the updates did."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter
from scipy.special import stdtrit

from bench.protocol.environments import without_version
from bench.protocol.settings import Setting, in_table_order
from bench.report.appearance import Look, looks, wrap_panels
from bench.report.off_scale import is_off_scale, mark_below, show_range
from bench.scores.estimates import TAIL

COLUMNS = 3
# What a policy does at first would stretch the panels.
FIRST_SHOWN = 0.1
# A band that fills more of a panel's height hides the curves and tells little.
WIDEST_BAND = 0.5
LEGEND: dict[str, Any] = {"fontsize": "small", "frameon": False, "handlelength": 3.2}


def draw_learning_curves(
    all_runs: pd.DataFrame, random: pd.Series, settings: Mapping[str, Setting]
) -> Figure:
    """A panel per environment: the mean over seeds of the return of the last 100 episodes.

    The band is the pointwise 95 % interval of that mean, Student's; one seed has none. A run that diverged
    keeps its last value. The limits are those of the means after the first tenth of the time, without the
    settings that are off the scale (`is_off_scale`): an arrow is where their curves leave. A band of which a
    later part would fill more than `WIDEST_BAND` of a panel is left out.

    all_runs: as `bench.results.reading.load_runs` gives them.
    random: what uniform actions return, by environment; a grey line.
    settings: those of the runs, by name.
    """
    look_of = looks(settings)
    environments = all_runs["environment"].unique()
    figure, (*panels, last) = wrap_panels(len(environments) + 1, COLUMNS, (4.2, 3.1))
    for panel, environment in zip(panels, environments, strict=True):
        runs = all_runs[all_runs["environment"] == environment]
        names = in_table_order(runs["setting"])
        curves = {name: _mean(runs[runs["setting"] == name]) for name in names}
        uniform = random.get(environment, np.nan)
        _limit(panel, [mean for mean, _ in curves.values()], uniform)
        for name, (mean, half) in curves.items():
            _line(panel, settings[name].label, look_of[name], mean)
            if 2 * _shown(half).max() <= WIDEST_BAND * np.ptp(panel.get_ylim()):
                _band(panel, look_of[name], mean - half, mean + half)
            below = _shown(mean)
            below = below[below < panel.get_ylim()[0]]
            if len(below):
                mark_below(panel, below.index[0], look_of[name].colour)
        if np.isfinite(uniform):
            panel.axhline(uniform, color="grey", linewidth=0.8, label="uniform actions")
        _time_axis(panel, without_version(environment))
    for panel in panels[::COLUMNS]:
        panel.set_ylabel("return, last 100 episodes")
    handles = {
        label: handle
        for panel in panels
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)
    }
    last.axis("off")
    last.legend(handles.values(), handles.keys(), loc="center", **LEGEND)
    return figure


def _mean(runs: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """The mean over seeds by timestep, and half its interval, NaN for one seed."""
    returns = over_time(runs, "return_last100").ffill().dropna()
    return returns.mean(axis=1), stdtrit(returns.shape[1] - 1, TAIL) * returns.sem(axis=1)


def _shown(mean: pd.Series) -> pd.Series:
    """The part of a mean that sets a panel's limits: all but the first tenth of the time."""
    return mean[mean.index >= FIRST_SHOWN * mean.index[-1]]


def _limit(panel: Axes, means: list[pd.Series], uniform: float) -> None:
    """Set the limits by the settings that are not off the scale."""
    later = [_shown(mean) for mean in means if len(mean)]
    if not later:
        return
    best = max(mean.max() for mean in later)
    off = is_off_scale([mean.min() for mean in later], uniform, best)
    kept = [mean for mean, is_off in zip(later, off, strict=True) if not is_off]
    panel.set_ylim(show_range(np.concatenate([*kept, [uniform]])))


def draw_diagnostics(runs: pd.DataFrame, settings: Mapping[str, Setting]) -> Figure:
    """KL and β of the adaptive rows, clip fraction of the clipped ones, and the policy's std of all.

    Medians over environments and seeds; the band, where few rows share a panel, is the quartiles.

    runs: as `bench.results.reading.load_runs` gives them.
    settings: those of the runs, by name.
    """
    shown = {name: settings[name] for name in in_table_order(runs["setting"].unique())}
    look_of = looks(settings)
    adaptive = _with_finite(shown, "kl_target")
    clipped = _with_finite(shown, "clip_range")
    figure = Figure(figsize=(10, 7.2), layout="constrained")
    kl, beta, clips, std = figure.subplots(2, 2).flatten()
    _quartiles(kl, runs, "kl", adaptive, look_of)
    for name, setting in adaptive.items():
        kl.axhline(setting.numbers["kl_target"], color=look_of[name].colour, linewidth=0.6)
    _quartiles(beta, runs, "kl_coefficient", adaptive, look_of)
    _quartiles(clips, runs, "clip_fraction", clipped, look_of)
    for name, setting in shown.items():
        _line(std, setting.label, look_of[name], _over_runs(runs, name, "policy_std")[0.5])
    kl.set_yscale("log")
    beta.set_yscale("log", base=2)  # in the steps in which it adapts
    for panel, title in (
        (kl, "KL(π_old ‖ π) after an update; thin lines: its target"),
        (beta, "KL coefficient β"),
        (clips, "share of ratios outside the clip range after an update"),
        (std, "policy's standard deviation"),
    ):
        _time_axis(panel, title)
    figure.legend(*std.get_legend_handles_labels(), loc="outside lower center", ncols=4, **LEGEND)
    return figure


def over_time(runs: pd.DataFrame, column: str) -> pd.DataFrame:
    """A column of some runs by timestep, one column a run."""
    return runs.pivot(index="timesteps", columns=["environment", "setting", "seed"], values=column)


def _with_finite(settings: Mapping[str, Setting], number: str) -> dict[str, Setting]:
    """Those of the settings in which a number is a constraint."""
    return {name: each for name, each in settings.items() if np.isfinite(each.numbers.get(number, np.inf))}


def _quartiles(
    panel: Axes, runs: pd.DataFrame, column: str, settings: Mapping[str, Setting], look_of: Mapping[str, Look]
) -> None:
    for name, setting in settings.items():
        quartiles = _over_runs(runs, name, column)
        _line(panel, setting.label, look_of[name], quartiles[0.5])
        _band(panel, look_of[name], quartiles[0.25], quartiles[0.75])


def _over_runs(runs: pd.DataFrame, setting: str, column: str) -> pd.DataFrame:
    """The quartiles of a row's runs by timestep, a column for each."""
    values = over_time(runs[runs["setting"] == setting], column)
    # A run that diverged ends with a line of its own that has none.
    return values.dropna(how="all").quantile([0.25, 0.5, 0.75], axis=1).T


def _line(panel: Axes, label: str, look: Look, values: pd.Series) -> None:
    # Markers of different curves stand at different positions.
    every = (0.03 * (len(panel.lines) % 8), 0.24)
    style: dict[str, Any] = {"color": look.colour, "linewidth": 1.3, "label": label}
    panel.plot(values.index, values, look.line, marker=look.marker, markersize=4.5, markevery=every, **style)


def _band(panel: Axes, look: Look, low: pd.Series, high: pd.Series) -> None:
    panel.fill_between(low.index, low, high, color=look.colour, alpha=0.1, linewidth=0)


def _time_axis(panel: Axes, title: str) -> None:
    panel.set_title(title, fontsize="medium")
    panel.xaxis.set_major_formatter(EngFormatter(sep=""))
    panel.set_xlabel("timesteps")
