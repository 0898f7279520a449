"""Tables of three seeds: scores by hand and enumeration, the spread of simulated tables by a formula."""

from itertools import combinations, product

import hypothesis.extra.numpy as arrays
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.scores.estimates import estimate_mean
from bench.scores.scale import READINGS, Grid
from bench.scores.three_seeds import (
    MOST_ENUMERATED,
    TABLES,
    choose_three,
    draw_tables,
    find_best_of_three,
    find_percentiles,
    leave_seeds_out,
    remove_noise,
    score_tables,
    score_three_seeds,
    simulate_new_tables,
    simulate_noise,
)
from tests.helpers.scores import grid_of, random_grid


def test_tables_of_three_seeds_are_scored_as_the_table_is() -> None:
    three = random_grid(3)
    for reading in READINGS:
        scores = estimate_mean(three.normalized(reading)).value
        assert score_three_seeds(three, reading)[0] == pytest.approx(scores)
    assert np.isnan(score_three_seeds(random_grid(2))[0]).all()


def in_one_environment(returns: np.ndarray) -> Grid:
    """A grid of two of the paper's settings, and maybe one more. returns: `[setting, seed]`."""
    scale = pd.DataFrame({"random_uniform": [0.0]}, ["A"])
    settings = ("clip-0.1", "clip-0.2", "mine")[: len(returns)]
    return Grid(returns[:, None], scale, settings, ("A",), tuple(range(returns.shape[1])))


def test_scores_as_of_three_of_four_seeds_by_hand() -> None:
    """Of four choices of three, one lacks the best run, 4: its scale ends at 3."""
    returns = np.array([[1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 0.0, 0.0]])
    found, _ = score_three_seeds(in_one_environment(returns))
    assert found.tolist() == pytest.approx([(2 / 3 + 7 / 12 + 8 / 12 + 9 / 12) / 4, 0])
    best = find_best_of_three(in_one_environment(returns)).loc["A"]
    assert best.tolist() == pytest.approx([15 / 4, *np.percentile([3, 4, 4, 4], [5, 95])])
    # A setting that is not the paper's does not set the scale; a seed that lacks a paper's run is left out.
    own = np.vstack([returns, [9.0, 9.0, 9.0, np.nan]])
    more, _ = score_three_seeds(in_one_environment(own))
    assert more[:2].tolist() == found.tolist()
    assert np.isnan(more[2])
    own[1, 3] = np.nan
    fewer, _ = score_three_seeds(in_one_environment(own))
    assert fewer.tolist() == pytest.approx([2 / 3, 0, 3])


RETURNS = arrays.arrays(
    float, st.tuples(st.integers(1, 3), st.integers(3, 8)), elements=st.integers(1, 6).map(float)
)


@given(RETURNS)
def test_scores_by_rank_are_the_mean_over_all_choices(returns: np.ndarray) -> None:
    """Whole numbers, so that many runs are equal."""
    grid = in_one_environment(returns)
    choices = [returns[:, list(chosen)] for chosen in combinations(range(returns.shape[1]), 3)]
    best = np.array([choice[:2].max() for choice in choices])
    expected = np.mean([choice.mean(axis=1) / one for choice, one in zip(choices, best, strict=True)], axis=0)
    scores, errors = score_three_seeds(grid)
    np.testing.assert_allclose(scores, expected, rtol=1e-12)
    assert not errors.any()
    expected_best = [best.mean(), *np.percentile(best, [5, 95])]
    np.testing.assert_allclose(find_best_of_three(grid).loc["A"], expected_best, rtol=1e-12)


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(1, 5)), min_size=1))
def test_percentiles_of_repeated_values(pairs: list[tuple[int, int]]) -> None:
    values, counts = np.array(sorted(pairs)).T
    percents = (0, 5, 33, 50, 95, 100)
    expected = np.percentile(np.repeat(values.astype(float), counts), percents)
    np.testing.assert_allclose(find_percentiles(values.astype(float), counts, percents), expected, atol=1e-12)


def test_beyond_fifty_seeds_choices_are_drawn_and_the_error_is_told() -> None:
    """Around the mean over all choices, which one seed fewer in the limit still enumerates."""
    by_run, by_mean = READINGS[:2]
    whole = random_grid(MOST_ENUMERATED + 1)
    scores, errors = score_three_seeds(whole, by_mean)
    assert ((errors > 0) & (errors < 0.001)).all()
    every = np.array(list(combinations(range(MOST_ENUMERATED + 1), 3)))
    runs = whole.returns[..., every].transpose(2, 0, 1, 3)
    exact = score_tables(runs, whole.paper, whole.zero(by_mean), by_mean).mean(axis=(0, 2))
    assert (np.abs(scores - exact) < 4 * errors).all()
    assert not score_three_seeds(whole, by_run)[1].any()
    assert not score_three_seeds(random_grid(MOST_ENUMERATED), by_mean)[1].any()


def test_a_drawn_choice_has_three_seeds() -> None:
    drawn = choose_three(1000)
    assert drawn.shape[0] > 19_000
    assert (np.diff(drawn) > 0).all()
    assert drawn.min() == 0
    assert drawn.max() == 999


def test_many_seeds_cost_little() -> None:
    """All choices of three of a thousand seeds would be 166 million."""
    for reading in READINGS:
        assert np.isfinite(score_three_seeds(random_grid(1000), reading)[0]).all()


def test_scores_as_of_three_seeds_are_the_mean_of_all_tables() -> None:
    """The mean over the choices in each environment is that over all combinations of choices."""
    whole = random_grid(4)
    subsets = [list(seeds) for seeds in combinations(range(4), 3)]
    random, tables = np.random.default_rng(0), []
    for _ in range(3000):
        chosen = [whole.returns[:, e, subsets[random.integers(4)]] for e in range(7)]
        tables.append(np.mean([part.mean(axis=1) / part.max() for part in chosen], axis=0))
    np.testing.assert_allclose(np.mean(tables, axis=0), score_three_seeds(whole)[0], atol=0.002)


def test_without_a_seed_the_scale_is_that_of_the_others() -> None:
    returns = np.full((11, 7, 3), 50.0)
    returns[1] = 60.0
    returns[2, :, 0] = 100.0
    table = leave_seeds_out(grid_of(returns)).set_index(["seed", "setting"])
    # Without seed 0 the best run is 60; otherwise it is clip-0.2's of 100, whose mean is (100 + 50) / 2.
    assert table.loc[(0, "clip-0.1")].tolist() == [1.0, 1]
    assert table.loc[(1, "clip-0.2")].tolist() == [0.75, 1]
    assert table.loc[(1, "clip-0.1")].tolist() == [pytest.approx(0.6), 2]


def test_noise_is_taken_from_the_spread() -> None:
    scores = np.array([0.0, 1.0, 2.0, 3.0])  # variance 5 / 3
    truth = remove_noise(scores, 0.5)
    assert truth.mean() == pytest.approx(1.5)
    assert truth.var(ddof=1) == pytest.approx(5 / 3 - 0.5)
    assert remove_noise(scores, 9.0) == pytest.approx(1.5)


@pytest.mark.parametrize("runs", [3, 7, 19])
def test_means_of_three_spread_as_three_new_runs_do(runs: int) -> None:
    returns = np.random.default_rng(0).normal(size=(1, 1, runs))
    variance = returns.var(ddof=1)
    for error, expected in (("theirs", 1 / 3), ("both", 1 / 3 + 1 / runs)):
        means = draw_tables(returns, error)[:, 0, 0].mean(axis=-1)  # type: ignore[arg-type]
        assert means.var() == pytest.approx(expected * variance, rel=0.08)
        assert means.mean() == pytest.approx(returns.mean(), abs=5 * np.sqrt(variance / TABLES))


def test_missing_runs_are_not_drawn() -> None:
    returns = np.array([[[1.0, np.nan, 2.0, 3.0]], [[np.nan] * 4]])
    tables = draw_tables(returns, "theirs")
    assert set(np.unique(tables[:, 0])) == {1, 2, 3}
    assert np.isnan(tables[:, 1]).all()


def test_own_scale_by_hand() -> None:
    """One table: in the first environment the best of the paper's runs is 4, the best mean 3; 0 scores 0."""
    runs = np.array([[[[1.0, 2.0, 3.0], [0, 0, 3]], [[2, 3, 4], [6, 0, 0]], [[9, 9, 9], [9, 9, 9]]]])
    paper, zero = np.array([True, True, False]), np.zeros(2)
    by_run, by_mean = (score_tables(runs, paper, zero, reading).mean(axis=-1) for reading in READINGS[:2])
    assert by_run[0] == pytest.approx([(2 / 4 + 1 / 6) / 2, (3 / 4 + 2 / 6) / 2, (9 / 4 + 9 / 6) / 2])
    assert by_mean[0] == pytest.approx([(2 / 3 + 1 / 2) / 2, (3 / 3 + 2 / 2) / 2, (9 / 3 + 9 / 2) / 2])


def test_simulated_tables_against_all_tables() -> None:
    """Two runs of one setting and none that differs of the others: the scores of all 2^3 draws."""
    returns = np.ones((11, 7, 2))
    returns[0, :, 1] = 2.0
    grid = grid_of(returns)
    # Two runs and m = 2: two thirds of the tables' mean variance are known, and the scale follows the draw.
    found = simulate_noise(grid, grid.settings, READINGS[0], "theirs")
    urns = [[(1, 2)[i] for i in urn] for urn in product(range(2), repeat=2)]
    scores = [
        1 / max(urn[k] for k in chosen) for urn in urns for chosen in product(range(2), repeat=3)
    ]  # of the settings that always return 1, in one environment
    assert found[:, 1].var() == pytest.approx(np.var(scores) / 7, rel=0.06)


def test_no_score_is_beyond_the_best_run() -> None:
    grid = random_grid(5)
    tables = draw_tables(grid.returns, "both")
    scores = score_tables(tables, grid.paper, grid.zero(READINGS[0]), READINGS[0])
    assert scores.mean(axis=-1).max() <= 1


def test_new_tables_share_the_first_place() -> None:
    table = simulate_new_tables(random_grid(4)).set_index("setting")
    assert table["first"].sum() == pytest.approx(1)
    assert (table["low"] < table["median"]).all()
    assert table["median"].idxmax() == table["first"].idxmax()
