"""Policy and value network: separate tanh multilayer perceptrons (PPO paper, section 6.1).

The policy is a diagonal Gaussian whose standard deviation does not depend on the observation.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax import struct
from jaxtyping import Array, Float, Key

from algorithms.alternatives import orthogonal_weights
from algorithms.hyperparameters import HIDDEN_NORM, POLICY_MEAN_NORM, VALUE_NORM, Hyperparameters


@struct.dataclass
class DiagonalGaussian:
    """A batch of independent normal distributions over actions.

    mean: `[..., action]`
    log_std: `[action]`, or any shape that broadcasts against `mean`.
    """

    mean: Float[Array, "*batch action"]
    log_std: Float[Array, "*#batch action"]


def sample(policy: DiagonalGaussian, noise: Float[Array, "*batch action"]) -> Float[Array, "*batch action"]:
    """Actions from standard normal `noise`. Never clipped or squashed, as in OpenAI's `ppo1`."""
    return policy.mean + jnp.exp(policy.log_std) * noise


def log_probability(
    policy: DiagonalGaussian, actions: Float[Array, "*batch action"]
) -> Float[Array, "*batch"]:
    """Log π(a), summed over the action's dimensions."""
    standardized = (actions - policy.mean) * jnp.exp(-policy.log_std)
    return -jnp.sum(0.5 * jnp.square(standardized) + policy.log_std + 0.5 * math.log(2 * math.pi), axis=-1)


def kl_divergence(old: DiagonalGaussian, new: DiagonalGaussian) -> Float[Array, "*batch"]:
    """KL(old ‖ new), in nats, summed over the action's dimensions.

    `log(σ_new/σ_old) + (σ_old² + (μ_old - μ_new)²) / (2 σ_new²) - 1/2`
    """
    variance_ratio = jnp.exp(2 * (old.log_std - new.log_std))
    standardized_shift = (old.mean - new.mean) * jnp.exp(-new.log_std)
    return jnp.sum(
        new.log_std - old.log_std + 0.5 * (variance_ratio + jnp.square(standardized_shift)) - 0.5,
        axis=-1,
    )


def entropy(policy: DiagonalGaussian) -> Float[Array, "*batch"]:
    """The entropy of π in nats, summed over the action's dimensions: `Σ log σ + ½ log(2πe)`."""
    return jnp.sum(policy.log_std + 0.5 * math.log(2 * math.pi * math.e), axis=-1)


@dataclass(frozen=True)
class Networks:
    """The two networks of a protocol, as functions of their parameters. Observations are filtered."""

    policy_network: "PolicyNetwork"
    value_network: "ValueNetwork"

    @classmethod
    def of(cls, hyperparameters: Hyperparameters, action_size: int) -> "Networks":
        """The networks of a protocol, for actions of so many dimensions."""
        sizes, start = hyperparameters.hidden_sizes, hyperparameters.choices.initial_weights
        return cls(PolicyNetwork(action_size, sizes, start), ValueNetwork(sizes, start))

    def initial(
        self, policy_key: Key[Array, ""], value_key: Key[Array, ""], observation_size: int
    ) -> dict[str, Any]:
        """The parameters before the first update, `{"policy": ..., "value": ...}`."""
        observation = jnp.zeros(observation_size)
        return {
            "policy": self.policy_network.init(policy_key, observation),
            "value": self.value_network.init(value_key, observation),
        }

    def policy(self, parameters: Any, observations: Float[Array, "*batch observation"]) -> DiagonalGaussian:
        """π(·|o) of the policy network with these parameters."""
        return cast(DiagonalGaussian, self.policy_network.apply(parameters, observations))

    def values(
        self, parameters: Any, observations: Float[Array, "*batch observation"]
    ) -> Float[Array, "*batch"]:
        """V(o), the expected discounted return, of the value network with these parameters."""
        return cast(Array, self.value_network.apply(parameters, observations))


@jax.custom_vjp
def product(
    inputs: Float[Array, "*batch inputs"], weights: Float[Array, "inputs outputs"]
) -> Float[Array, "*batch outputs"]:
    """The product `inputs @ weights`, whose gradient has equal bits on x86-64 processors of every maker.

    XLA hands a product that contracts the sample axis to a library that picks its kernel by processor. So the
    gradient of the weights multiplies by inputs that are transposed first; the barrier keeps XLA from undoing
    that. It costs no time: the transposition takes about what that library's product would take more.
    """
    return inputs @ weights


def _product_forward(inputs: Array, weights: Array) -> tuple[Array, tuple[Array, Array]]:
    return inputs @ weights, (inputs, weights)


def _product_backward(factors: tuple[Array, Array], gradient: Array) -> tuple[Array, Array]:
    inputs, weights = factors
    transposed = jax.lax.optimization_barrier(inputs.T)  # type: ignore[no-untyped-call]
    return product(gradient, weights.T), product(transposed, gradient)


product.defvjp(_product_forward, _product_backward)

Layer = Literal["hidden", "policy_mean", "value"]
NORMS: dict[Layer, float] = {"hidden": HIDDEN_NORM, "policy_mean": POLICY_MEAN_NORM, "value": VALUE_NORM}


def normalized_weights(layer: Layer) -> jax.nn.initializers.Initializer:
    """Gaussian weights `[inputs, outputs]`, rescaled so that each output's weights have the layer's norm."""

    def initialize(key: Array, shape: Any, dtype: Any = None, out_sharding: Any = None) -> Array:
        weights = jax.random.normal(key, shape, dtype)
        return NORMS[layer] * weights / jnp.linalg.norm(weights, axis=0, keepdims=True)

    return initialize


INITIAL_WEIGHTS = {"normalized": normalized_weights, "orthogonal": orthogonal_weights}


class Dense(nn.Module):
    """A fully connected layer; its bias starts at 0."""

    size: int
    weights: jax.nn.initializers.Initializer

    @nn.compact
    def __call__(self, inputs: Float[Array, "*batch inputs"]) -> Float[Array, "*batch outputs"]:
        """Weights and bias applied to the inputs."""
        kernel = self.param("kernel", self.weights, (inputs.shape[-1], self.size))
        bias = self.param("bias", nn.initializers.zeros, (self.size,))
        return product(inputs, kernel) + bias


class HiddenLayers(nn.Module):
    """Fully connected tanh layers; biases start at 0."""

    sizes: tuple[int, ...]
    initial_weights: str

    @nn.compact
    def __call__(self, inputs: Float[Array, "*batch inputs"]) -> Float[Array, "*batch outputs"]:
        """The last layer's outputs."""
        outputs = inputs
        for size in self.sizes:
            outputs = jnp.tanh(Dense(size, INITIAL_WEIGHTS[self.initial_weights]("hidden"))(outputs))
        return outputs


class PolicyNetwork(nn.Module):
    """Filtered observations to a Gaussian over actions; its log std is a free parameter, first 0."""

    action_size: int
    hidden_sizes: tuple[int, ...]
    initial_weights: str

    @nn.compact
    def __call__(self, observations: Float[Array, "*batch observation"]) -> DiagonalGaussian:
        """π(·|o) for each observation."""
        hidden = HiddenLayers(self.hidden_sizes, self.initial_weights)(observations)
        mean = Dense(self.action_size, INITIAL_WEIGHTS[self.initial_weights]("policy_mean"))(hidden)
        log_std = self.param("log_std", nn.initializers.zeros, (self.action_size,))
        return DiagonalGaussian(mean=mean, log_std=log_std)


class ValueNetwork(nn.Module):
    """Filtered observations to V."""

    hidden_sizes: tuple[int, ...]
    initial_weights: str

    @nn.compact
    def __call__(self, observations: Float[Array, "*batch observation"]) -> Float[Array, "*batch"]:
        """V(o) for each observation."""
        hidden = HiddenLayers(self.hidden_sizes, self.initial_weights)(observations)
        return Dense(1, INITIAL_WEIGHTS[self.initial_weights]("value"))(hidden)[..., 0]


def layers_of(parameters: Any) -> tuple[list[tuple[Array, Array]], Array]:
    """A policy network's layers, each as weights and bias, and its log std."""
    named = parameters["params"]
    hidden = named["HiddenLayers_0"]
    layers = [*(hidden[f"Dense_{index}"] for index in range(len(hidden))), named["Dense_0"]]
    return [(layer["kernel"], layer["bias"]) for layer in layers], named["log_std"]


def parameters_of(layers: Sequence[tuple[Any, Any]], log_std: Any) -> dict[str, Any]:
    """The policy network's parameters that have these layers: the inverse of `layers_of`."""
    *hidden, last = [{"kernel": weights, "bias": bias} for weights, bias in layers]
    named = {f"Dense_{index}": layer for index, layer in enumerate(hidden)}
    return {"params": {"HiddenLayers_0": named, "Dense_0": last, "log_std": log_std}}
