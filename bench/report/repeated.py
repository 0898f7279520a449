"""Which runs were repeated with `verify --record`: where, how far and with what outcome."""

from pathlib import Path

import pandas as pd

from bench.protocol.selection import ranges
from bench.report.tables import markdown
from bench.results import verified

IDENTICAL = "identical"
GROUPS = ["repeated_on", "timesteps", "environment"]


def repeated(folder: Path) -> list[str]:
    """The paragraphs about `verified.csv` of a results folder; none where the file is not there.

    Raises:
        DamagedError: when the file is another one.
    """
    known = verified.read(folder)
    if not known:
        return []
    lines = pd.DataFrame(known).astype({"seed": int, "timesteps": int})
    outcome = lines.assign(identical=lines["outcome"] == IDENTICAL)
    table = outcome.groupby(GROUPS, as_index=False).agg(
        made_on=("made_on", lambda processors: "; ".join(sorted(set(processors)))),
        seeds=("seed", lambda seeds: ranges(sorted(set(seeds)))),
        runs=("seed", "size"),
        identical=("identical", "sum"),
    )
    return [
        "### Repeated",
        f"Runs, or the first part of their timesteps, were trained again from their seeds. Of {len(lines)}"
        f" repetitions {outcome['identical'].sum()} have the same lines to the last digit. They are listed in"
        " [verified.csv](verified.csv), with commit and versions; `python -m bench verify --record` adds"
        " yours.",
        markdown(
            table,
            {
                "repeated on": lambda row: row.repeated_on,
                "made on": lambda row: row.made_on,
                "environment": lambda row: row.environment,
                "seeds": lambda row: row.seeds,
                "timesteps": lambda row: f"{row.timesteps:,}",
                "repetitions": lambda row: str(row.runs),
                "identical": lambda row: str(row.identical),
            },
        ),
    ]
