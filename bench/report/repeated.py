"""A part of pages: which runs were repeated with `verify --record`, where, how far and with what outcome."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from markupsafe import Markup

from bench.protocol.selection import ranges
from bench.protocol.variants import folder_of
from bench.report.templates import render
from bench.results import verified

IDENTICAL = "identical"


def describe_repetitions(folder: Path, variants: Sequence[str] = ()) -> Markup:
    """What `verified.csv` of a results folder has, by environment; nothing where the file is not there.

    variants: instead of the folder's own, the files of these variants' folders in it are told, by variant.

    Raises:
        DamagedError: when the file is another one.
    """
    if variants:
        lines = [line | {"of": name} for name in variants for line in verified.read(folder_of(folder, name))]
    else:
        lines = [line | {"of": line["environment"]} for line in verified.read(folder)]
    if not lines:
        return Markup()
    table = pd.DataFrame(lines).astype({"seed": int, "timesteps": int})
    repetitions = table.groupby(["repeated_on", "timesteps", "of"], as_index=False).agg(
        made_on=("made_on", lambda processors: "; ".join(sorted(set(processors)))),
        seeds=("seed", lambda seeds: ranges(sorted(set(seeds)))),
        runs=("seed", "size"),
        identical=("outcome", lambda outcomes: (outcomes == IDENTICAL).sum()),
    )
    kind = "variant" if variants else "environment"
    return Markup(render("repeated.md", repetitions=repetitions, kind=kind))
