"""The tables of `factorial/`, computed again from the runs."""

import itertools
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.recomputed.plain import (
    RESULTS,
    Floats,
    agree,
    holm,
    interval,
    published,
    welch,
)

pytestmark = pytest.mark.slow

FACTORS = ["observation_filter", "advantages", "stepsize_schedule", "rewards", "time_limit"]
TWO = ["HalfCheetah-v4", "Reacher-v4"]
CELLS = ["default", *sorted(path.parent.name for path in RESULTS.glob("factorial/*/protocol.json"))]
CRITERIA = published("factorial/criteria", "cell")
EFFECTS = published("factorial/effects", "environment", "effect")


def folder(cell: str) -> Path:
    return RESULTS if cell == "default" else RESULTS / "factorial" / cell


@cache
def finals(cell: str, setting: str, environment: str) -> dict[int, float]:
    """By seed, those of the planned seeds."""
    found = {}
    for path in sorted(folder(cell).glob(f"runs/{environment}/{setting}/seed-*.csv")):
        last = pd.read_csv(path)["return_last100"].iloc[-1]
        found[int(path.stem.removeprefix("seed-"))] = float(last)
    return {seed: value for seed, value in found.items() if seed < 21}


def ten(cell: str, environment: str) -> Floats:
    runs = finals(cell, "no-clip", environment)
    return np.array([runs[seed] for seed in range(3, 13)])


def random_policies(cell: str) -> pd.DataFrame:
    return pd.read_csv(folder(cell) / "random.csv").set_index(["policy", "environment"])


def is_changed(cell: str, factor: str) -> bool:
    return any(change.startswith(f"{factor}=") for change in cell.split("+"))


def test_which_protocols_fit() -> None:
    assert len(CELLS) == 16
    assert set(CRITERIA.index) == set(CELLS)
    for cell, line in CRITERIA.iterrows():
        cheetah, reacher = (ten(str(cell), name) for name in TWO)
        agree(line[["halfcheetah", "reacher"]], [cheetah.mean(), reacher.mean()])
        agree(line[["halfcheetah_error", "reacher_error"]], [stats.sem(cheetah), stats.sem(reacher)])
        random = random_policies(str(cell))
        for policy in ("uniform", "untrained"):
            low, high = (random.loc[(policy, name), "score"] for name in TWO)
            assert line[f"fits_{policy}"] == (cheetah.mean() < low and reacher.mean() >= high)
        errors = random.loc["uniform", "standard_error"]
        margins = [
            sign
            * (runs.mean() - random.loc[("uniform", name), "score"])
            / np.hypot(stats.sem(runs), errors[name])
            for sign, name, runs in ((-1, TWO[0], cheetah), (1, TWO[1], reacher))
        ]
        assert line["margin"] == pytest.approx(min(margins))


def test_effects() -> None:
    terms = [(each,) for each in FACTORS] + list(itertools.combinations(FACTORS, 2))
    for name in TWO:
        groups = []
        for cell in CELLS:
            distances = ten(cell, name) - random_policies(cell).loc[("uniform", name), "score"]
            groups.append(np.sign(distances) * np.log(1 + np.abs(distances)))
        for term in terms:
            signs = [np.prod([1 if is_changed(cell, each) else -1 for each in term]) for cell in CELLS]
            factors = [float(sign) / 8 for sign in signs]
            line = EFFECTS.loc[(name, " × ".join(term))]
            value, error, freedom = welch(groups, factors)
            agree(line[["value", "low", "high"]], interval(groups, factors))
            assert line["p"] == pytest.approx(2 * stats.t.sf(abs(value) / error, freedom))
        agree(EFFECTS.loc[name, "p_holm"], holm(EFFECTS.loc[name, "p"].to_numpy()))
    assert len(EFFECTS) == 2 * len(terms)
