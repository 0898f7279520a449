"""The table's statistics over grids of scores, by hand and against scipy."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy.stats import mannwhitneyu, trim_mean

from bench.scores.grid import Grid, complete_grid
from bench.scores.scale import normalize, references, row_scores
from tests.helpers.scores import RANDOM, TWO_ROWS, random_grid


def test_the_grid_of_a_table() -> None:
    grid = complete_grid(TWO_ROWS, RANDOM)
    assert grid is not None
    assert (grid.seeds, grid.settings, grid.environments) == ((0, 1), ("clip-0.1", "clip-0.2"), ("A", "B"))
    assert grid.scores.tolist() == [[[110, -50], [80, 50]], [[60, -30], [100, -150]]]
    assert grid.random.tolist() == [10, -50]


def test_an_incomplete_grid_or_one_seed_is_none() -> None:
    assert complete_grid(TWO_ROWS[1:], RANDOM) is None
    assert complete_grid(TWO_ROWS[TWO_ROWS["seed"] == 0], RANDOM) is None


def test_a_row_of_ones_own_needs_not_be_complete(own_row: str) -> None:
    paper = complete_grid(TWO_ROWS, RANDOM)
    assert paper is not None
    own = TWO_ROWS[TWO_ROWS["setting"] == "clip-0.1"].assign(setting=own_row)
    more = pd.concat([own, own.assign(seed=own["seed"] + 7), TWO_ROWS])  # of more seeds than the paper's rows
    whole, part = complete_grid(more, RANDOM), complete_grid(more[1:], RANDOM)
    assert whole is not None
    assert part is not None
    assert whole.settings == (*paper.settings, own_row)
    np.testing.assert_array_equal(whole.scores[:, 0], whole.scores[:, 2])
    for grid in (whole.of_the_paper(), part):
        assert grid.settings == paper.settings
        np.testing.assert_array_equal(grid.scores, paper.scores)


def test_whole_is_what_the_paper_has() -> None:
    grid = random_grid(3)
    assert grid.is_whole
    assert not dataclasses.replace(grid, settings=grid.settings[1:]).is_whole
    assert not dataclasses.replace(grid, environments=grid.environments[1:]).is_whole


def test_statistics_by_hand() -> None:
    grid = complete_grid(TWO_ROWS, RANDOM)
    assert grid is not None
    # As in test_scores: clip-0.1 has A 1, 0.5; B 0, 0.2. clip-0.2 has A 0.7, 0.9; B 1, -1.
    assert grid.mean(grid.scores) == pytest.approx([0.425, 0.4])
    assert grid.interquartile_mean(grid.scores) == pytest.approx([0.35, 0.8])
    # clip-0.1 wins over clip-0.2 in A 2 of 4 times (110 over 80 and 100), in B 2 of 4 (both over -150).
    assert grid.improvement(grid.scores) == pytest.approx([0.5, 0.5])


def test_a_row_of_ones_own_does_not_set_the_scale() -> None:
    grid = complete_grid(TWO_ROWS, RANDOM)
    assert grid is not None
    own = Grid(grid.scores, grid.random, grid.seeds, ("mine", "clip-0.2"), grid.environments)
    # The best is now clip-0.2's: 100 in A.
    assert own.normalized(own.scores)[0, 0, 0] == pytest.approx(100 / 90)


def test_against_scipy() -> None:
    grid = random_grid(5)
    normalized = grid.normalized(grid.scores)
    reference = grid.settings.index("clip-0.2")
    for row in range(len(grid.settings)):
        assert grid.interquartile_mean(grid.scores)[row] == pytest.approx(
            trim_mean(normalized[:, row].flatten(), 0.25)
        )
        wins = [
            mannwhitneyu(grid.scores[:, row, e], grid.scores[:, reference, e]).statistic / 25
            for e in range(len(grid.environments))
        ]
        assert grid.improvement(grid.scores)[row] == pytest.approx(np.mean(wins))


def test_many_grids_at_once_are_each_by_itself() -> None:
    grids = [random_grid(3, seed) for seed in range(4)]
    grid = grids[0]
    stacked = np.stack([other.scores for other in grids]).reshape(2, 2, *grid.scores.shape)
    for statistic in (grid.mean, grid.interquartile_mean, grid.improvement):
        together = statistic(stacked).reshape(4, -1)
        np.testing.assert_allclose(together, [statistic(other.scores) for other in grids])


def test_the_table_and_the_grid_agree() -> None:
    table = row_scores(normalize(TWO_ROWS, references(TWO_ROWS, RANDOM)))
    grid = complete_grid(TWO_ROWS.sample(frac=1, random_state=0), RANDOM)
    assert grid is not None
    assert grid.mean(grid.scores) == pytest.approx(table["score"].tolist())
