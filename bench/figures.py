"""Learning curves from the runs' CSVs."""

import io
from typing import Any

import matplotlib
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from bench.files import write_whole
from bench.protocol import SETTINGS, UNIFORM
from bench.results import Results
from bench.selection import Selection

COLUMNS = 4
# A hue of the Okabe-Ito palette, safe for the colour-blind, for each family of objectives.
FAMILY_COLOURS = {
    "no-clip": "#000000",
    "clip": "#D55E00",
    "adaptive-kl": "#009E73",
    "fixed-kl": "#0072B2",
}
MEMBER_STYLES = ("-", "--", ":", "-.")
# So that the same runs give the same bytes.
DETERMINISTIC: Any = {"svg.hashsalt": "table1", "svg.fonttype": "path"}


def save_learning_curves(results: Results, selection: Selection) -> list[str]:
    """Write the learning curves of the selection's finished runs as PNG and SVG into `figures/`.

    A panel per environment: return of the last 100 episodes against timesteps, the mean over seeds as a
    line, their range shaded. A run that diverged keeps its last value. A selection other than the whole table
    gets a file of its own.

    Returns the paths written.
    """
    name = "learning_curves" if selection.is_whole_table else "learning_curves_selection"
    paths = []
    with matplotlib.rc_context(DETERMINISTIC):
        figure = _learning_curves(results, selection)
        for suffix, metadata in (("png", {"Software": None}), ("svg", {"Date": None})):
            buffer = io.BytesIO()
            figure.savefig(buffer, format=suffix, dpi=150, metadata=metadata)
            path = results.path / "figures" / f"{name}.{suffix}"
            write_whole(path, buffer.getvalue())
            paths.append(str(path))
    return paths


def _learning_curves(results: Results, selection: Selection) -> Figure:
    random = results.random_scores().set_index(["policy", "environment"])["score"]
    finished = results.finished()
    panels = len(selection.environments)
    columns = min(COLUMNS, panels + 1)
    rows = -(-(panels + 1) // columns)
    figure = Figure(figsize=(3.4 * columns, 2.9 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).flatten()
    for panel, environment in zip(axes, selection.environments, strict=False):
        for setting in selection.settings:
            runs = {
                run.seed: results.load(run)[0].set_index("timesteps")["return_last100"]
                for run in selection.runs
                if (run.environment, run.setting) == (environment, setting) and run in finished
            }
            if runs:
                _plot(panel, setting, pd.DataFrame(runs).sort_index().ffill().dropna())
        if (UNIFORM, environment) in random:
            panel.axhline(random[UNIFORM, environment], color="grey", linewidth=0.8, label="uniform actions")
        panel.set_title(environment)
        panel.xaxis.set_major_formatter(EngFormatter(sep=""))
        panel.set_xlabel("timesteps")
        panel.set_ylabel("return, last 100 episodes")
    handles = {
        label: handle
        for panel in axes[:panels]
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)
    }
    for empty in axes[panels:]:
        empty.axis("off")
    axes[panels].legend(handles.values(), handles.keys(), loc="center", fontsize="small", frameon=False)
    return figure


def _plot(panel: Axes, setting: str, returns: pd.DataFrame) -> None:
    """One row's curve. returns: timesteps x seeds."""
    colour, style = appearance(setting)
    mean = returns.mean(axis=1)
    panel.plot(
        mean.index,
        mean,
        color=colour,
        linestyle=style,
        linewidth=1.2,
        label=SETTINGS[setting].algorithm,
    )
    panel.fill_between(
        mean.index, returns.min(axis=1), returns.max(axis=1), color=colour, alpha=0.08, linewidth=0
    )


def appearance(setting: str) -> tuple[str, str]:
    """Colour and line style of a row: a colour for each family, a style for each of its members."""
    families = {name: _family(name) for name in SETTINGS}
    family = families[setting]
    members = [name for name in families if families[name] == family]
    style = MEMBER_STYLES[members.index(setting) % len(MEMBER_STYLES)]
    return FAMILY_COLOURS.get(family, "#CC79A7"), style


def _family(setting: str) -> str:
    return setting if setting in FAMILY_COLOURS else setting.rpartition("-")[0]
