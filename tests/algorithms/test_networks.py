"""The networks, and how their weights start."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from algorithms.alternatives import orthogonal_weights, orthonormalize
from algorithms.networks import PolicyNetwork, ValueNetwork, layers_of, parameters_of, product

OBSERVATION = jnp.linspace(-1, 1, 17)


def layers(network: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    parameters = network.init(jax.random.key(3), OBSERVATION)["params"]
    hidden = parameters["HiddenLayers_0"]
    return parameters, [hidden["Dense_0"], hidden["Dense_1"], parameters["Dense_0"]]


@pytest.mark.parametrize(
    ("network", "shapes", "norms"),
    [
        (PolicyNetwork(6, (64, 64), "normalized"), [(17, 64), (64, 64), (64, 6)], [1.0, 1.0, 0.01]),
        (ValueNetwork((64, 64), "normalized"), [(17, 64), (64, 64), (64, 1)], [1.0, 1.0, 1.0]),
    ],
)
def test_each_outputs_incoming_weights_have_the_norm(
    network: Any, shapes: list[tuple[int, int]], norms: list[float]
) -> None:
    _, dense = layers(network)
    for layer, shape, norm in zip(dense, shapes, norms, strict=True):
        assert layer["kernel"].shape == shape
        np.testing.assert_allclose(np.linalg.norm(layer["kernel"], axis=0), norm, rtol=1e-5)
        np.testing.assert_array_equal(layer["bias"], 0)


@pytest.mark.parametrize(
    ("network", "gains"),
    [
        (PolicyNetwork(6, (64, 64), "orthogonal"), [2**0.5, 2**0.5, 0.01]),
        (ValueNetwork((64, 64), "orthogonal"), [2**0.5, 2**0.5, 1.0]),
    ],
)
def test_orthogonal_weights_have_the_gains_of_cleanrl(network: Any, gains: list[float]) -> None:
    parameters, dense = layers(network)
    for layer, gain in zip(dense, gains, strict=True):
        kernel = np.asarray(layer["kernel"], float)
        fewer = kernel if kernel.shape[0] <= kernel.shape[1] else kernel.T
        np.testing.assert_allclose(fewer @ fewer.T, gain**2 * np.eye(len(fewer)), atol=1e-6 * gain**2)
        np.testing.assert_array_equal(layer["bias"], 0)
    if "log_std" in parameters:
        np.testing.assert_array_equal(parameters["log_std"], 0)


@pytest.mark.parametrize("shape", [(17, 64), (64, 64), (64, 6), (64, 1)])
def test_orthogonal_weights_are_those_of_jax(shape: tuple[int, int]) -> None:
    """Whose last bits differ by processor."""
    ours, theirs = (
        initializer(jax.random.key(1), shape, jnp.float32)
        for initializer in (orthogonal_weights("hidden"), jax.nn.initializers.orthogonal(2.0**0.5))
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_gram_schmidt_by_hand() -> None:
    """(1, 0) minus 0.6 (0.6, 0.8) is (0.64, -0.48), of length 0.8."""
    found = orthonormalize(jnp.array([[3.0, 4.0], [1.0, 0.0]]))
    np.testing.assert_allclose(found, [[0.6, 0.8], [0.8, -0.6]], rtol=1e-6)


def test_gram_schmidt_of_vectors_that_are_nearly_parallel() -> None:
    """Projections that are subtracted once would leave an angle far from a right one."""
    found = np.asarray(orthonormalize(jnp.array([[1.0, 1.0, 1.0], [1.0, 1.0, 1.001], [1.0, 1.001, 1.0]])))
    np.testing.assert_allclose(found @ found.T, np.eye(3), atol=1e-6)


def test_log_std_is_a_parameter_that_starts_at_zero() -> None:
    network = PolicyNetwork(6, (64, 64), "normalized")
    parameters, _ = layers(network)
    np.testing.assert_array_equal(parameters["log_std"], np.zeros(6))
    policy: Any = network.apply({"params": parameters}, jnp.stack([OBSERVATION, -OBSERVATION]))
    assert policy.mean.shape == (2, 6)
    assert policy.log_std.shape == (6,)


def test_the_networks_are_tanh_perceptrons() -> None:
    network = ValueNetwork((64, 64), "normalized")
    parameters, (first, second, last) = layers(network)
    hidden = np.tanh(OBSERVATION @ first["kernel"] + first["bias"])
    hidden = np.tanh(hidden @ second["kernel"] + second["bias"])
    value = (hidden @ last["kernel"] + last["bias"])[0]
    assert network.apply({"params": parameters}, OBSERVATION) == pytest.approx(float(value), rel=1e-5)


def test_parameters_are_those_that_their_layers_give() -> None:
    parameters = PolicyNetwork(6, (64, 32), "normalized").init(jax.random.key(0), OBSERVATION)
    layers, log_std = layers_of(parameters)
    assert [weights.shape for weights, _ in layers] == [(17, 64), (64, 32), (32, 6)]
    again = parameters_of(layers, log_std)
    jax.tree.map(np.testing.assert_array_equal, again, parameters)


def test_the_products_gradient_is_that_of_a_matrix_product() -> None:
    random = np.random.default_rng(0)
    inputs, weights, change = (random.normal(size=shape) for shape in ((64, 17), (17, 6), (64, 6)))
    _, pull_back = jax.vjp(product, jnp.asarray(inputs, jnp.float32), jnp.asarray(weights, jnp.float32))
    of_inputs, of_weights = pull_back(jnp.asarray(change, jnp.float32))
    np.testing.assert_allclose(of_inputs, change @ weights.T, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(of_weights, inputs.T @ change, rtol=1e-4, atol=1e-5)
