"""Power against the textbook and simulation; coverage of intervals where it is known."""

import numpy as np
import pytest
from scipy import stats

from bench.protocol.settings import PAPER_SETTINGS
from bench.scores.coverage import KINDS, coverage, simulated_runs
from bench.scores.estimates import mean
from bench.scores.power import by_seeds, detectable, new_tables, seeds_needed
from tests.helpers.scores import grid_of, random_grid


def test_a_detectable_difference_is_found_in_four_of_five_experiments() -> None:
    runs = np.random.default_rng(0).normal(size=(2, 7, 50))
    runs = (runs - runs.mean(axis=-1, keepdims=True)) / runs.std(axis=-1, ddof=1, keepdims=True)
    for seeds in (3, 10):
        found = detectable(runs, np.array([seeds]), 0.05)[0]
        experiments = np.random.default_rng(1).normal(size=(2, 2000, 7, seeds))
        low, _ = (mean(experiments[0] + found) - mean(experiments[1])).interval
        assert np.mean(low > 0) == pytest.approx(0.8, abs=0.04)


def test_against_a_table_of_students_t() -> None:
    """One environment of variance 1 and 10 seeds: (2.101 + 0.862) · √0.2 = 1.325."""
    runs = np.array([[[-1.0, 0.0, 1.0]], [[-1.0, 0.0, 1.0]]])
    assert detectable(runs, np.array([10]), 0.05)[0] == pytest.approx(1.325, abs=0.001)


def test_more_seeds_tell_more() -> None:
    grid = random_grid(4)
    table = by_seeds(grid)
    assert table["seeds"].tolist() == [3, 4, 5, 10, 21, 50, 100]
    for name in ("half_width", "detectable", "detectable_corrected"):
        assert (np.diff(table[name]) < 0).all()
    assert (np.diff(table["paper_gaps"]) >= 0).all()
    assert table["best_first"].iloc[-1] > table["best_first"].iloc[0]
    needed = seeds_needed(grid)
    assert (np.diff(needed["seeds"]) <= 0).all()
    assert (needed["seeds"] < needed["seeds_corrected"]).all()
    noisy = seeds_needed(grid_of(np.random.default_rng(0).normal(0, 1, (11, 7, 4)) ** 9))
    assert np.isnan(noisy["seeds_corrected"].iloc[0])


def test_new_tables_share_the_first_place() -> None:
    table = new_tables(random_grid(4)).set_index("setting")
    assert table["first"].sum() == pytest.approx(1)
    assert (table["low"] < table["median"]).all()
    assert table["median"].idxmax() == table["first"].idxmax()


@pytest.mark.parametrize("kind", KINDS)
def test_simulated_runs_have_the_measured_moments(kind: str) -> None:
    runs = np.random.default_rng(0).normal(0, 1, (11, 7, 4))
    found = simulated_runs(runs, kind, 30).transpose(1, 2, 0, 3).reshape(11, 7, -1)
    if kind == "capped":
        np.testing.assert_array_equal(found.max(axis=(0, 2)), runs.max(axis=(0, 2)))
        return
    np.testing.assert_allclose(found.mean(axis=2), runs.mean(axis=2), atol=0.05)
    np.testing.assert_allclose(found.std(axis=2), runs.std(axis=2, ddof=1), rtol=0.05)
    expected = 0 if kind == "gaussian" else 2 * np.sign(stats.skew(runs, axis=2))
    np.testing.assert_allclose(stats.skew(found, axis=2), expected, atol=0.3)


@pytest.mark.parametrize("seeds", [2, 3, 10])
def test_gaussian_runs_are_covered(seeds: int) -> None:
    table = coverage(random_grid(seeds))
    assert len(table) == 33
    assert set(table["seeds"]) == {seeds}
    gaussian = table[table["runs"] == "gaussian"].set_index("setting").loc[list(PAPER_SETTINGS)]
    assert gaussian["score"].mean() == pytest.approx(0.955, abs=0.02)
    assert np.isnan(gaussian.loc["clip-0.2", "improvement"])
    assert gaussian["improvement"].mean() > 0.9
