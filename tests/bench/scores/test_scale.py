"""Normalized scores by hand, and their properties."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.common.errors import UserError
from bench.scores.estimates import estimate_mean
from bench.scores.scale import READINGS, Grid, Reading, find_scale, normalize
from bench.scores.three_seeds import score_tables
from tests.helpers.scores import RANDOM, TWO_SETTINGS, random_grid, scores


def grid(table: pd.DataFrame = TWO_SETTINGS, random: pd.DataFrame = RANDOM) -> Grid:
    return Grid.of(table, find_scale(table, random))


def score(found: Grid, reading: Reading = READINGS[0]) -> list[float]:
    return estimate_mean(found.normalized(reading)).value.tolist()


def test_scores_by_hand() -> None:
    scale = find_scale(TWO_SETTINGS, RANDOM)
    assert scale.columns.tolist()[-2:] == ["best_run", "best_setting_mean"]
    assert scale.loc["A"].tolist() == [10, 0, 1, 2, 110, 90]
    assert scale.loc["B"].tolist() == [-50, -150, 3, 4, 50, -40]
    # clip-0.1: A 1, 0.5; B 0, 0.2. clip-0.2: A 0.7, 0.9; B 1, -1.
    expected = [(1 + 0.5 + 0 + 0.2) / 4, (0.7 + 0.9 + 1 - 1) / 4]
    assert score(grid()) == pytest.approx(expected)
    assert grid().normalized().tolist() == [[[1, 0.5], [0, 0.2]], [[0.7, 0.9], [1, -1]]]


def test_scores_under_all_four_readings_by_hand() -> None:
    clip = [score(grid(), reading)[0] for reading in READINGS]
    assert clip == pytest.approx(
        [
            1.7 / 4,
            (100 / 80 + 50 / 80 + 0 + 20 / 10) / 4,
            (1 + 60 / 110 + 100 / 200 + 120 / 200) / 4,
            (110 / 90 + 60 / 90 + 100 / 110 + 120 / 110) / 4,
        ]
    )


def test_random_scores_0_and_the_best_run_1() -> None:
    scale = find_scale(TWO_SETTINGS, RANDOM)
    marks = pd.Series([10.0, 110.0, 50.0], ["A", "A", "B"])
    assert normalize(marks, scale).tolist() == [0.0, 1.0, 1.0]


@given(st.floats(0.1, 100), st.floats(-1000, 1000))
def test_units_of_reward_do_not_matter(factor: float, shift: float) -> None:
    moved = TWO_SETTINGS.assign(score=TWO_SETTINGS["score"] * factor + shift)
    random = RANDOM.assign(score=RANDOM["score"] * factor + shift)
    np.testing.assert_allclose(score(grid(moved, random)), score(grid()), rtol=1e-6, atol=1e-6)


def test_a_setting_of_ones_own_does_not_move_the_others() -> None:
    own = {(e, "mine", seed): 1e6 for e in "AB" for seed in range(3)}
    added = grid(pd.concat([TWO_SETTINGS, scores(own)]))
    assert added.scale.equals(grid().scale)
    assert added.settings == ("clip-0.1", "clip-0.2", "mine")
    assert score(added)[:2] == pytest.approx(score(grid()))
    assert score(added)[2] > 1000


def test_where_nothing_beats_random_more_is_still_better() -> None:
    poor = scores({("A", "clip-0.1", 0): -90.0, ("A", "clip-0.2", 0): -190.0})
    assert grid(poor).normalized().flatten().tolist() == [-1.0, -2.0]


def test_where_the_best_is_random_there_is_no_score() -> None:
    equal = scores({("A", "clip-0.1", 0): 10.0, ("A", "mine", 0): 20.0})
    scale = find_scale(equal, RANDOM)
    assert normalize(equal.set_index("environment")["score"], scale).isna().all()
    found = Grid.of(equal, scale)
    assert np.isnan(found.normalized()).all()
    tables = score_tables(found.returns[None], found.paper, found.zero(READINGS[0]), READINGS[0])
    assert np.isnan(tables).all()


def test_without_the_papers_settings_the_best_of_all_runs_sets_the_scale() -> None:
    renamed = {"clip-0.1": "mine", "clip-0.2": "yours"}
    own = TWO_SETTINGS.assign(setting=TWO_SETTINGS["setting"].map(renamed))
    assert find_scale(own, RANDOM).equals(find_scale(TWO_SETTINGS, RANDOM))
    part = own.where(own["environment"] == "A", TWO_SETTINGS)
    with pytest.raises(UserError, match="A has no scale: none of the paper's settings"):
        find_scale(part, RANDOM)


def test_unmeasured_random_policies_are_refused() -> None:
    with pytest.raises(UserError, match="B cannot be normalized: no random_uniform"):
        find_scale(TWO_SETTINGS, RANDOM[RANDOM["environment"] == "A"])
    with pytest.raises(UserError, match="A cannot be normalized: no random_uniform or random_untrained"):
        find_scale(TWO_SETTINGS, RANDOM[:0])


def test_a_grid_has_seeds_where_all_settings_have_runs() -> None:
    found = random_grid(3)
    assert found.has_seeds(3, every_run=True)
    assert not found.has_seeds(4)
    assert not found.only(found.settings[1:]).has_seeds(1)
    assert not grid().has_seeds(1)
    returns = found.returns.copy()
    returns[2, 5, 1] = np.nan
    lacking = dataclasses.replace(found, returns=returns)
    assert lacking.has_seeds(2)
    assert not lacking.has_seeds(3)
    assert not lacking.has_seeds(2, every_run=True)
