"""How the weights of a layer start, by the protocol's choice."""

import math
from typing import Any, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from algorithms.choices import Choices
from algorithms.hyperparameters import HIDDEN_NORM, POLICY_MEAN_NORM, VALUE_NORM

Layer = Literal["hidden", "policy_mean", "value"]

NORMS: dict[Layer, float] = {"hidden": HIDDEN_NORM, "policy_mean": POLICY_MEAN_NORM, "value": VALUE_NORM}
# As CleanRL and Stable-Baselines3 have them.
GAINS: dict[Layer, float] = {"hidden": math.sqrt(2), "policy_mean": 0.01, "value": 1.0}


def initial_weights(choices: Choices, layer: Layer) -> jax.nn.initializers.Initializer:
    """The initializer of a layer's weights `[inputs, outputs]`."""
    match choices.initial_weights:
        case "normalized":
            return unit_weights(NORMS[layer])
        case "orthogonal":
            return orthogonal_weights(GAINS[layer])


def unit_weights(norm: float) -> jax.nn.initializers.Initializer:
    """Gaussian weights `[inputs, outputs]`, rescaled so that each output's weights have this norm."""

    def initialize(key: Array, shape: Any, dtype: Any = None, out_sharding: Any = None) -> Array:
        weights = jax.random.normal(key, shape, dtype)
        return norm * weights / jnp.linalg.norm(weights, axis=0, keepdims=True)

    return initialize


def orthogonal_weights(gain: float) -> jax.nn.initializers.Initializer:
    """A random orthogonal matrix times a gain (Saxe et al. 2014).

    The rows or the columns of `[inputs, outputs]`, whichever are fewer, are orthogonal and of norm `gain`.
    These are the weights of `jax.nn.initializers.orthogonal`, but for rounding. That function calls LAPACK,
    whose last bits differ by processor.
    """

    def initialize(key: Array, shape: Any, dtype: Any = None, out_sharding: Any = None) -> Array:
        inputs, outputs = shape
        fewer, more = sorted(shape)
        vectors = orthonormalized(jax.random.normal(key, (more, fewer), dtype).T)
        return gain * (vectors if inputs < outputs else vectors.T)

    return initialize


def orthonormalized(vectors: Float[Array, "vector component"]) -> Float[Array, "vector component"]:
    """Gram-Schmidt: from each vector its projections on those before are subtracted, then its norm is made 1.

    They are subtracted twice, because the first time leaves what rounding adds up to.

    vectors: linearly independent.
    """
    numbers = jnp.arange(vectors.shape[0])[:, None]

    def orthonormalize(number: Any, vectors: Array) -> Array:
        before, vector = jnp.where(numbers < number, vectors, 0.0), vectors[number]
        for _ in range(2):
            projections = jnp.sum(before * vector, axis=1, keepdims=True)
            vector = vector - jnp.sum(projections * before, axis=0)
        return vectors.at[number].set(vector / jnp.sqrt(jnp.sum(jnp.square(vector))))

    done: Array = jax.lax.fori_loop(0, vectors.shape[0], orthonormalize, vectors)
    return done
