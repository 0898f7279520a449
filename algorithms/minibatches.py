"""Minibatches: epochs of gradient steps over them, fitting V by them, and means over the whole rollout."""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int, Key

from algorithms.advantages import over_minibatch
from algorithms.choices import Choices
from algorithms.hyperparameters import Hyperparameters
from algorithms.networks import values_at
from algorithms.schedules import stepsize_fraction
from algorithms.types import Numbers, Samples
from algorithms.value_loss import value_loss

Losses = Float[Array, "epoch minibatch"]

# As CleanRL and Stable-Baselines3 have it.
LARGEST_GRADIENT_NORM = 0.5


def adam(hyperparameters: Hyperparameters, fraction: Any = 1.0) -> optax.GradientTransformation:
    """Adam over all parameters at once, as `ppo1` has it.

    fraction: of the stepsize, that is used.
    """
    stepsize = hyperparameters.stepsize * fraction
    optimizer = optax.adam(stepsize, b1=0.9, b2=0.999, eps=hyperparameters.adam_epsilon)
    # Flattened, because one long vector takes a third of the time of thirteen arrays.
    return optax.flatten(clipping_gradients(hyperparameters.choices, optimizer))


def clipping_gradients(
    choices: Choices, optimizer: optax.GradientTransformation
) -> optax.GradientTransformation:
    """An optimizer and what it does to gradients first."""
    match choices.gradient_clipping:
        case "none":
            return optimizer
        case "global_norm":
            return optax.chain(optax.clip_by_global_norm(LARGEST_GRADIENT_NORM), optimizer)


def minimize(
    hyperparameters: Hyperparameters,
    numbers: Numbers,
    loss: Callable[[dict[str, Any], Samples], tuple[Float[Array, ""], Float[Array, ""]]],
    parameters: dict[str, Any],
    optimizer_state: optax.OptState,
    samples: Samples,
    key: Key[Array, ""],
    goes_on: Callable[[dict[str, Any]], Bool[Array, ""]] | None = None,
) -> tuple[dict[str, Any], optax.OptState, Losses, Losses]:
    """Parameters and Adam's state after all epochs, and the losses of the gradient steps. Consumes the key.

    numbers: of the setting, as this update uses them.
    loss: of parameters and a minibatch: what is minimized, and another number to keep.
    goes_on: whether another epoch follows one that led to these parameters; None for all epochs. The losses
        of an epoch that is not made are the mean of those that are.
    """
    optimizer = adam(hyperparameters, stepsize_fraction(numbers))
    loss_and_gradient = jax.value_and_grad(loss, has_aux=True)

    def gradient_step(carry: Any, minibatch: Samples) -> tuple[Any, Any]:
        parameters, optimizer_state = carry
        advantages = over_minibatch(hyperparameters.choices, minibatch.advantages)
        minibatch = dataclasses.replace(minibatch, advantages=advantages)
        (minimized, kept), gradient = loss_and_gradient(parameters, minibatch)
        changes, optimizer_state = optimizer.update(gradient, optimizer_state)
        return (optax.apply_updates(parameters, changes), optimizer_state), (minimized, kept)

    def epoch(carry: Any, key: Key[Array, ""]) -> tuple[Any, Any]:
        order = minibatch_order(hyperparameters, key)
        minibatches = jax.tree.map(lambda array: array[order], samples)
        return jax.lax.scan(gradient_step, carry, minibatches)

    scan = jax.lax.scan if goes_on is None else partial(scan_while, lambda carry: goes_on(carry[0]))
    (parameters, optimizer_state), (minimized, kept) = scan(
        epoch,
        (parameters, optimizer_state),
        jax.random.split(key, hyperparameters.epochs),
    )
    return parameters, optimizer_state, minimized, kept


def scan_while(
    goes_on: Callable[[Any], Bool[Array, ""]],
    step: Callable[[Any, Any], tuple[Any, Any]],
    carry: Any,
    xs: Any,
) -> tuple[Any, Any]:
    """`jax.lax.scan`, whose steps end with the first after which `goes_on` of the carry is false.

    Each output of a step that is not made is the mean of those outputs that are, which leaves means over
    steps as they are.
    """

    def made(carry: Any, x: Any) -> tuple[Any, Any, Bool[Array, ""]]:
        carry, outputs = step(carry, x)
        return carry, outputs, goes_on(carry)

    def left_out(carry: Any, x: Any) -> tuple[Any, Any, Bool[Array, ""]]:
        _, outputs = jax.eval_shape(step, carry, x)
        return carry, jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), outputs), jnp.bool_(False)

    def next_step(state: tuple[Any, Bool[Array, ""]], x: Any) -> tuple[Any, Any]:
        carry, going = state
        carry, outputs, still_going = jax.lax.cond(going, made, left_out, carry, x)
        return (carry, still_going), (outputs, going)

    (carry, _), (outputs, are_made) = jax.lax.scan(next_step, (carry, jnp.bool_(True)), xs)

    def filled(leaf: Array) -> Array:
        mean = jnp.sum(leaf, axis=0) / jnp.sum(are_made)
        return jnp.where(are_made.reshape(-1, *(1,) * (leaf.ndim - 1)), leaf, mean)

    return carry, jax.tree.map(filled, outputs)


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
    numbers: Numbers,
    parameters: dict[str, Any],
    optimizer_state: optax.OptState,
    samples: Samples,
    key: Key[Array, ""],
    *,
    epochs: int,
    stepsize: float,
) -> tuple[dict[str, Any], optax.OptState, Losses]:
    """Regression of a value network on the samples' targets: Adam on the value loss.

    Returns the network's parameters, Adam's state and the losses of the gradient steps. Consumes the key.
    """
    hyperparameters = dataclasses.replace(hyperparameters, epochs=epochs, stepsize=stepsize)

    def loss(parameters: dict[str, Any], minibatch: Samples) -> tuple[Float[Array, ""], Float[Array, ""]]:
        values = values_at(hyperparameters, parameters, minibatch.observations)
        error = value_loss(hyperparameters.choices, numbers, values, minibatch)
        return error, error

    parameters, optimizer_state, errors, _ = minimize(
        hyperparameters, numbers, loss, parameters, optimizer_state, samples, key
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
