"""The tables of `variants/`, computed again from the runs."""

from functools import cache

import numpy as np
import pytest
from scipy import stats

from tests.recomputed.plain import (
    E7,
    ENVIRONMENTS,
    HIGH,
    LOW,
    RESULTS,
    SETTINGS,
    Floats,
    agree,
    cube,
    holm,
    interval,
    published,
    welch,
)

pytestmark = pytest.mark.slow

VARIANTS = published("variants/variants", "variant", "setting")
CELLS = published("variants/by_environment", "variant", "setting", "environment")
ORDER = published("variants/order", "variant", "setting", "other")


@cache
def returns() -> dict[tuple[str, str, str], list[float]]:
    """Of each variant's runs, by variant, setting and the environment as v4: one a seed, from 0 on."""
    found: dict[tuple[str, str, str], list[float]] = {}
    for path in sorted(RESULTS.glob("variants/*/runs/*/*/seed-*.csv")):
        variant, _, environment, setting = path.parts[-5:-1]
        heading, *_, last = path.read_text().splitlines()
        runs = found.setdefault((variant, setting, environment.replace("-v5", "-v4")), [])
        assert path.stem == f"seed-{len(runs):02d}"
        runs.append(float(last.split(",")[heading.split(",").index("return_last100")]))
    return found


@cache
def scores(variant: str, setting: str) -> list[Floats]:
    """By environment, of a variant's runs; of the default's for no variant."""
    rows = (
        [np.array(returns()[variant, setting, environment]) for environment in ENVIRONMENTS]
        if variant
        else list(cube()[SETTINGS.index(setting)])
    )
    return [(row - low) / (high - low) for row, low, high in zip(rows, LOW, HIGH, strict=True)]


def difference(first: list[Floats], second: list[Floats]) -> tuple[float, float, float, float]:
    """Of the scores, with interval and p."""
    groups, factors = [*first, *second], [*E7, *(-each for each in E7)]
    value, error, freedom = welch(groups, factors)
    return (*interval(groups, factors), 2 * stats.t.sf(abs(value) / error, freedom))


def test_scores_and_differences_from_the_default() -> None:
    assert set(VARIANTS.index) == {(variant, setting) for variant, setting, _ in returns()}
    columns = ["difference", "low", "high", "p"]
    expected = [difference(scores(*pair), scores("", pair[1])) for pair in VARIANTS.index]
    agree(VARIANTS[columns], expected)
    agree(VARIANTS["p_holm"], holm(VARIANTS["p"].to_numpy()))


def test_pairs_under_a_variant_and_under_the_default() -> None:
    columns = ["difference", "low", "high", "p"]
    agree(
        ORDER[columns],
        [difference(scores(variant, one), scores(variant, other)) for variant, one, other in ORDER.index],
    )
    agree(ORDER["p_holm"], holm(ORDER["p"].to_numpy()))
    default = [f"default_{name}" for name in columns[:3]]
    agree(ORDER[default], [difference(scores("", a), scores("", b))[:3] for _, a, b in ORDER.index])
    counts = VARIANTS.groupby("variant").size()
    assert len(ORDER) == (counts * (counts - 1) // 2).sum()


def test_ranks_and_unchanged_runs() -> None:
    beats, unchanged, runs = [], [], cube()
    for variant, setting, environment in CELLS.index:
        mine = returns()[variant, setting, environment]
        theirs = runs[SETTINGS.index(setting), ENVIRONMENTS.index(environment)]
        beats.append(np.mean([(a > b) + (a == b) / 2 for a in mine for b in theirs]))
        unchanged.append(mine == theirs[: len(mine)].tolist())
    agree(CELLS["improvement"], beats)
    assert CELLS["unchanged"].tolist() == unchanged
