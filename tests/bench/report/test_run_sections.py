"""Outliers and second groups, by hand."""

import pandas as pd

from bench.report.run_sections import split


def test_more_than_a_fifth_of_the_runs_are_a_second_group() -> None:
    keys = ["environment", "setting"]
    runs = pd.DataFrame([("A", "x")] * 10 + [("A", "y")] * 10, columns=keys)
    found = runs.iloc[[0, 1, 2, 10, 11]]
    groups, single = split(found, runs)
    assert groups == ["A x (3 of 10 far from the median)"]
    assert single.index.tolist() == [10, 11]
