"""Groups of runs, outliers, and runs below all others, by hand."""

from types import SimpleNamespace
from typing import Any

import pandas as pd

from bench.report.run_facts import find_apart, find_two_groups, group_outliers


def test_outliers_are_told_by_setting() -> None:
    columns = ["environment", "setting", "seed", "normalized", "median"]
    lines = [("A", "x", 3, 0.9, 0.5), ("A", "x", 7, 0.1, 0.5), ("A", "y", 0, 0.2, 0.6)]
    table = group_outliers(pd.DataFrame(lines, columns=columns))
    assert table.to_numpy().tolist() == [["A", "x", "3, 7", "0.90 0.10", 0.5], ["A", "y", "0", "0.20", 0.6]]


def test_only_groups_that_stay_after_the_correction_are_named() -> None:
    columns = ["environment", "setting", "below", "above", "low", "high", "p", "p_holm", "apart_since"]
    lines = [("Hopper-v4", "x", 2, 1, 102.0, 900.0, 0.001, 0.01, 4096.0)]
    lines += [("Hopper-v4", "y", 2, 1, 1.0, 2.0, 0.01, 0.2, 4096.0)]
    scores = pd.DataFrame({"environment": "Hopper-v4", "setting": "x", "score": [101.0, 900.0, 102.0]})
    analysis: Any = SimpleNamespace(gaps=pd.DataFrame(lines, columns=columns), scores=scores)
    (group,) = find_two_groups(analysis).itertuples()
    assert (group.setting, group.lowest, group.highest, group.stay_apart) == ("x", 101, 900, True)
    analysis.gaps = analysis.gaps[1:]
    assert find_two_groups(analysis).empty


def test_where_all_runs_lie_below_all_others() -> None:
    lines = [
        ("Reacher-v4", "no-clip", -2.0),
        ("Reacher-v4", "no-clip", -0.5),
        ("Reacher-v4", "clip-0.2", 0.7),
    ]
    lines += [("Hopper-v4", "no-clip", 0.3), ("Hopper-v4", "clip-0.1", 0.3)]
    analysis: Any = SimpleNamespace(
        scores=pd.DataFrame(lines, columns=["environment", "setting", "normalized"])
    )
    (line,) = find_apart(analysis).itertuples()
    assert (line.Index, line.highest, line.lowest) == ("Reacher-v4", -0.5, 0.7)
