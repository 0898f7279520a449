"""The pairs tested in other ways: by hand, and on made-up tables."""

import numpy as np
import pandas as pd
import pytest

from bench.scores.grid import Grid
from bench.scores.pairs import pairs, permutation_test
from bench.scores.robustness import paired, robustness, seeds_left_out, without
from tests.helpers.scores import grid_of, random_grid


@pytest.fixture(scope="module")
def grid() -> Grid:
    return random_grid(4)


@pytest.fixture(scope="module")
def table(grid: Grid) -> pd.DataFrame:
    return robustness(grid, grid)


def test_the_first_way_is_that_of_the_published_pairs(grid: Grid, table: pd.DataFrame) -> None:
    published = pairs(grid)
    first = table[table["way"] == "uniform_run"].reset_index(drop=True)
    columns = ["setting", "other", "p", "p_holm"]
    pd.testing.assert_frame_equal(first[columns], published[columns])
    difference = first["score"] - first["other_score"]
    assert difference.to_numpy() == pytest.approx(published["difference"].to_numpy())


def test_every_way_has_every_pair(table: pd.DataFrame) -> None:
    # Four readings, mean over time, seven environments left out, two interquartile means, one at random.
    assert table["way"].nunique() == 15
    assert table.groupby("way").size().unique().tolist() == [55]
    assert table["p"].between(0, 1).all()
    assert (table["p"] <= table["p_holm"]).all()


def test_an_environment_left_out_has_no_weight() -> None:
    runs = np.array([[[1.0, 3.0], [10.0, 30.0], [7.0, 5.0]]])
    assert without(runs, 1).mean(axis=-1).mean() == pytest.approx((2 + 6) / 2)


def test_environments_at_random_by_hand() -> None:
    # Mean 2, variance 4 of three, so t = 2 / √(4/3) with two degrees of freedom: p = 1 - t / √(2 + t²).
    t = 2 / np.sqrt(4 / 3)
    assert paired(np.array([[0.0, 2.0, 4.0]])).p[0] == pytest.approx(1 - t / np.sqrt(2 + t**2))
    assert np.isnan(paired(np.ones((1, 3))).p).all()


def test_one_run_far_away_does_not_hide_a_difference_of_interquartile_means() -> None:
    random = np.random.default_rng(0)
    runs, others = random.normal(0, 1, (1, 3, 8)), random.normal(2, 1, (1, 3, 8))
    runs[0, 0, 0] = 1000.0
    assert permutation_test(runs, others, middle=True)[0] < 0.001 < permutation_test(runs, others)[0]


def test_without_a_seed_the_scale_is_that_of_the_others() -> None:
    returns = np.full((11, 7, 3), 50.0)
    returns[1] = 60.0
    returns[2, :, 0] = 100.0
    table = seeds_left_out(grid_of(returns)).set_index(["seed", "setting"])
    # Without seed 0 the best run is 60; otherwise it is clip-0.2's of 100, whose mean is (100 + 50) / 2.
    assert table.loc[(0, "clip-0.1")].tolist() == [1.0, 1]
    assert table.loc[(1, "clip-0.2")].tolist() == [0.75, 1]
    assert table.loc[(1, "clip-0.1")].tolist() == [pytest.approx(0.6), 2]
