"""The surrogate objectives against values worked by hand, and the β rule."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.hyperparameters import KL_COEFFICIENT_RANGE, PpoNumbers
from algorithms.networks import DiagonalGaussian
from algorithms.rules import Numbers
from algorithms.rules.ppo import Rule, clip_fraction, probability_ratio
from algorithms.rules.ppo import surrogate_objective as objective_of_numbers
from bench.protocol.settings import adaptive_kl, clipping, fixed_kl, no_clipping

ACTION = jnp.array([[1.0]])


def surrogate_objective(numbers: Numbers, *others: Any) -> Any:
    return objective_of_numbers(PpoNumbers(**numbers), *others)


def policy(mean: float, log_std: float = 0.0) -> DiagonalGaussian:
    return DiagonalGaussian(mean=jnp.array([[mean]]), log_std=jnp.array([log_std]))


def mean_of_ratio(ratio: float) -> float:
    """The mean m at which action 1 is `ratio` times as probable as at mean 0: ρ = exp(m - m²/2)."""
    return 1 - math.sqrt(1 - 2 * math.log(ratio))


def at(surrogate: Numbers, mean: Any, advantage: float) -> Any:
    return surrogate_objective(surrogate, policy(0.0), policy(mean), ACTION, jnp.array([advantage]))


# With A = ±2 and ε = 0.2: the objective is ρA, but for what ρ gains beyond the clip range.
@pytest.mark.parametrize(
    ("ratio", "advantage", "value"),
    [
        (1.1, 2.0, 2.2),  # inside
        (1.1, -2.0, -2.2),
        (1.5, 2.0, 2.4),  # gains no more than 1.2 A
        (1.5, -2.0, -3.0),  # a loss is not clipped
        (0.5, 2.0, 1.0),  # a loss is not clipped
        (0.5, -2.0, -1.6),  # gains no more than 0.8 A
    ],
)
def test_clipped_objective_by_hand(ratio: float, advantage: float, value: float) -> None:
    mean = mean_of_ratio(ratio)
    assert at(clipping(0.2), mean, advantage) == pytest.approx(value, rel=1e-5)
    # d(ρA)/dm = (1 - m) ρA where the ratio counts, and 0 where it is clipped.
    clipped = value != pytest.approx(ratio * advantage)
    slope = jax.grad(lambda m: at(clipping(0.2), m, advantage))(mean)
    assert slope == pytest.approx(0.0 if clipped else (1 - mean) * ratio * advantage, rel=1e-4)


@given(st.floats(-3, 3), st.floats(-2, 0.99), st.sampled_from([0.1, 0.2, 0.3]))
def test_clipping_is_a_lower_bound_of_no_clipping(advantage: float, mean: float, epsilon: float) -> None:
    assert at(clipping(epsilon), mean, advantage) <= at(no_clipping(), mean, advantage) + 1e-6


@given(st.floats(-3, 3), st.floats(-2, 0.99))
def test_an_unreached_clip_range_changes_nothing(advantage: float, mean: float) -> None:
    assert at(clipping(1e6), mean, advantage) == at(no_clipping(), mean, advantage)


def test_the_ratio_is_one_at_the_old_policy() -> None:
    actions = jnp.array([[0.3], [5.0], [-40.0]])
    np.testing.assert_array_equal(probability_ratio(policy(0.5), policy(0.5), actions), 1.0)


def test_the_gradient_at_the_old_policy_is_the_policy_gradient() -> None:
    for surrogate in (no_clipping(), clipping(0.2), fixed_kl(3.0), adaptive_kl(0.01)):
        slope = jax.grad(lambda mean, surrogate=surrogate: at(surrogate, mean, -2.0))(0.0)
        assert slope == pytest.approx(-2.0)  # A d(log π)/dm = A (a - m)


def test_the_penalty_is_beta_times_the_kl_from_the_old_policy() -> None:
    # KL(N(0, 1) ‖ N(m, 1)) = m²/2
    without, with_penalty = at(no_clipping(), 0.4, 1.5), at(fixed_kl(10.0), 0.4, 1.5)
    assert without - with_penalty == pytest.approx(10 * 0.4**2 / 2, rel=1e-5)
    # ... and not from the new one: with standard deviations 1 and 2 the two differ.
    penalty = surrogate_objective(no_clipping(), policy(0.0), policy(0.0, math.log(2)), ACTION, jnp.zeros(1))
    penalty -= surrogate_objective(fixed_kl(1.0), policy(0.0), policy(0.0, math.log(2)), ACTION, jnp.zeros(1))
    assert penalty == pytest.approx(math.log(2) + 1 / 8 - 1 / 2, rel=1e-5)


def test_without_penalty_an_infinite_kl_is_harmless() -> None:
    collapsed = -60.0  # σ = e^-60: the KL overflows 32 bits, the ratio is 0

    def value(mean: Any, log_std: Any, surrogate: Numbers) -> Any:
        new = DiagonalGaussian(mean=mean * jnp.ones((1, 1)), log_std=log_std * jnp.ones(1))
        return surrogate_objective(surrogate, policy(0.0), new, ACTION, jnp.array([1.0]))

    for surrogate in (no_clipping(), clipping(0.2)):
        assert value(0.5, collapsed, surrogate) == 0.0
        slopes = jax.grad(value, argnums=(0, 1))(0.5, collapsed, surrogate)
        assert np.isfinite(slopes).all()
    assert value(0.5, collapsed, fixed_kl(1.0)) == -math.inf


def test_a_clipped_ratio_that_overflows_has_no_gradient() -> None:
    """Action 20 under means 0 and 20: ρ = e^200."""

    def value(mean: Any) -> Any:
        return surrogate_objective(clipping(0.2), policy(0.0), policy(mean), jnp.array([[20.0]]), jnp.ones(1))

    assert value(20.0) == pytest.approx(1.2)
    assert jax.grad(value)(19.0) == 0.0


@pytest.mark.parametrize(
    ("kl", "factor"),
    [
        (0.0, 0.5),
        (0.0066, 0.5),  # below 0.01 / 1.5
        (0.0067, 1.0),
        (0.01, 1.0),
        (0.0149, 1.0),
        (0.0151, 2.0),  # above 0.01 x 1.5
        (math.inf, 2.0),
    ],
)
def test_beta_follows_its_target(kl: float, factor: float) -> None:
    surrogate = adaptive_kl(0.01)
    assert surrogate["kl_coefficient"] == 1.0
    assert Rule().adapt(surrogate, jnp.asarray(kl))["kl_coefficient"] == factor


@pytest.mark.parametrize("edge", [0.5, 2.0])
def test_beta_stays_at_the_edges_of_its_band(edge: float) -> None:
    """The paper's inequalities are strict. Targets that 1.5 divides exactly put the KL on the edge."""
    kl = jnp.asarray(edge * 1.5)
    target = 1.5 * kl if edge == 0.5 else kl / 1.5
    assert Rule().adapt(adaptive_kl(float(target)), kl)["kl_coefficient"] == 1.0


@given(st.sampled_from([no_clipping(), clipping(0.2), fixed_kl(0.3), fixed_kl(10.0)]), st.floats(0, 1e6))
def test_only_adaptive_rows_adapt(surrogate: Numbers, kl: float) -> None:
    assert Rule().adapt(surrogate, jnp.asarray(kl))["kl_coefficient"] == np.float32(
        surrogate["kl_coefficient"]
    )


def test_beta_is_bounded() -> None:
    low = high = adaptive_kl(0.01)
    for _ in range(60):
        low = low | Rule().adapt(low, jnp.asarray(0.0))
        high = high | Rule().adapt(high, jnp.asarray(1.0))
    assert (low["kl_coefficient"], high["kl_coefficient"]) == KL_COEFFICIENT_RANGE


def test_clip_fraction_counts_ratios_outside_the_range() -> None:
    ratio = jnp.array([0.7, 0.85, 1.0, 1.15, 1.3])
    assert clip_fraction(jnp.asarray(0.2), ratio) == pytest.approx(2 / 5)
    assert clip_fraction(jnp.asarray(math.inf), ratio) == 0.0
