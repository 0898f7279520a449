"""Outliers: by hand."""

import math

import pandas as pd
import pytest

from bench.scores.outliers import outliers


def scores(values: list[float]) -> pd.DataFrame:
    return pd.DataFrame(
        {"environment": "A", "setting": "mine", "seed": range(len(values)), "normalized": values}
    )


def test_by_hand() -> None:
    # The median is 0.6 and the median distance from it 0.1, so z is 0.6745 (0.0 - 0.6) / 0.1.
    (found,) = outliers(scores([0.5, 0.6, 0.7, 0.6, 0.7, 0.0, 0.5])).itertuples()
    assert (found.seed, found.median) == (5, 0.6)
    assert found.z == pytest.approx(-4.047)


def test_where_all_others_are_alike_a_small_distance_is_none() -> None:
    found = outliers(scores([1.0, 1.0, 1.0, 1.0, 0.95, 0.5]))
    assert found["seed"].tolist() == [5]
    assert found["z"].tolist() == [-math.inf]


def test_of_few_runs_none_is_far() -> None:
    assert outliers(scores([1.0, 1.0, 1.0, -9.0])).empty
