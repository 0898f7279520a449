"""Epochs of gradient steps on minibatches, the fit of V, and means over the whole rollout."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int, Key

from algorithms.alternatives import KL_LIMIT, LARGEST_GRADIENT_NORM, clipped_value_loss, scan_while
from algorithms.hyperparameters import Hyperparameters
from algorithms.networks import DiagonalGaussian, Networks, kl_divergence
from algorithms.rollout import Samples

Losses = Float[Array, "epoch minibatch"]
Loss = Callable[[dict[str, Any], Samples], tuple[Float[Array, ""], Any]]
"""Of parameters and a minibatch: what is minimized, and what else is recorded of a gradient step."""


@dataclass(frozen=True)
class Context:
    """What an update rule has besides a run's own data.

    hyperparameters: the numbers and choices of the protocol.
    networks: the two networks, as functions of their parameters.
    stepsize_fraction: each Adam's stepsize is multiplied by it in this update: 1, or less where the protocol
        anneals.
    clip_range: ε of the setting in this update; None for a setting without one. A clipped value loss takes
        it, whatever the rule.
    progress: the share of the run's updates that are made, without this one: 0 at first.
    """

    hyperparameters: Hyperparameters
    networks: Networks
    stepsize_fraction: Float[Array, ""] | float = 1.0
    clip_range: Float[Array, ""] | float | None = None
    progress: Float[Array, ""] | float = 0.0


def adam(
    hyperparameters: Hyperparameters, stepsize: Float[Array, ""] | float = 0.0
) -> optax.GradientTransformation:
    """Adam over all parameters at once, as `ppo1` has it.

    stepsize: of its steps; its initial state does not depend on it.
    """
    optimizer = optax.adam(stepsize, b1=0.9, b2=0.999, eps=hyperparameters.adam_epsilon)
    if hyperparameters.choices.gradient_clipping == "global_norm":
        optimizer = optax.chain(optax.clip_by_global_norm(LARGEST_GRADIENT_NORM), optimizer)
    # Flattened, because one long vector takes a third of the time of thirteen arrays.
    return optax.flatten(optimizer)


def minimize(
    context: Context,
    loss: Loss,
    parameters: dict[str, Any],
    optimizer_state: optax.OptState,
    samples: Samples,
    key: Key[Array, ""],
    *,
    epochs: int | None = None,
    stepsize: float | None = None,
    continues: Callable[[dict[str, Any]], Bool[Array, ""]] | None = None,
) -> tuple[dict[str, Any], optax.OptState, Losses, Any]:
    """Adam on a loss, in epochs of minibatches. Consumes the key.

    epochs, stepsize: the protocol's, where they are not given.
    continues: whether another epoch is made after one that led to these parameters; None for all epochs. The
        losses of an epoch that is not made are the mean of those that are.

    Returns the parameters, Adam's state, and of each gradient step the loss and what else it records.
    """
    hyperparameters = context.hyperparameters
    stepsize = hyperparameters.stepsize if stepsize is None else stepsize
    optimizer = adam(hyperparameters, stepsize * context.stepsize_fraction)
    loss_and_gradient = jax.value_and_grad(loss, has_aux=True)

    def gradient_step(carry: Any, minibatch: Samples) -> tuple[Any, Any]:
        parameters, optimizer_state = carry
        losses, gradient = loss_and_gradient(parameters, minibatch)
        changes, optimizer_state = optimizer.update(gradient, optimizer_state)
        return (optax.apply_updates(parameters, changes), optimizer_state), losses

    def make_epoch(carry: Any, key: Key[Array, ""]) -> tuple[Any, Any]:
        order = order_minibatches(hyperparameters, key)
        minibatches = jax.tree.map(lambda array: array[order], samples)
        return jax.lax.scan(gradient_step, carry, minibatches)

    scan = jax.lax.scan if continues is None else partial(scan_while, lambda carry: continues(carry[0]))
    keys = jax.random.split(key, hyperparameters.epochs if epochs is None else epochs)
    (parameters, optimizer_state), (losses, recorded) = scan(make_epoch, (parameters, optimizer_state), keys)
    return parameters, optimizer_state, losses, recorded


def order_minibatches(
    hyperparameters: Hyperparameters, key: Key[Array, ""]
) -> Int[Array, "minibatch sample"]:
    """The samples of each minibatch of an epoch: full minibatches, each sample once.

    Each sample's number is the low end of a random word, and the words are sorted: an eighth of the time
    that `jax.random.permutation` takes, which here would be a fifth of all learning.
    """
    samples = jnp.arange(hyperparameters.horizon, dtype=jnp.uint32)
    mask = jnp.uint32((1 << (hyperparameters.horizon - 1).bit_length()) - 1)
    words = jax.random.bits(key, samples.shape, jnp.uint32) & ~mask | samples
    order = (jnp.sort(words) & mask).astype(jnp.int32)
    return order.reshape(-1, hyperparameters.minibatch_size)


def scan_shuffled(
    step: Callable[[Any, Int[Array, "sample"]], tuple[Any, None]],
    carry: Any,
    indices: Int[Array, "_"],
    size: int,
    epochs: int,
    key: Key[Array, ""],
) -> Any:
    """The carry after epochs of steps on minibatches of any number of samples. Consumes the key.

    Each epoch is shuffled anew, and leaves out the samples at its end that do not fill a minibatch.

    step: of a carry and the indices of a minibatch, as `jax.lax.scan` takes it.
    indices: of the samples; one may stand there several times.
    size: of a minibatch.
    """

    def make_epoch(carry: Any, key: Key[Array, ""]) -> tuple[Any, None]:
        order = jax.random.permutation(key, indices)[: len(indices) // size * size]
        return jax.lax.scan(step, carry, order.reshape(-1, size))

    carry, _ = jax.lax.scan(make_epoch, carry, jax.random.split(key, epochs))
    return carry


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


def stop_at_kl(
    context: Context,
    samples: Samples,
    old_log_std: Float[Array, "action"],
    policy_in: Callable[[dict[str, Any]], Any],
) -> Callable[[dict[str, Any]], Bool[Array, ""]] | None:
    """What `minimize` takes as `continues`: None where the protocol makes all epochs.

    Otherwise another epoch is made while the mean KL(π_old ‖ π) over the rollout is within its limit.

    policy_in: gives the policy's parameters among those that are minimized over.
    """
    if context.hyperparameters.choices.early_stopping == "none":
        return None

    def continues(parameters: dict[str, Any]) -> Bool[Array, ""]:
        def mean_kl(minibatch: Samples) -> Float[Array, ""]:
            old = DiagonalGaussian(mean=minibatch.old_means, log_std=old_log_std)
            new = context.networks.policy(policy_in(parameters), minibatch.observations)
            return jnp.mean(kl_divergence(old, new))

        return mean_over_minibatches(context.hyperparameters, mean_kl, samples) <= KL_LIMIT

    return continues


def value_loss(context: Context, parameters: Any, samples: Samples) -> Float[Array, ""]:
    """`E[(V - R)²]`, R being the value targets; or the protocol's alternative.

    parameters: of the value network.
    """
    values = context.networks.values(parameters, samples.observations)
    if samples.old_values is not None:
        return clipped_value_loss(values, samples.old_values, samples.value_targets, context.clip_range)
    return jnp.mean(jnp.square(values - samples.value_targets))


def fit_values(
    context: Context,
    parameters: dict[str, Any],
    optimizer_state: optax.OptState,
    samples: Samples,
    key: Key[Array, ""],
    *,
    epochs: int | None = None,
    stepsize: float | None = None,
) -> tuple[dict[str, Any], optax.OptState, Losses]:
    """Regression of a value network on the samples' targets: Adam on the value loss.

    Returns the network's parameters, Adam's state and the losses of the gradient steps. Consumes the key.
    """

    def loss(parameters: dict[str, Any], minibatch: Samples) -> tuple[Float[Array, ""], tuple[()]]:
        return value_loss(context, parameters, minibatch), ()

    parameters, optimizer_state, losses, _ = minimize(
        context, loss, parameters, optimizer_state, samples, key, epochs=epochs, stepsize=stepsize
    )
    return parameters, optimizer_state, losses
