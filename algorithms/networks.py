"""Policy and value networks: separate tanh multilayer perceptrons (PPO paper, section 6.1)."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from algorithms.gaussian import DiagonalGaussian
from algorithms.parameters import HIDDEN_NORM, POLICY_MEAN_NORM, VALUE_NORM


def unit_weights(norm: float) -> jax.nn.initializers.Initializer:
    """Gaussian weights `[inputs, outputs]`, rescaled so that each output's weights have this norm."""

    def initialize(key: Array, shape: Any, dtype: Any = None, out_sharding: Any = None) -> Array:
        weights = jax.random.normal(key, shape, dtype)
        return norm * weights / jnp.linalg.norm(weights, axis=0, keepdims=True)

    return initialize


class HiddenLayers(nn.Module):
    """Fully connected tanh layers; biases start at 0."""

    sizes: tuple[int, ...]

    @nn.compact
    def __call__(self, inputs: Float[Array, "*batch inputs"]) -> Float[Array, "*batch outputs"]:
        """The last layer's outputs."""
        outputs = inputs
        for size in self.sizes:
            outputs = jnp.tanh(nn.Dense(size, kernel_init=unit_weights(HIDDEN_NORM))(outputs))
        return outputs


class PolicyNetwork(nn.Module):
    """Normalized observations to a Gaussian over actions; its log std is a free parameter, first 0."""

    action_size: int
    hidden_sizes: tuple[int, ...]

    @nn.compact
    def __call__(self, observations: Float[Array, "*batch observation"]) -> DiagonalGaussian:
        """π(·|o) for each observation."""
        hidden = HiddenLayers(self.hidden_sizes)(observations)
        mean = nn.Dense(self.action_size, kernel_init=unit_weights(POLICY_MEAN_NORM))(hidden)
        log_std = self.param("log_std", nn.initializers.zeros, (self.action_size,))
        return DiagonalGaussian(mean=mean, log_std=log_std)


class ValueNetwork(nn.Module):
    """Normalized observations to V, the expected discounted return."""

    hidden_sizes: tuple[int, ...]

    @nn.compact
    def __call__(self, observations: Float[Array, "*batch observation"]) -> Float[Array, "*batch"]:
        """V(o) for each observation."""
        hidden = HiddenLayers(self.hidden_sizes)(observations)
        return nn.Dense(1, kernel_init=unit_weights(VALUE_NORM))(hidden)[..., 0]
