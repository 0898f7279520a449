"""What `bench.speed.measure` measured, as CSV, table and figure."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from rich.console import Console

from bench.common.files import csv_text, json_text, write_whole
from bench.common.provenance import provenance
from bench.common.terminal import print_table
from bench.protocol.protocol import PAPER_SEEDS
from bench.protocol.settings import PAPER_SETTINGS
from bench.report.figures import save_figure
from bench.speed.measure import PEERS

SYSTEM_LABELS = {
    "physics": "bare physics (mj_step)",
    "suite": f"this suite, training {len(PAPER_SEEDS) * len(PAPER_SETTINGS)} runs at once",
    "stable-baselines3": "Stable-Baselines3, training one run",
    "sbx": "SBX, training one run",
}
COLOURS = {"physics": "#999999", "suite": "#D55E00", "stable-baselines3": "#0072B2", "sbx": "#009E73"}
PARTS = ("environment_part", "acting_part", "learning_part")
TOTAL = "all of these"
PER_SUITE = " / suite"


def save(measured: pd.DataFrame, libraries: dict[str, str], folder: Path) -> list[str]:
    """Write `speed.csv`, its provenance `speed.json` and the figure; returns the paths.

    libraries: the versions of those compared with.
    """
    record: dict[str, Any] = {
        "runs": len(PAPER_SEEDS) * len(PAPER_SETTINGS),
        "libraries": libraries,
        **provenance(),
    }
    files = {"speed.csv": csv_text(measured), "speed.json": json_text(record)}
    return [*_write(files, folder), *save_figure(_figure(measured), folder, "speed")]


def save_scaling(scaling: pd.DataFrame, folder: Path) -> list[str]:
    """Write `scaling.csv` and its provenance `scaling.json`; returns the paths."""
    return _write({"scaling.csv": csv_text(scaling), "scaling.json": json_text(provenance())}, folder)


def _write(files: dict[str, str], folder: Path) -> list[str]:
    for name, content in files.items():
        write_whole(folder / name, content)
    return [str(folder / name) for name in files]


def ratios(measured: pd.DataFrame) -> pd.DataFrame:
    """Microseconds a step of each system, by environment and in all, and the suite's ratios to the others.

    An average over environments is total time over total time. The ratio to physics says how near the
    suite is to that floor; those to other libraries say how many times faster it is.
    """
    costs = measured.pivot(index="environment", columns="system", values="microseconds_per_step")
    if len(costs) > 1:
        costs.loc[TOTAL] = costs.mean()
    for system in ("physics", *PEERS):
        if system in costs:
            costs[system + PER_SUITE] = costs[system] / costs["suite"]
    return costs


def show(measured: pd.DataFrame, console: Console) -> None:
    """Print the costs, the parts of the suite's, and its ratios to the others."""
    costs = ratios(measured)
    suite = measured[measured["system"] == "suite"].set_index("environment")
    parts = suite[list(PARTS)].rename(columns=lambda name: name.removesuffix("_part"))
    if TOTAL in costs.index:
        parts.loc[TOTAL] = parts.mean()
    systems = [system for system in SYSTEM_LABELS if system in costs]
    _print("microseconds per environment step, one core", costs[systems], 1, console)
    _print("of these the suite's, by part", parts, 1, console)
    quotients = costs.filter(like=PER_SUITE).rename(columns=lambda name: name.removesuffix(PER_SUITE))
    _print("divided by the suite's", quotients, 2, console)


def _print(title: str, numbers: pd.DataFrame, digits: int, console: Console) -> None:
    rows = [[str(name), *(f"{value:.{digits}f}" for value in row)] for name, row in numbers.iterrows()]
    print_table(console, title, [["environment", *map(str, numbers)], *rows])


def show_scaling(scaling: pd.DataFrame, console: Console) -> None:
    """Print how costs grow."""
    rows = [
        [row.quantity, str(row.amount), row.measure, f"{row.value:.1f}"]
        for row in scaling.itertuples(index=False)
    ]
    print_table(console, "how costs grow", [list(scaling), *rows], texts=(0, 2))


def _figure(measured: pd.DataFrame) -> Figure:
    """A group of dots for each environment, one for each system with its range, on a logarithmic axis."""
    environments = list(dict.fromkeys(measured["environment"]))
    systems = [system for system in SYSTEM_LABELS if system in set(measured["system"])]
    figure = Figure(figsize=(7.5, 1.2 + 0.62 * len(environments)), layout="constrained")
    axes = figure.subplots()
    height = 0.8 / len(systems)
    for number, system in enumerate(systems):
        costs = measured[measured["system"] == system].set_index("environment").loc[environments]
        places = np.arange(len(environments)) + (number - (len(systems) - 1) / 2) * height
        values = costs["microseconds_per_step"]
        axes.plot(values, places, "o", color=COLOURS[system], label=SYSTEM_LABELS[system])
        axes.hlines(places, costs["low"], costs["high"], color=COLOURS[system])
        for place, value, high in zip(places, values, costs["high"], strict=True):
            axes.annotate(f"  {value:.0f}", (high, place), va="center", fontsize="x-small")
    axes.set_yticks(range(len(environments)), environments)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel("microseconds per environment step on one core (less is better)")
    axes.margins(x=0.1)
    axes.grid(axis="x", linewidth=0.4)
    figure.legend(loc="outside upper center", ncols=2, fontsize="small", frameon=False)
    return figure
