"""`random.csv`: the random policies' scores. Each line ends with a digest of the rest of it."""

import os
from itertools import zip_longest
from pathlib import Path
from typing import Literal, TypedDict

import pandas as pd

from bench.common.files import csv_text, digest, read_text, write_whole
from bench.common.parsing import Finite, NotNegative, Positive, parse_lines
from bench.protocol.protocol import UNIFORM, UNTRAINED
from bench.results.schema import EnvironmentId, refuse_damage

FILE = "random.csv"
# Hexadecimal digits of a line's digest.
DIGITS = 16


class Line(TypedDict):
    """A line of the file: a random policy in an environment, with the standard error of its score."""

    environment: EnvironmentId
    policy: Literal["uniform", "untrained"]
    score: Finite
    standard_error: NotNegative
    episodes: Positive
    sha256: str


*COLUMNS, DIGEST = Line.__annotations__


def read(folder: Path) -> pd.DataFrame:
    """Read a results folder's `random.csv`, columns `COLUMNS`; no lines where the file is not there.

    Raises:
        DamagedError: naming the file, what is wrong with it, and what to do.
        UserError: when it can't be read.
    """
    path = folder / FILE
    if not os.path.lexists(path):
        return pd.DataFrame(columns=COLUMNS)
    with refuse_damage(path):
        text = read_text(path)
        scores = pd.DataFrame(parse_lines(text, Line), columns=[*COLUMNS, DIGEST])[COLUMNS]
        lines = zip_longest(text.splitlines(), to_text(scores).splitlines())
        for number, (line, written) in enumerate(lines, start=1):
            if line != written:
                raise ValueError(f"line {number} is not what was written when it was measured")
        if scores.duplicated(["environment", "policy"]).any():
            raise ValueError("two lines are of one environment and policy")
    return scores


def record(folder: Path, measured: pd.DataFrame) -> None:
    """Add scores to `random.csv`; they replace earlier ones of their environments."""
    known = read(folder)
    others = known[~known["environment"].isin(measured["environment"])]
    table = measured if others.empty else pd.concat([others, measured])
    write_whole(folder / FILE, to_text(table.sort_values(["environment", "policy"])))


def to_text(scores: pd.DataFrame) -> str:
    """Return the content of the file. scores: A table with the columns `COLUMNS`."""
    _, *lines = csv_text(scores).splitlines()
    return csv_text(scores.assign(**{DIGEST: [digest(line)[:DIGITS] for line in lines]}))


def measured_environments(scores: pd.DataFrame) -> set[str]:
    """Return the environments in which both random policies are measured."""
    policies = scores.groupby("environment")["policy"].agg(set)
    return {name for name, measured in policies.items() if measured >= {UNIFORM, UNTRAINED}}
