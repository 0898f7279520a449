"""TRPO's Fisher matrix and step against dense matrices of a plain network, in 64 bits."""

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.flatten_util import ravel_pytree

from algorithms.networks import Networks
from algorithms.rules.trpo import fisher_product, trust_region_step
from bench.protocol.settings import SETTINGS
from tests.helpers.learning import ACTION, OBSERVATION, SMALL, log_density, network

pytestmark = pytest.mark.slow

SETTING = SETTINGS["trpo-0.01"]
DAMPING, CG_STEPS = SETTING.numbers["damping"], SETTING.options["cg_steps"]
SAMPLES = 40
NETWORKS = Networks.of(SMALL, ACTION)
OBSERVATIONS = np.random.default_rng(1).normal(size=(SAMPLES, OBSERVATION))


@pytest.fixture(autouse=True)
def double_precision() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


def policy_parameters() -> tuple[Any, Callable[[Any], Any]]:
    """θ of a policy that is far from its start and has two standard deviations, and θ as its parameters."""
    start = NETWORKS.policy_network.init(jax.random.key(0), jnp.zeros(OBSERVATION))
    flat, as_parameters = ravel_pytree(start)
    return flat + 0.3 * np.random.default_rng(0).normal(size=flat.size), as_parameters


def fisher_at(theta: Any, as_parameters: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Gives Fv of a vector v."""

    def policy(theta: Any) -> Any:
        return NETWORKS.policy(as_parameters(theta), jnp.asarray(OBSERVATIONS))

    return jax.jit(partial(fisher_product, policy, theta))


# One program for each product and number of conjugate gradients.
step_of = jax.jit(trust_region_step, static_argnums=(0, 4))


def dense(product: Callable[[Any], Any], size: int) -> np.ndarray:
    return np.asarray(jax.vmap(product)(jnp.eye(size)))


def kl_from(old: Any, as_parameters: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Mean KL(π_old ‖ π) of plain networks, written out anew."""

    def outputs(theta: Any) -> tuple[Any, Any]:
        parameters = as_parameters(theta)
        return network(parameters, OBSERVATIONS), jnp.exp(2 * parameters["params"]["log_std"])

    def mean_kl(theta: Any) -> Any:
        (old_mean, old_variance), (mean, variance) = outputs(old), outputs(theta)
        each = jnp.log(variance / old_variance) + (old_variance + (old_mean - mean) ** 2) / variance - 1
        return jnp.mean(jnp.sum(each / 2, axis=1))

    return mean_kl


def surrogate_gradient(theta: Any, as_parameters: Callable[[Any], Any], seed: int = 2) -> Any:
    """Of random actions with random advantages."""
    random = np.random.default_rng(seed)
    actions, advantages = random.normal(size=(SAMPLES, ACTION)), random.normal(size=SAMPLES)
    return jax.jit(
        jax.grad(
            lambda theta: jnp.mean(advantages * log_density(as_parameters(theta), OBSERVATIONS, actions))
        )
    )(theta)


def test_the_fisher_matrix_is_the_hessian_of_the_kl_at_equality() -> None:
    theta, as_parameters = policy_parameters()
    mean_kl = kl_from(theta, as_parameters)
    fisher = dense(fisher_at(theta, as_parameters), theta.size)
    np.testing.assert_allclose(fisher, jax.jit(jax.hessian(mean_kl))(theta), rtol=0, atol=1e-9)
    np.testing.assert_allclose(jax.grad(mean_kl)(theta), 0, rtol=0, atol=1e-12)
    assert np.abs(fisher).max() > 1


def test_the_fisher_matrix_is_the_expected_outer_product_of_scores() -> None:
    """The expectation over actions is exact: the product has degree 4 in each, and three nodes do up to 5."""
    theta, as_parameters = policy_parameters()
    parameters = as_parameters(theta)
    mean, std = network(parameters, OBSERVATIONS), jnp.exp(parameters["params"]["log_std"])
    nodes, weights = np.polynomial.hermite_e.hermegauss(3)
    weights /= weights.sum()

    @jax.jit
    def outer_product(actions: Any) -> Any:
        scores = jax.jacobian(lambda theta: log_density(as_parameters(theta), OBSERVATIONS, actions))(theta)
        return scores.T @ scores / SAMPLES

    expected = sum(
        weights[i] * weights[j] * outer_product(mean + std * nodes[[i, j]]) for i, j in np.ndindex(3, 3)
    )
    fisher = dense(fisher_at(theta, as_parameters), theta.size)
    np.testing.assert_allclose(fisher, expected, rtol=0, atol=1e-9)


def test_conjugate_gradients_solve_for_the_direction() -> None:
    """The setting's ten steps leave a small residual; many steps give the dense solution."""
    theta, as_parameters = policy_parameters()
    product, g = fisher_at(theta, as_parameters), surrogate_gradient(theta, as_parameters)
    fisher = dense(product, theta.size)
    damped = fisher + DAMPING * np.eye(theta.size)

    def residual(cg_steps: int) -> float:
        """Of the step's direction at its best length, relative to g."""
        image = damped @ np.asarray(step_of(product, g, 0.01, DAMPING, cg_steps))
        return float(np.linalg.norm(g - image * (g @ image) / (image @ image)) / np.linalg.norm(g))

    assert residual(100) < 1e-5
    assert residual(CG_STEPS) < 0.05
    assert residual(1) > 0.5
    x = np.linalg.solve(damped, g)
    step = step_of(product, g, 0.01, DAMPING, 100)
    np.testing.assert_allclose(step, x * np.sqrt(2 * 0.01 / (x @ fisher @ x)), rtol=0, atol=1e-5)


def test_no_other_step_of_the_same_length_promises_more() -> None:
    """The KKT conditions' solution, with hardly any damping, against others on the ellipsoid ΔᵀFΔ = 2δ."""
    theta, as_parameters = policy_parameters()
    product, g = fisher_at(theta, as_parameters), surrogate_gradient(theta, as_parameters)
    step = np.asarray(step_of(product, g, 0.01, 1e-6, 300))
    random = np.random.default_rng(3)
    for _ in range(50):
        other = step * random.normal(1, 0.1, size=theta.size)
        other *= np.sqrt(2 * 0.01 / (other @ np.asarray(product(jnp.asarray(other)))))
        assert g @ other < g @ step


@cache
def problem() -> tuple[Any, Callable[[int], Any], Callable[[Any], Any], Callable[[Any], Any]]:
    """θ, and as compiled functions: a surrogate's gradient by its seed, Fv, and the KL from θ."""
    theta, as_parameters = policy_parameters()
    product, mean_kl = fisher_at(theta, as_parameters), jax.jit(kl_from(theta, as_parameters))
    return theta, lambda seed: surrogate_gradient(theta, as_parameters, seed), product, mean_kl


@given(st.integers(0, 1000), st.sampled_from([1e-3, 1e-4, 1e-6]))
@settings(max_examples=10)
def test_a_small_step_s_kl_is_its_radius(seed: int, radius: float) -> None:
    theta, gradient, product, mean_kl = problem()
    step = step_of(product, gradient(seed), radius, DAMPING, CG_STEPS)
    assert float(mean_kl(theta + step)) == pytest.approx(radius, rel=0.05)
