"""PPO: a policy acts for a horizon of steps, then learns from them for a few epochs.

Every public function but `init` carries a batch of runs as the leading axis `run` of all its arrays.
What a run computes does not depend on the others, nor on how many there are: acting is vectorized over runs,
learning is mapped over them one after the other, which is as fast on a CPU and keeps each run's bits.
"""

from functools import partial
from typing import Any, cast

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int, Key

from algorithms.advantages import generalized_advantages, standardized
from algorithms.gaussian import DiagonalGaussian, kl_divergence, sample
from algorithms.networks import PolicyNetwork, ValueNetwork
from algorithms.normalization import include, initial_statistics, normalize
from algorithms.parameters import Hyperparameters, Surrogate
from algorithms.states import Actor, Batch, Diagnostics, Rollout, RunState
from algorithms.surrogate import adapted, clip_fraction, objective, probability_ratio


@partial(jax.jit, static_argnums=(0, 3, 4))
def init(
    hyperparameters: Hyperparameters,
    seed: int | Int[Array, ""],
    surrogate: Surrogate,
    observation_size: int,
    action_size: int,
) -> RunState:
    """The state of one run before its first step; weights and key depend on the seed alone."""
    policy_key, value_key, run_key = jax.random.split(jax.random.key(seed), 3)
    observation = jnp.zeros(observation_size)
    parameters = {
        "policy": PolicyNetwork(action_size, hyperparameters.hidden_sizes).init(policy_key, observation),
        "value": ValueNetwork(hyperparameters.hidden_sizes).init(value_key, observation),
    }
    return RunState(
        parameters=parameters,
        optimizer=_adam(hyperparameters).init(parameters),
        statistics=initial_statistics(observation_size),
        surrogate=jax.tree.map(lambda parameter: jnp.asarray(parameter, jnp.float32), surrogate),
        key=run_key,
    )


@partial(jax.jit, static_argnums=(0, 2))
def action_noise(
    hyperparameters: Hyperparameters, keys: Key[Array, "run"], action_size: int
) -> Float[Array, "time run action"]:
    """Standard normal noise for the next rollout's actions. Reads the runs' keys without consuming them."""

    def noise_of_run(key: Key[Array, ""]) -> Float[Array, "time action"]:
        noise_key, _, _ = jax.random.split(key, 3)
        return jax.random.normal(noise_key, (hyperparameters.horizon, action_size))

    return jnp.swapaxes(jax.lax.map(noise_of_run, keys), 0, 1)


@partial(jax.jit, static_argnums=0)
def act(
    hyperparameters: Hyperparameters,
    actors: Actor,
    observations: Float[Array, "run observation"],
    noise: Float[Array, "run action"],
) -> Float[Array, "run action"]:
    """One stochastic action of each run's policy, unclipped."""

    def act_of_run(
        actor: Actor, observation: Float[Array, "observation"], noise: Float[Array, "action"]
    ) -> Float[Array, "action"]:
        normalized = normalize(actor.statistics, observation)
        return sample(_policy(hyperparameters, actor.policy, normalized), noise)

    return jax.vmap(act_of_run)(actors, observations, noise)


@partial(jax.jit, static_argnums=0)
def update(
    hyperparameters: Hyperparameters, states: RunState, rollouts: Rollout
) -> tuple[RunState, Diagnostics]:
    """Learn from one rollout of each run (PPO paper, algorithm 1). Consumes the runs' keys.

    rewards and observations are as the environment gave them: the filter is part of the update.
    """

    def update_run(indexed: tuple[Int[Array, ""], RunState]) -> tuple[RunState, Diagnostics]:
        run, state = indexed
        return _update_run(hyperparameters, state, jax.tree.map(lambda array: array[:, run], rollouts))

    runs = rollouts.rewards.shape[1]
    return jax.lax.map(update_run, (jnp.arange(runs), states))


def _update_run(
    hyperparameters: Hyperparameters, state: RunState, rollout: Rollout
) -> tuple[RunState, Diagnostics]:
    _, shuffle_key, next_key = jax.random.split(state.key, 3)

    # The order is ppo1's: advantages under the old filter, then the new filter for all that follows,
    # the old policy included, so that the probability ratio starts at 1.
    values = _values(
        hyperparameters, state.parameters["value"], normalize(state.statistics, rollout.observations)
    )
    advantages = generalized_advantages(
        rollout.rewards,
        values,
        rollout.ends,
        discount=hyperparameters.discount,
        gae_lambda=hyperparameters.gae_lambda,
    )
    value_targets = advantages + values[:-1]
    statistics = include(state.statistics, rollout.observations[:-1])
    observations = normalize(statistics, rollout.observations[:-1])
    old = _policy(hyperparameters, state.parameters["policy"], observations)
    batch = Batch(
        observations=observations,
        actions=rollout.actions,
        old_means=old.mean,
        advantages=standardized(advantages),
        value_targets=value_targets,
    )

    parameters, optimizer, total_losses, value_losses = _optimize(
        hyperparameters, state, batch, old.log_std, shuffle_key
    )

    new = _policy(hyperparameters, parameters["policy"], observations)
    kl = jnp.mean(kl_divergence(old, new))
    diagnostics = Diagnostics(
        kl=kl,
        kl_coefficient=jnp.asarray(state.surrogate.kl_coefficient),
        clip_fraction=clip_fraction(state.surrogate, probability_ratio(old, new, rollout.actions)),
        policy_std=jnp.mean(jnp.exp(new.log_std)),
        value_loss=jnp.mean(value_losses),
        explained_variance=1 - jnp.var(value_targets - values[:-1]) / jnp.var(value_targets),
        finite=_all_finite((parameters, total_losses)),
    )
    next_state = RunState(
        parameters=parameters,
        optimizer=optimizer,
        statistics=statistics,
        surrogate=adapted(state.surrogate, kl),
        key=next_key,
    )
    return next_state, diagnostics


def _optimize(
    hyperparameters: Hyperparameters,
    state: RunState,
    batch: Batch,
    old_log_std: Float[Array, "action"],
    key: Key[Array, ""],
) -> tuple[dict[str, Any], optax.OptState, Float[Array, "epoch minibatch"], Float[Array, "epoch minibatch"]]:
    """Parameters and optimizer after all epochs, and the total and value losses of the gradient steps."""
    optimizer = _adam(hyperparameters)
    loss_and_gradient = jax.value_and_grad(partial(_loss, hyperparameters), has_aux=True)

    def gradient_step(carry: Any, minibatch: Batch) -> tuple[Any, Any]:
        parameters, optimizer_state = carry
        (loss, value_loss), gradient = loss_and_gradient(parameters, state.surrogate, minibatch, old_log_std)
        changes, optimizer_state = optimizer.update(gradient, optimizer_state)
        return (optax.apply_updates(parameters, changes), optimizer_state), (loss, value_loss)

    def epoch(carry: Any, key: Key[Array, ""]) -> tuple[Any, Any]:
        order = minibatch_order(hyperparameters, key)
        minibatches = jax.tree.map(lambda array: array[order], batch)
        return jax.lax.scan(gradient_step, carry, minibatches)

    (parameters, optimizer_state), (total_losses, value_losses) = jax.lax.scan(
        epoch,
        (state.parameters, state.optimizer),
        jax.random.split(key, hyperparameters.epochs),
    )
    return parameters, optimizer_state, total_losses, value_losses


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


def _loss(
    hyperparameters: Hyperparameters,
    parameters: dict[str, Any],
    surrogate: Surrogate,
    minibatch: Batch,
    old_log_std: Float[Array, "action"],
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Total loss, to be minimized, and its value part.

    The networks share no parameters, so the sum needs no coefficient.
    """
    new = _policy(hyperparameters, parameters["policy"], minibatch.observations)
    old = DiagonalGaussian(mean=minibatch.old_means, log_std=old_log_std)
    values = _values(hyperparameters, parameters["value"], minibatch.observations)
    value_loss = jnp.mean(jnp.square(values - minibatch.value_targets))
    improvement = objective(surrogate, old, new, minibatch.actions, minibatch.advantages)
    return value_loss - improvement, value_loss


def _policy(
    hyperparameters: Hyperparameters, parameters: Any, observations: Float[Array, "*batch observation"]
) -> DiagonalGaussian:
    action_size = parameters["params"]["log_std"].shape[-1]
    network = PolicyNetwork(action_size, hyperparameters.hidden_sizes)
    return cast(DiagonalGaussian, network.apply(parameters, observations))


def _values(
    hyperparameters: Hyperparameters, parameters: Any, observations: Float[Array, "*batch observation"]
) -> Float[Array, "*batch"]:
    network = ValueNetwork(hyperparameters.hidden_sizes)
    return cast(Array, network.apply(parameters, observations))


def _adam(hyperparameters: Hyperparameters) -> optax.GradientTransformation:
    # Flattened, because one long vector takes a third of the time of fourteen arrays.
    return optax.flatten(
        optax.adam(hyperparameters.stepsize, b1=0.9, b2=0.999, eps=hyperparameters.adam_epsilon)
    )


def _all_finite(tree: Any) -> Bool[Array, ""]:
    return jnp.all(jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(tree)]))
