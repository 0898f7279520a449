"""Minibatches: epochs of gradient steps over them, values fitted so, and means over all of them."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, Key

from algorithms.hyperparameters import Hyperparameters
from algorithms.networks import values_at
from algorithms.types import Samples

Losses = Float[Array, "epoch minibatch"]


def adam(hyperparameters: Hyperparameters) -> optax.GradientTransformation:
    """Adam over all parameters at once, as `ppo1` has it."""
    # Flattened, because one long vector takes a third of the time of thirteen arrays.
    return optax.flatten(
        optax.adam(hyperparameters.stepsize, b1=0.9, b2=0.999, eps=hyperparameters.adam_epsilon)
    )


def minimize(
    hyperparameters: Hyperparameters,
    loss: Callable[[dict[str, Any], Samples], tuple[Float[Array, ""], Float[Array, ""]]],
    parameters: dict[str, Any],
    optimizer_state: optax.OptState,
    samples: Samples,
    key: Key[Array, ""],
) -> tuple[dict[str, Any], optax.OptState, Losses, Losses]:
    """Parameters and Adam's state after all epochs, and the losses of the gradient steps. Consumes the key.

    loss: of parameters and a minibatch: what is minimized, and another number to keep.
    """
    optimizer = adam(hyperparameters)
    loss_and_gradient = jax.value_and_grad(loss, has_aux=True)

    def gradient_step(carry: Any, minibatch: Samples) -> tuple[Any, Any]:
        parameters, optimizer_state = carry
        (minimized, kept), gradient = loss_and_gradient(parameters, minibatch)
        changes, optimizer_state = optimizer.update(gradient, optimizer_state)
        return (optax.apply_updates(parameters, changes), optimizer_state), (minimized, kept)

    def epoch(carry: Any, key: Key[Array, ""]) -> tuple[Any, Any]:
        order = minibatch_order(hyperparameters, key)
        minibatches = jax.tree.map(lambda array: array[order], samples)
        return jax.lax.scan(gradient_step, carry, minibatches)

    (parameters, optimizer_state), (minimized, kept) = jax.lax.scan(
        epoch,
        (parameters, optimizer_state),
        jax.random.split(key, hyperparameters.epochs),
    )
    return parameters, optimizer_state, minimized, kept


def mean_over_minibatches(
    hyperparameters: Hyperparameters, function: Callable[[Any], Any], samples: Any
) -> Any:
    """The mean of what a function gives of each minibatch: one array, or a tree of them.

    If the function is itself a mean over the minibatch's samples, this is the mean over the rollout. The loop
    keeps a run's bits: XLA compiles it alike, whatever the number of runs in the job. A gradient of the whole
    rollout at once would differ in its last bits.

    samples: a tree of arrays `[sample, ...]`.
    """
    minibatches = jax.tree.map(
        lambda array: array.reshape(-1, hyperparameters.minibatch_size, *array.shape[1:]), samples
    )
    one = jax.eval_shape(function, jax.tree.map(lambda array: array[0], minibatches))

    def add(total: Any, minibatch: Any) -> tuple[Any, None]:
        return jax.tree.map(jnp.add, total, function(minibatch)), None

    zero = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), one)
    total, _ = jax.lax.scan(add, zero, minibatches)
    count = hyperparameters.horizon // hyperparameters.minibatch_size
    return jax.tree.map(lambda leaf: leaf / count, total)


def fit_values(
    hyperparameters: Hyperparameters,
    parameters: dict[str, Any],
    optimizer_state: optax.OptState,
    samples: Samples,
    key: Key[Array, ""],
    *,
    epochs: int,
    stepsize: float,
) -> tuple[dict[str, Any], optax.OptState, Losses]:
    """Regression of a value network on the samples' targets: Adam on `mean((V(o) - target)²)`.

    Returns the network's parameters, Adam's state and the losses of the gradient steps. Consumes the key.
    """
    hyperparameters = dataclasses.replace(hyperparameters, epochs=epochs, stepsize=stepsize)

    def loss(parameters: dict[str, Any], minibatch: Samples) -> tuple[Float[Array, ""], Float[Array, ""]]:
        values = values_at(hyperparameters, parameters, minibatch.observations)
        error = jnp.mean(jnp.square(values - minibatch.value_targets))
        return error, error

    parameters, optimizer_state, errors, _ = minimize(
        hyperparameters, loss, parameters, optimizer_state, samples, key
    )
    return parameters, optimizer_state, errors


def minibatch_order(hyperparameters: Hyperparameters, key: Key[Array, ""]) -> Int[Array, "minibatch sample"]:
    """The samples of each minibatch of an epoch: full minibatches, each sample once.

    Each sample's number is the low end of a random word, and the words are sorted: an eighth of the time
    that `jax.random.permutation` takes, which here would be a fifth of all learning.
    """
    samples = jnp.arange(hyperparameters.horizon, dtype=jnp.uint32)
    number = jnp.uint32((1 << (hyperparameters.horizon - 1).bit_length()) - 1)
    words = jax.random.bits(key, samples.shape, jnp.uint32) & ~number | samples
    order = (jnp.sort(words) & number).astype(jnp.int32)
    return order.reshape(-1, hyperparameters.minibatch_size)
