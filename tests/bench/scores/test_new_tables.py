"""Simulated tables of three seeds: their spread by a formula, and their own scale by hand and enumeration."""

from itertools import product

import numpy as np
import pytest

from bench.scores.new_tables import TABLES, deviations, drawn, own_scale
from bench.scores.scale import READINGS
from tests.helpers.scores import grid_of, random_grid


@pytest.mark.parametrize("runs", [3, 7, 19])
def test_means_of_three_spread_as_three_new_runs_do(runs: int) -> None:
    returns = np.random.default_rng(0).normal(size=(1, 1, runs))
    variance = returns.var(ddof=1)
    for error, expected in (("theirs", 1 / 3), ("both", 1 / 3 + 1 / runs)):
        means = drawn(returns, error)[:, 0, 0].mean(axis=-1)  # type: ignore[arg-type]
        assert means.var() == pytest.approx(expected * variance, rel=0.08)
        assert means.mean() == pytest.approx(returns.mean(), abs=5 * np.sqrt(variance / TABLES))


def test_missing_runs_are_not_drawn() -> None:
    returns = np.array([[[1.0, np.nan, 2.0, 3.0]], [[np.nan] * 4]])
    tables = drawn(returns, "theirs")
    assert set(np.unique(tables[:, 0])) == {1, 2, 3}
    assert np.isnan(tables[:, 1]).all()


def test_own_scale_by_hand() -> None:
    """One table: in the first environment the best of the paper's runs is 4, the best mean 3; 0 scores 0."""
    runs = np.array([[[[1.0, 2.0, 3.0], [0, 0, 3]], [[2, 3, 4], [6, 0, 0]], [[9, 9, 9], [9, 9, 9]]]])
    paper, zero = np.array([True, True, False]), np.zeros(2)
    by_run, by_mean = (own_scale(runs, paper, zero, reading) for reading in READINGS[:2])
    assert by_run[0] == pytest.approx([(2 / 4 + 1 / 6) / 2, (3 / 4 + 2 / 6) / 2, (9 / 4 + 9 / 6) / 2])
    assert by_mean[0] == pytest.approx([(2 / 3 + 1 / 2) / 2, (3 / 3 + 2 / 2) / 2, (9 / 3 + 9 / 2) / 2])


def test_against_all_tables() -> None:
    """Two runs of one setting and none that differs of the others: the scores of all 2^3 draws."""
    returns = np.ones((11, 7, 2))
    returns[0, :, 1] = 2.0
    grid = grid_of(returns)
    # Two runs and m = 2: two thirds of the tables' mean variance are known, and the scale follows the draw.
    (found,) = deviations(grid, READINGS[:1], "theirs")
    urns = [[(1, 2)[i] for i in urn] for urn in product(range(2), repeat=2)]
    scores = [
        1 / max(urn[k] for k in chosen) for urn in urns for chosen in product(range(2), repeat=3)
    ]  # of the settings that always return 1, in one environment
    assert found[:, 1].var() == pytest.approx(np.var(scores) / 7, rel=0.06)


def test_no_score_is_beyond_the_best_run() -> None:
    grid = random_grid(5)
    scores = own_scale(drawn(grid.returns, "both"), grid.paper, grid.zero(READINGS[0]), READINGS[0])
    assert scores.max() <= 1
