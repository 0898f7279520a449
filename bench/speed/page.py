"""`README.md` of the speed folder: what was measured, in words and tables, and what was tried."""

from pathlib import Path

import pandas as pd

from bench.common.files import read_json, read_text, write_whole
from bench.report.tables import markdown_table
from bench.speed.report import PARTS, PER_SUITE, SYSTEM_LABELS, TOTAL, ratios

TRIED = Path(__file__).with_name("tried.md")


def save(folder: Path) -> str:
    """Write the page from `speed.csv` and `scaling.csv` of a folder; returns its path."""
    path = folder / "README.md"
    write_whole(path, "\n\n".join(_sections(folder)) + "\n")
    return str(path)


def _sections(folder: Path) -> list[str]:
    measured, scaling = (pd.read_csv(folder / f"{name}.csv") for name in ("speed", "scaling"))
    record = read_json(folder / "speed.json")
    costs = ratios(measured)
    systems = [system for system in SYSTEM_LABELS if system in costs]
    suite = measured[measured["system"] == "suite"][list(PARTS)].mean()
    parts = ", ".join(f"{name.removesuffix('_part')} {value:.1f}" for name, value in suite.items())
    libraries = ", ".join(f"{name} {version}" for name, version in record["libraries"].items())
    reached = costs[f"physics{PER_SUITE}"]
    growth = [[*map(str, row[:3]), f"{row[3]:.1f}"] for row in scaling.itertuples(index=False)]
    rows = [
        [str(name), *(f"{row[system]:.0f}" for system in systems), *_quotients(row, systems)]
        for name, row in costs.iterrows()
    ]
    heading = ["environment", *(SYSTEM_LABELS[system] for system in systems)]
    heading += [
        f"{SYSTEM_LABELS[system].partition(',')[0]} / suite" for system in systems if system != "suite"
    ]
    return [
        "# Speed",
        "Written by `make speed`, which takes half an hour. Microseconds per environment step, learning"
        f" included, on one core ({record['processor']['name']}): medians of {measured['repetitions'].min()}"
        " repetitions in which the systems take turns. The floor is physics: bare `mj_step`. The libraries"
        " do PPO with the same steps, epochs, minibatches and networks, and with their defaults in all else:"
        f" they clip actions and gradients, and filter no observations ({libraries or 'none'}). Averages over"
        " environments are total time over total time. Lows and highs"
        " are in `speed.csv`.",
        markdown_table([heading, *rows]),
        "![Cost of an environment step](speed.png)",
        f"Of the suite's {costs.loc[TOTAL, 'suite']:.1f} µs on average: {parts}. Learning costs as much"
        " whatever the physics does, so it weighs most where the physics is light.",
        "We aimed at 0.70 of physics in all and 0.50 in every environment. Reached:"
        f" {reached[TOTAL]:.2f} in all, and {reached.min():.2f} to {reached.max():.2f} by environment.",
        "## How costs grow",
        markdown_table([list(scaling), *growth]),
        "## What was tried",
        "On one core, when it was tried; a gradient step is one minibatch of 64 of one run at HalfCheetah's"
        " shapes.",
        read_text(TRIED).strip(),
    ]


def _quotients(row: pd.Series, systems: list[str]) -> list[str]:
    return [f"{row[system + PER_SUITE]:.2f}" for system in systems if system != "suite"]
