"""Policy and value networks: separate tanh multilayer perceptrons (PPO paper, section 6.1)."""

from typing import Any, cast

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from algorithms.choices import Choices
from algorithms.gaussian import DiagonalGaussian
from algorithms.hyperparameters import Hyperparameters
from algorithms.initial_weights import initial_weights


@jax.custom_vjp
def product(
    inputs: Float[Array, "*batch inputs"], weights: Float[Array, "inputs outputs"]
) -> Float[Array, "*batch outputs"]:
    """The product `inputs @ weights`, whose gradient has equal bits on x86-64 processors of every maker.

    XLA hands a product that contracts the sample axis to a library that picks its kernel by processor. So the
    gradient of the weights multiplies by inputs that are transposed first; the barrier keeps XLA from undoing
    that. It costs no time: transposing a minibatch takes as long as that library's product is slower.
    """
    return inputs @ weights


def _product_forward(inputs: Array, weights: Array) -> tuple[Array, tuple[Array, Array]]:
    return inputs @ weights, (inputs, weights)


def _product_backward(factors: tuple[Array, Array], gradient: Array) -> tuple[Array, Array]:
    inputs, weights = factors
    transposed = jax.lax.optimization_barrier(inputs.T)  # type: ignore[no-untyped-call]
    return product(gradient, weights.T), product(transposed, gradient)


product.defvjp(_product_forward, _product_backward)


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
    choices: Choices

    @nn.compact
    def __call__(self, inputs: Float[Array, "*batch inputs"]) -> Float[Array, "*batch outputs"]:
        """The last layer's outputs."""
        outputs = inputs
        for size in self.sizes:
            outputs = jnp.tanh(Dense(size, initial_weights(self.choices, "hidden"))(outputs))
        return outputs


class PolicyNetwork(nn.Module):
    """Normalized observations to a Gaussian over actions; its log std is a free parameter, first 0."""

    action_size: int
    hidden_sizes: tuple[int, ...]
    choices: Choices = Choices()

    @nn.compact
    def __call__(self, observations: Float[Array, "*batch observation"]) -> DiagonalGaussian:
        """π(·|o) for each observation."""
        hidden = HiddenLayers(self.hidden_sizes, self.choices)(observations)
        mean = Dense(self.action_size, initial_weights(self.choices, "policy_mean"))(hidden)
        log_std = self.param("log_std", nn.initializers.zeros, (self.action_size,))
        return DiagonalGaussian(mean=mean, log_std=log_std)


class ValueNetwork(nn.Module):
    """Normalized observations to V, the expected discounted return."""

    hidden_sizes: tuple[int, ...]
    choices: Choices = Choices()

    @nn.compact
    def __call__(self, observations: Float[Array, "*batch observation"]) -> Float[Array, "*batch"]:
        """V(o) for each observation."""
        hidden = HiddenLayers(self.hidden_sizes, self.choices)(observations)
        return Dense(1, initial_weights(self.choices, "value"))(hidden)[..., 0]


def policy_at(
    hyperparameters: Hyperparameters, parameters: Any, observations: Float[Array, "*batch observation"]
) -> DiagonalGaussian:
    """π(·|o) of a policy network's parameters, for filtered observations."""
    action_size = parameters["params"]["log_std"].shape[-1]
    network = PolicyNetwork(action_size, hyperparameters.hidden_sizes, hyperparameters.choices)
    return cast(DiagonalGaussian, network.apply(parameters, observations))


def values_at(
    hyperparameters: Hyperparameters, parameters: Any, observations: Float[Array, "*batch observation"]
) -> Float[Array, "*batch"]:
    """V(o) of a value network's parameters, for filtered observations."""
    network = ValueNetwork(hyperparameters.hidden_sizes, hyperparameters.choices)
    return cast(Array, network.apply(parameters, observations))
