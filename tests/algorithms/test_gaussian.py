"""The diagonal Gaussian against scipy and a numerical integral."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from algorithms.networks import DiagonalGaussian, kl_divergence, log_probability, sample

means = st.floats(-2, 2)
log_stds = st.floats(-1, 1)


def gaussian(mean: list[float], log_std: list[float]) -> DiagonalGaussian:
    return DiagonalGaussian(mean=jnp.array(mean), log_std=jnp.array(log_std))


def test_log_probability_is_scipys() -> None:
    mean, log_std, action = [0.5, -1.0], [0.2, -0.7], [1.5, -3.0]
    expected = stats.norm.logpdf(action, mean, np.exp(log_std)).sum()
    assert log_probability(gaussian(mean, log_std), jnp.array(action)) == pytest.approx(expected, rel=1e-6)


def test_samples_are_never_clipped() -> None:
    action = sample(gaussian([1.0, 2.0], [0.0, np.log(3.0)]), jnp.array([100.0, -100.0]))
    np.testing.assert_allclose(action, [101.0, -298.0], rtol=1e-6)


@given(means, log_stds, means, log_stds)
def test_kl_is_the_integral_from_old_to_new(m_old: float, s_old: float, m_new: float, s_new: float) -> None:
    old, new = stats.norm(m_old, np.exp(s_old)), stats.norm(m_new, np.exp(s_new))
    expected, _ = integrate.quad(
        lambda x: old.pdf(x) * (old.logpdf(x) - new.logpdf(x)), old.ppf(1e-14), old.isf(1e-14), limit=200
    )
    kl = kl_divergence(gaussian([m_old], [s_old]), gaussian([m_new], [s_new]))
    assert kl == pytest.approx(expected, rel=1e-4, abs=1e-5)


@given(means, log_stds, means, log_stds)
def test_kl_adds_over_dimensions_and_is_never_negative(a: float, b: float, c: float, d: float) -> None:
    first, second = gaussian([a], [b]), gaussian([c], [d])
    both = kl_divergence(gaussian([a, c], [b, d]), gaussian([c, a], [d, b]))
    assert float(both) == pytest.approx(
        float(kl_divergence(first, second) + kl_divergence(second, first)), rel=1e-4, abs=1e-5
    )
    assert both >= -1e-6


def test_kl_of_a_policy_from_itself_is_zero() -> None:
    policy = gaussian([0.3, -7.0], [0.5, -3.0])
    assert kl_divergence(policy, policy) == 0.0
