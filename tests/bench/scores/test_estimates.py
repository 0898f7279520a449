"""Estimates and their intervals: against SciPy, by hand, and at the ends of what can be said."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.scores.estimates import (
    correct_by_holm,
    count_wins,
    estimate_improvement,
    estimate_iqm,
    estimate_mean,
    split_variance,
)

NAN = np.nan


def test_interval_in_one_environment_is_students() -> None:
    values = np.random.default_rng(0).normal(size=(2, 1, 5))
    low, high = estimate_mean(values).interval
    for index, runs in enumerate(values[:, 0]):
        expected = stats.t.interval(0.95, 4, runs.mean(), stats.sem(runs))
        assert (low[index], high[index]) == pytest.approx(expected)


def test_a_difference_in_one_environment_is_welchs() -> None:
    a, b = np.array([[1.0, 2.0, 4.0, NAN]]), np.array([[3.0, 9.0, 5.0, 8.0]])
    expected = stats.ttest_ind(a[0, :3], b[0], equal_var=False).confidence_interval()
    assert (estimate_mean(a) - estimate_mean(b)).interval == pytest.approx((expected.low, expected.high))


def test_variances_of_environments_add() -> None:
    """Of equal variances the degrees of freedom add, too."""
    runs = np.array([[1.0, 2.0, 3.0], [6.0, 7.0, 8.0]])
    found = estimate_mean(runs)
    assert found.value == 4.5
    assert found.freedom == pytest.approx(4)
    half = stats.t.ppf(0.975, 4) * np.sqrt(2 * (1 / 3)) / 2
    assert found.interval == pytest.approx((4.5 - half, 4.5 + half))
    assert split_variance(runs) == pytest.approx([1 / 12, 1 / 12])


def test_interval_without_spread_or_runs_is_nan() -> None:
    one_run, no_spread = np.array([[1.0, NAN], [2.0, 3.0]]), np.array([[1.0, 1.0], [2.0, 2.0]])
    lacking = np.array([[NAN, NAN], [2.0, 3.0]])
    for runs, value in ((one_run, 1.75), (no_spread, 1.5), (lacking, 2.5)):
        assert estimate_mean(runs).value == value
        assert np.isnan(estimate_mean(runs).interval).all()


def test_the_interquartile_mean_against_scipy() -> None:
    random = np.random.default_rng(0)
    for runs in (random.normal(size=(7, 4)), random.normal(size=(7, 3)), random.normal(size=(1, 41))):
        assert estimate_iqm(runs).value == pytest.approx(stats.trim_mean(runs, 0.25, axis=None))
    # Runs that are not there do not count.
    holes = np.array([[1.0, NAN, 2.0], [NAN, 4.0, 100.0]])
    assert estimate_iqm(holes).value == 3


def test_variance_of_the_interquartile_mean_by_hand() -> None:
    """Of 1 … 8, six stay between 3 and 6: 3 3 3 4 5 6 6 6, and half of the runs is kept."""
    found = estimate_iqm(np.arange(1.0, 9)[None])
    assert found.value == 4.5
    assert found.variance == pytest.approx(np.var([3, 3, 3, 4, 5, 6, 6, 6], ddof=1) / 8 / 0.25)
    assert found.freedom == pytest.approx(7)


def test_improvement_against_scipy() -> None:
    random = np.random.default_rng(0)
    a, b = random.integers(0, 4, size=(2, 3, 5)).astype(float)
    (value, _, _), (parts, _, _) = estimate_improvement(a, b)
    expected = [stats.mannwhitneyu(x, y).statistic / 25 for x, y in zip(a, b, strict=True)]
    assert parts == pytest.approx(expected)
    assert value == pytest.approx(np.mean(expected))
    with_holes = estimate_improvement(np.where(a == 3, NAN, a), b)[1]
    assert with_holes[0, 0] == pytest.approx(
        stats.mannwhitneyu(a[0][a[0] < 3], b[0]).statistic / (a[0] < 3).sum() / 5
    )


@given(st.integers(0, 100))
def test_wins_are_counted_over_all_pairs(seed: int) -> None:
    """With ties and missing runs, and with one setting beside several, as with a baseline."""
    random = np.random.default_rng(seed)
    runs = random.integers(0, 4, size=(3, 2, 5)).astype(float)
    runs[random.random(runs.shape) < 0.2] = NAN
    for others in (runs[::-1], runs[:1]):
        a, b = runs[..., :, None], others[..., None, :]
        expected = (a > b).sum(axis=(-2, -1)) + (a == b).sum(axis=(-2, -1)) / 2
        np.testing.assert_array_equal(count_wins(runs, others), expected)


@given(st.integers(1, 21), st.integers(1, 21), st.integers(0, 100))
def test_interval_of_improvement_always_exists(first: int, second: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    a, b = random.normal(seed % 7, 1, (3, first)), random.normal(0, 1, (3, second))
    whole, parts = estimate_improvement(a, b)
    for value, low, high in [*parts.T, whole]:
        assert 0 <= low <= value <= high <= 1
        assert high - low > 0.05
    # What one wins the other loses.
    other, others = estimate_improvement(b, a)
    np.testing.assert_allclose(others, 1 - parts[[0, 2, 1]], atol=1e-9)
    np.testing.assert_allclose(other, 1 - whole[[0, 2, 1]], atol=1e-9)


def test_interval_of_improvement_solves_newcombes_equation() -> None:
    """Where all four runs of one are ahead: (1 - q)² = 1.96² q (1 - q) / 16 · (1 + 3 (…))."""
    _, (value, low, high) = estimate_improvement(np.array([[5.0, 6, 7, 8]]), np.array([[1.0, 2, 3, 4]]))
    assert (value[0], high[0]) == (1, 1)
    q = float(low[0])
    variance = q * (1 - q) / 16 * (1 + 3 * ((1 - q) / (2 - q) + q / (1 + q)))
    assert (1 - q) ** 2 == pytest.approx(stats.norm.ppf(0.975) ** 2 * variance)


def test_holm_by_hand() -> None:
    # Sorted 0.01, 0.02, 0.03, 0.04 times 4, 3, 2, 1: 0.04, 0.06, 0.06, 0.06. NaN is no test.
    p = np.array([0.04, 0.01, NAN, 0.03, 0.02])
    np.testing.assert_allclose(correct_by_holm(p), [0.06, 0.04, NAN, 0.06, 0.06])
    assert correct_by_holm(np.array([0.5, 0.9])).tolist() == [1, 1]
