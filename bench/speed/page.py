"""What was measured, for people: printed, and in the speed folder as CSV, figure and `README.md`."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from rich.console import Console

from bench.common.files import csv_text, json_text, read_json, write_whole
from bench.common.provenance import provenance
from bench.common.terminal import print_table
from bench.protocol.protocol import PAPER_SEEDS
from bench.protocol.settings import PAPER_SETTINGS
from bench.report.figures import save_figure
from bench.report.templates import render
from bench.speed.measure import PEERS

RUNS = len(PAPER_SEEDS) * len(PAPER_SETTINGS)
# Label, colour and marker of each system: told apart in grey, too.
SYSTEMS = {
    "physics": ("bare physics (mj_step)", "#707070", "o"),
    "suite": (f"this suite, training {RUNS} runs at once", "#D55E00", "s"),
    "stable-baselines3": ("Stable-Baselines3, training one run", "#0072B2", "D"),
    "sbx": ("SBX, training one run", "#009E73", "^"),
}
PARTS = ("environment_part", "acting_part", "learning_part")
TOTAL = "all of these"
PER_SUITE = " / suite"


def compare_costs(measured: pd.DataFrame) -> pd.DataFrame:
    """Microseconds per step of each system, and their ratios to the suite's, by environment and in all.

    measured: as `bench.speed.measure.measure_costs` has it.

    An average over environments is total time over total time. The ratio of physics tells how near the suite
    is to that floor. The ratio of another library tells how many times faster the suite is.
    """
    costs = measured.pivot(index="environment", columns="system", values="microseconds_per_step")
    costs = costs[[system for system in SYSTEMS if system in costs]]
    if len(costs) > 1:
        costs.loc[TOTAL] = costs.mean()
    for system in ("physics", *PEERS):
        if system in costs:
            costs[system + PER_SUITE] = costs[system] / costs["suite"]
    return costs


def _cost_cells(costs: pd.DataFrame) -> list[list[str]]:
    """The rows of a table of `compare_costs`, as texts."""
    digits = {name: 2 if name.endswith(PER_SUITE) else 0 for name in costs}
    texts = costs.apply(lambda column: column.map(f"{{:.{digits[column.name]}f}}".format))
    return [list(row) for row in texts.itertuples()]


def _scaling_cells(scaling: pd.DataFrame) -> list[list[str]]:
    rows = scaling.itertuples(index=False)
    return [list(scaling), *([*map(str, texts), f"{value:.1f}"] for *texts, value in rows)]


def print_costs(measured: pd.DataFrame, console: Console) -> None:
    """Print what `compare_costs` has, and the parts of the suite's costs."""
    costs = compare_costs(measured)
    heading = ["environment", *costs]
    print_table(console, "microseconds per environment step, one core", [heading, *_cost_cells(costs)])
    parts = measured[measured["system"] == "suite"].set_index("environment")[list(PARTS)]
    cells = [[name, *(f"{value:.1f}" for value in row)] for name, *row in parts.itertuples()]
    print_table(console, "of these the suite's, by part", [["environment", *map(_part, PARTS)], *cells])


def print_scaling(scaling: pd.DataFrame, console: Console) -> None:
    """Print how costs grow. scaling: as `bench.speed.scaling.measure_scaling` has it."""
    print_table(console, "how costs grow", _scaling_cells(scaling), texts=(0, 2))


def write_costs(measured: pd.DataFrame, libraries: Mapping[str, str], folder: Path) -> list[str]:
    """Write `speed.csv`, its provenance `speed.json` and the figure; returns the paths.

    libraries: the versions of those compared with.
    """
    record = {"runs": RUNS, "libraries": libraries, **provenance()}
    files = {"speed.csv": csv_text(measured), "speed.json": json_text(record)}
    return [*_write(files, folder), *save_figure(draw_costs(measured), folder, "speed")]


def write_scaling(scaling: pd.DataFrame, folder: Path) -> list[str]:
    """Write `scaling.csv` and its provenance `scaling.json`; returns the paths."""
    return _write({"scaling.csv": csv_text(scaling), "scaling.json": json_text(provenance())}, folder)


def _write(files: Mapping[str, str], folder: Path) -> list[str]:
    for name, text in files.items():
        write_whole(folder / name, text)
    return [str(folder / name) for name in files]


def write_page(folder: Path) -> str:
    """Write `README.md` from the tables of a folder; returns its path."""
    measured, scaling = (pd.read_csv(folder / f"{name}.csv") for name in ("speed", "scaling"))
    record, costs = read_json(folder / "speed.json"), compare_costs(measured)
    reached = costs[f"physics{PER_SUITE}"]
    page = render(
        "speed.md",
        processor=record["processor"]["name"],
        repetitions=measured["repetitions"].min(),
        libraries=[f"{name} {version}" for name, version in record["libraries"].items()],
        costs=[["environment", *map(_label, costs)], *_cost_cells(costs)],
        suite=costs.loc[TOTAL, "suite"],
        parts=measured[list(PARTS)].rename(columns=_part).mean().to_dict(),
        reached=reached,
        reached_in_all=reached[TOTAL],
        scaling=_scaling_cells(scaling),
        cores=scaling["amount"][scaling["quantity"] == "cores"].iloc[-1],
    )
    path = folder / "README.md"
    write_whole(path, page)
    return str(path)


def _label(column: str) -> str:
    """The heading of a column of `compare_costs`: a system, or its ratio to the suite."""
    system = column.removesuffix(PER_SUITE)
    label = SYSTEMS[system][0]
    return label if column == system else label.partition(",")[0] + PER_SUITE


def _part(column: str) -> str:
    return column.removesuffix("_part")


def draw_costs(measured: pd.DataFrame) -> Figure:
    """A group of dots for each environment, one for each system with its range, on a logarithmic axis."""
    environments = list(dict.fromkeys(measured["environment"]))
    systems = [system for system in SYSTEMS if system in set(measured["system"])]
    figure = Figure(figsize=(7.5, 1.2 + 0.62 * len(environments)), layout="constrained")
    axes = figure.subplots()
    height = 0.8 / len(systems)
    for number, system in enumerate(systems):
        costs = measured[measured["system"] == system].set_index("environment").loc[environments]
        heights = np.arange(len(environments)) + (number - (len(systems) - 1) / 2) * height
        values = costs["microseconds_per_step"]
        label, colour, marker = SYSTEMS[system]
        axes.plot(values, heights, marker, color=colour, label=label)
        axes.hlines(heights, costs["low"], costs["high"], color=colour)
        for y, value, high in zip(heights, values, costs["high"], strict=True):
            axes.annotate(f"  {value:.0f}", (high, y), va="center", fontsize="x-small")
    axes.set_yticks(range(len(environments)), environments)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel("microseconds per environment step on one core (less is better)")
    axes.margins(x=0.1)
    axes.grid(axis="x", linewidth=0.4)
    figure.legend(loc="outside upper center", ncols=2, fontsize="small", frameon=False)
    return figure
