"""`random.csv`: the random policies' scores. Each line ends with a digest of the rest of it."""

import io

import pandas as pd

from bench.common.files import csv_text, digest
from bench.protocol.protocol import UNIFORM, UNTRAINED

COLUMNS = ("environment", "policy", "score", "standard_error", "episodes")
DIGEST = "sha256"
# Hexadecimal digits of a line's digest.
DIGITS = 16


def to_text(scores: pd.DataFrame) -> str:
    """The content of the file. scores: columns `COLUMNS`."""
    heading, *lines = csv_text(scores).splitlines()
    marked = [f"{heading},{DIGEST}", *(f"{line},{_mark(line)}" for line in lines)]
    return "".join(f"{line}\n" for line in marked)


def from_text(text: str) -> pd.DataFrame:
    """The scores of the file that has this content, columns `COLUMNS`.

    Raises:
        ValueError: saying what is wrong with it.
    """
    _check_lines(text)
    table = pd.read_csv(io.StringIO(text))[list(COLUMNS)]
    if table.duplicated(["environment", "policy"]).any():
        raise ValueError("duplicated scores")
    return table


def _check_lines(text: str) -> None:
    heading, *lines = text.splitlines() or [""]
    expected = ",".join((*COLUMNS, DIGEST))
    if heading != expected:
        raise ValueError(f"its first line must be {expected}")
    for number, line in enumerate(lines, start=2):
        rest, _, mark = line.rpartition(",")
        if mark != _mark(rest):
            raise ValueError(f"line {number} is not what was written when it was measured")


def joined(known: pd.DataFrame, measured: pd.DataFrame) -> pd.DataFrame:
    """The known scores with those measured now in place of earlier ones of their environments."""
    others = known[~known["environment"].isin(measured["environment"])]
    table = measured if others.empty else pd.concat([others, measured])
    return table.sort_values(["environment", "policy"])


def environments_of(scores: pd.DataFrame) -> set[str]:
    """The environments in which both random policies are measured."""
    policies = scores.groupby("environment")["policy"].agg(set)
    return {name for name, measured in policies.items() if measured >= {UNIFORM, UNTRAINED}}


def _mark(line: str) -> str:
    return digest(line)[:DIGITS]
