"""Outliers by hand; the widest gap between runs by hand, and against simulated runs."""

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from bench.scores.single_runs import (
    find_chance,
    find_gaps,
    find_outliers,
    find_separation,
    find_widest_gap,
)


def scores_of(values: list[float]) -> pd.DataFrame:
    return pd.DataFrame(
        {"environment": "A", "setting": "mine", "seed": range(len(values)), "normalized": values}
    )


def test_an_outlier_by_hand() -> None:
    # The median is 0.6 and the median distance from it 0.1, so z is 0.6745 (0.0 - 0.6) / 0.1.
    (found,) = find_outliers(scores_of([0.5, 0.6, 0.7, 0.6, 0.7, 0.0, 0.5])).itertuples()
    assert (found.seed, found.median) == (5, 0.6)
    assert found.z == pytest.approx(-4.047)


def test_a_run_near_equal_others_is_no_outlier() -> None:
    found = find_outliers(scores_of([1.0, 1.0, 1.0, 1.0, 0.95, 0.5]))
    assert found["seed"].tolist() == [5]
    assert found["z"].tolist() == [-math.inf]


def test_among_few_runs_there_is_no_outlier() -> None:
    assert find_outliers(scores_of([1.0, 1.0, 1.0, -9.0])).empty


def test_the_gap_leaves_a_fifth_of_the_runs_on_either_side() -> None:
    # 0 and 100 are wide apart from the others, but alone.
    found = find_widest_gap(np.array([100.0, 0, 40, 41, 42, 60, 61, 62, 63, 64]))
    assert (found["below"], found["above"], found["low"], found["high"]) == (4, 6, 42, 60)
    assert found["share"] == pytest.approx(0.18)


def test_the_chance_of_a_gap_by_hand() -> None:
    # Of three runs the middle one is uniform between the others: one gap is wider than 0.7 with chance 0.3.
    assert find_chance(0.7, 1, 3) == pytest.approx(0.3)
    assert find_chance(0.7, 2, 3) == pytest.approx(0.6)
    assert find_chance(0.4, 2, 3) == 1
    assert math.isnan(find_chance(math.nan, 2, 3))


def test_the_chance_of_a_gap_between_many_runs_is_no_rounding() -> None:
    """By inclusion and exclusion in fractions, whose terms are as large as 10^30 here, and cancel."""
    inner, count, share = 127, 210, Fraction(1, 256)
    terms = [
        (-1) ** (j + 1) * math.comb(inner, j) * max(Fraction(0), 1 - j * share) ** (count - 2)
        for j in range(1, inner + 1)
    ]
    assert max(terms) > 10**15
    assert find_chance(float(share), inner, count) == pytest.approx(float(sum(terms)), rel=1e-12)
    chances = [find_chance(share, 601, 1000) for share in (0.001, 0.002, 0.004, 0.008, 0.016)]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] == pytest.approx(1)


@pytest.mark.parametrize("quantile", [0.5, 0.95])
def test_the_chance_of_a_gap_is_that_of_uniform_runs(quantile: float) -> None:
    runs = np.sort(np.random.default_rng(0).random((20_000, 21)))
    inner = np.diff(runs)[:, 4:16].max(axis=1) / (runs[:, -1] - runs[:, 0])
    share = float(np.quantile(inner, quantile))
    assert find_chance(share, 12, 21) == pytest.approx(1 - quantile, abs=0.015)


def test_equal_runs_have_no_gap() -> None:
    assert math.isnan(find_widest_gap(np.ones(6))["p"])


def test_groups_are_apart_after_the_last_time_that_they_overlap() -> None:
    lines = [(10, 0, 1.0), (20, 0, 5.0), (30, 0, 2.0), (40, 0, 5.0), (50, 0, 6.0)]
    lines += [(steps, 1, 3.0) for steps in (10, 20, 30, 40, 50)]
    log = pd.DataFrame(lines, columns=["timesteps", "seed", "return_last100"])
    assert find_separation(log, {0}) == 40
    assert math.isnan(find_separation(log, {1}))


def test_p_of_gaps_is_corrected_among_own_settings_and_few_runs_have_no_line() -> None:
    values = {"two": [1, 1.1, 1.2, 8, 9.0], "even": [1, 3, 5, 7, 9.0], "few": [1, 2.0]}
    lines = [("A", name, seed, score) for name, scores in values.items() for seed, score in enumerate(scores)]
    scores = pd.DataFrame(lines, columns=["environment", "setting", "seed", "score"])
    table = find_gaps(scores, scores.assign(timesteps=1, return_last100=scores["score"])).set_index("setting")
    assert table.index.tolist() == ["even", "two"]
    assert table.loc["two", "p_holm"] == pytest.approx(min(1, 2 * table.loc["two", "p"]))
    assert table["apart_since"].tolist() == [1, 1]
