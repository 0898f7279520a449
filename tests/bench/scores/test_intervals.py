"""Intervals: Student's where that is known, and right as often as they say."""

import numpy as np
import pytest
from scipy.stats import t

from bench.scores.grid import Floats
from bench.scores.intervals import (
    coverage,
    intervals,
    intervals_of_mean,
    percentile_intervals,
    resampled_seeds,
    simulated_scores,
)
from tests.helpers.scores import random_grid


def row_means(scores: Floats) -> Floats:
    return np.asarray(scores.mean(axis=(-3, -1)))


def test_of_a_mean_it_is_students() -> None:
    scores = np.random.default_rng(0).normal(size=(3, 2, 1))
    low, high = intervals(row_means, scores)
    for row in range(2):
        values = scores[:, row, 0]
        expected = t.interval(0.95, 2, values.mean(), values.std(ddof=1) / np.sqrt(3))
        assert (low[row], high[row]) == pytest.approx(expected)


def test_variances_of_environments_add() -> None:
    """With equal variances the degrees of freedom do too."""
    one = np.array([1.0, 2.0, 3.0])
    scores = np.stack([one, one + 5], axis=-1)[:, None, :]
    low, high = intervals(row_means, scores)
    half = t.ppf(0.975, 4) * np.sqrt(2 * (1 / 3)) / 2
    assert (low[0], high[0]) == pytest.approx((4.5 - half, 4.5 + half))


def test_a_difference_profits_from_shared_seeds() -> None:
    random = np.random.default_rng(0)
    noise, own_noise = random.normal(size=(3, 1, 2)), random.normal(scale=0.001, size=(3, 1, 2))
    scores = np.concatenate([noise, noise + 1 + own_noise], axis=1)
    low, high = intervals(lambda grid: row_means(grid)[..., 1:] - row_means(grid)[..., :1], scores)
    assert (low[0], high[0]) == pytest.approx((1, 1), abs=0.01)


def test_a_mean_over_environments_takes_one_resample_of_all() -> None:
    """Bar the last bits: by either way a number varies as its environments do, one by one."""
    grid = random_grid(4)
    for mean, by_environment in (
        (grid.mean, grid.environment_means),
        (grid.improvement, grid.environment_improvements),
    ):
        np.testing.assert_allclose(
            intervals_of_mean(by_environment, grid.scores), intervals(mean, grid.scores), rtol=1e-9
        )


def test_what_never_varies_has_no_interval() -> None:
    grid = random_grid(3)
    low, high = intervals_of_mean(grid.environment_improvements, grid.scores)
    reference = grid.settings.index("clip-0.2")
    assert np.isnan([low[reference], high[reference]]).all()
    assert np.isfinite(np.delete(low, reference)).all()


def test_all_resamples_of_few_seeds() -> None:
    assert sorted(map(tuple, resampled_seeds(2, 5).tolist())) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert len(resampled_seeds(3, 5)) == 27
    many = resampled_seeds(21, 200)
    assert many.shape == (200, 21)
    np.testing.assert_array_equal(many, resampled_seeds(21, 200))


def test_of_many_seeds_it_is_near_students_too() -> None:
    scores = np.random.default_rng(0).normal(size=(21, 2, 3))
    low, high = intervals(row_means, scores)
    variances = scores.var(axis=0, ddof=1) / 21 / 9
    freedom = 20 * variances.sum(axis=1) ** 2 / (variances**2).sum(axis=1)
    half = t.ppf(0.975, freedom) * np.sqrt(variances.sum(axis=1))
    assert (high - low) / 2 == pytest.approx(half, rel=0.05)


def test_the_percentiles_by_hand() -> None:
    """Of seeds 0 and 1 in each of two environments, the resampled mean is 0 or 1 in a sixteenth of cases."""
    scores = np.array([[0.0, 0.0], [1.0, 1.0]])[:, None]
    low, high = percentile_intervals(row_means, scores, 10_000)
    assert (low[0], high[0]) == (0, 1)
    # Of four environments in a 256th.
    low, high = percentile_intervals(row_means, np.tile(scores, 2), 10_000)
    assert (low[0], high[0]) == (1 / 8, 7 / 8)


def test_simulated_scores_have_the_measured_moments() -> None:
    grid = random_grid(3)
    unconstrained = grid.settings.index("no-clip")
    whole = simulated_scores(grid, 20_000, 2, np.random.default_rng(0))
    assert (whole[:, :, unconstrained] <= grid.scores.max(axis=(0, 1))).all()
    # The others are Gaussian.
    scores, simulated = (np.delete(values, unconstrained, axis=-2) for values in (grid.scores, whole))
    assert simulated.shape == (20_000, 2, *scores.shape[1:])
    flat = simulated.reshape(-1, *scores.shape[1:])
    np.testing.assert_allclose(flat.mean(axis=0), scores.mean(axis=0), atol=0.5)
    for environment in range(2):
        measured = np.cov(scores[:, :, environment], rowvar=False)
        np.testing.assert_allclose(np.cov(flat[:, :, environment], rowvar=False), measured, atol=12)
    # What two environments have in common is chance.
    assert abs(np.corrcoef(flat[:, 0, 0], flat[:, 0, 1])[0, 1]) < 0.03


def test_three_seeds_are_covered_as_stated() -> None:
    """Where the paper's number of seeds leaves the usual bootstrap far too sure of itself."""
    grid = random_grid(3)
    shares = coverage(grid.environment_means, grid)
    assert shares["student"].shape == shares["percentile"].shape == (11,)
    assert shares["student"].mean() == pytest.approx(0.95, abs=0.03)
    assert 0.65 < shares["percentile"].mean() < 0.85
    np.testing.assert_array_equal(coverage(grid.environment_means, grid)["student"], shares["student"])
