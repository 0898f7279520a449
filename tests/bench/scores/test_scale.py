"""Normalized scores by hand, and their properties."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.common.errors import UserError
from bench.scores.estimates import mean
from bench.scores.grid import Grid
from bench.scores.scale import READINGS, Reading, normalize, of_three, scale_of
from tests.helpers.scores import RANDOM, TWO_SETTINGS, random_grid, scores


def grid(table: pd.DataFrame = TWO_SETTINGS, random: pd.DataFrame = RANDOM) -> Grid:
    return Grid.of(table, scale_of(table, random))


def score(found: Grid, reading: Reading = READINGS[0]) -> list[float]:
    return mean(found.normalized(reading)).value.tolist()


def test_by_hand() -> None:
    scale = scale_of(TWO_SETTINGS, RANDOM)
    assert scale.columns.tolist()[-2:] == ["best_run", "best_setting_mean"]
    assert scale.loc["A"].tolist() == [10, 0, 1, 2, 110, 90]
    assert scale.loc["B"].tolist() == [-50, -150, 3, 4, 50, -40]
    # clip-0.1: A 1, 0.5; B 0, 0.2. clip-0.2: A 0.7, 0.9; B 1, -1.
    expected = [(1 + 0.5 + 0 + 0.2) / 4, (0.7 + 0.9 + 1 - 1) / 4]
    assert score(grid()) == pytest.approx(expected)
    assert grid().normalized().tolist() == [[[1, 0.5], [0, 0.2]], [[0.7, 0.9], [1, -1]]]


def test_all_four_readings() -> None:
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
    scale = scale_of(TWO_SETTINGS, RANDOM)
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
    equal = scores({("A", "clip-0.1", 0): 10.0})
    assert normalize(equal.set_index("environment")["score"], scale_of(equal, RANDOM)).isna().all()


def test_unmeasured_random_policies_are_refused() -> None:
    with pytest.raises(UserError, match="B cannot be normalized: no random_uniform"):
        scale_of(TWO_SETTINGS, RANDOM[RANDOM["environment"] == "A"])
    with pytest.raises(UserError, match="A cannot be normalized: no random_uniform or random_untrained"):
        scale_of(TWO_SETTINGS, RANDOM[:0])


def test_whole_is_what_the_paper_has() -> None:
    whole = random_grid(1)
    assert whole.is_whole
    assert not whole.only(whole.settings[1:]).is_whole
    assert not grid().is_whole


def test_of_three_seeds_it_is_the_score() -> None:
    three = random_grid(3)
    for reading in READINGS:
        assert three.of_three(reading)[0] == pytest.approx(score(three, reading))
    assert np.isnan(random_grid(2).of_three()[0]).all()


def test_of_four_seeds_by_hand() -> None:
    """Of four choices of three, one lacks the best run, 4: its scale ends at 3."""
    returns = np.array([[1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 0.0, 0.0]])
    found, best = of_three(returns, np.array([True, True]), np.array(0.0), READINGS[0])
    assert found.tolist() == pytest.approx([(2 / 3 + 7 / 12 + 8 / 12 + 9 / 12) / 4, 0])
    assert best.tolist() == [3, 4, 4, 4]
    # A setting that is not the paper's does not set the scale; a seed that lacks a paper's run is left out.
    own = np.vstack([returns, [9.0, 9.0, 9.0, np.nan]])
    more, _ = of_three(own, np.array([True, True, False]), np.array(0.0), READINGS[0])
    assert more[:2].tolist() == found.tolist()
    assert np.isnan(more[2])
    own[1, 3] = np.nan
    fewer, _ = of_three(own, np.array([True, True, False]), np.array(0.0), READINGS[0])
    assert fewer.tolist() == pytest.approx([2 / 3, 0, 3])


def test_as_of_three_is_the_mean_of_all_tables_of_three() -> None:
    """The mean over the choices in each environment is that over all combinations of choices."""
    whole = random_grid(4)
    subsets = [list(seeds) for seeds in combinations(range(4), 3)]
    random, tables = np.random.default_rng(0), []
    for _ in range(3000):
        chosen = [whole.returns[:, e, subsets[random.integers(4)]] for e in range(7)]
        tables.append(np.mean([part.mean(axis=1) / part.max() for part in chosen], axis=0))
    np.testing.assert_allclose(np.mean(tables, axis=0), whole.of_three()[0], atol=0.002)
