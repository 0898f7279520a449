"""Learning: a policy collects a rollout, then an update rule improves the policy from it.

What every rule shares is here: the networks' start, acting, the observation filter, advantages, the old
policy and the diagnostics. Every public function but `init` works on a batch of runs: the leading axis `run`
of all arrays, or the second one where the first is time. What a run computes does not depend on the others,
nor on how many there are. Acting is vectorized over runs. Learning is mapped over them one after the other,
which is as fast on a CPU and keeps each run's bits. So training may hand over one run at a time, and compiles
one program for each rule.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, UInt32

from algorithms.advantages import bootstrapped, generalized_advantages, over_rollout
from algorithms.choices import Choices
from algorithms.gaussian import kl_divergence, sample
from algorithms.hyperparameters import Hyperparameters
from algorithms.networks import PolicyNetwork, ValueNetwork, policy_at, values_at
from algorithms.observation_filter import (
    initial_statistics,
    normalize,
    observation_bound,
    updated_statistics,
)
from algorithms.reward_scaling import ReturnStatistics, initial_return_statistics, scaled
from algorithms.rules import UpdateRule
from algorithms.schedules import scheduled
from algorithms.types import Actor, Diagnostics, Experience, Numbers, Rollout, RunState, Samples
from algorithms.value_loss import old_values


def init(
    hyperparameters: Hyperparameters,
    rule: UpdateRule,
    seed: int | Int[Array, ""],
    numbers: Numbers,
    observation_size: int,
    action_size: int,
) -> RunState:
    """The state of one run before its first step; weights and key depend on the seed alone."""
    choices = hyperparameters.choices
    # Of all choices weights depend on one: their program is compiled once for all rules and other choices.
    start = Choices(initial_weights=choices.initial_weights)
    policy = PolicyNetwork(action_size, hyperparameters.hidden_sizes, start)
    value = ValueNetwork(hyperparameters.hidden_sizes, start)
    parameters, key = _initial_parameters(policy, value, observation_size, seed)
    return RunState(
        parameters=parameters,
        rule_state=rule.initial(hyperparameters, parameters),
        statistics=initial_statistics(observation_size),
        numbers=jax.tree.map(lambda number: jnp.asarray(number, jnp.float32), numbers),
        key=key,
        return_statistics=initial_return_statistics() if choices.rewards == "scaled" else None,
    )


@partial(jax.jit, static_argnums=(0, 1, 2))
def _initial_parameters(
    policy: PolicyNetwork, value: ValueNetwork, observation_size: int, seed: int | Int[Array, ""]
) -> tuple[dict[str, Any], UInt32[Array, "2"]]:
    """The networks' parameters, and the words of the run's key."""
    policy_key, value_key, run_key = jax.random.split(jax.random.key(seed), 3)
    observation = jnp.zeros(observation_size)
    parameters = {
        "policy": policy.init(policy_key, observation),
        "value": value.init(value_key, observation),
    }
    return parameters, jax.random.key_data(run_key)


@partial(jax.jit, static_argnums=(0, 2))
def action_noise(
    hyperparameters: Hyperparameters, keys: UInt32[Array, "run 2"], action_size: int
) -> Float[Array, "time run action"]:
    """Standard normal noise for the next rollout's actions. Reads the runs' keys without consuming them."""

    def noise_of_run(key: UInt32[Array, "2"]) -> Float[Array, "time action"]:
        noise_key, _, _ = jax.random.split(jax.random.wrap_key_data(key), 3)
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
        bound = observation_bound(hyperparameters.choices)
        normalized = normalize(actor.statistics, observation, bound)
        return sample(policy_at(hyperparameters, actor.policy, normalized), noise)

    return jax.vmap(act_of_run)(actors, observations, noise)


@partial(jax.jit, static_argnums=(0, 1))
def update(
    hyperparameters: Hyperparameters,
    rule: UpdateRule,
    states: RunState,
    rollouts: Rollout,
    remaining: float | Float[Array, ""] = 1.0,
) -> tuple[RunState, Diagnostics]:
    """Learn from one rollout of each run, by one rule. Consumes the runs' keys.

    rollouts: rewards and observations as the environment gave them; filter and scales are part of the update.
    remaining: the share of the runs' updates that are not yet made, this one among them: 1 at first. It is
        not compiled in where nothing is annealed.
    """

    def update_run(indexed: tuple[Int[Array, ""], RunState]) -> tuple[RunState, Diagnostics]:
        run, state = indexed
        rollout = jax.tree.map(lambda array: array[:, run], rollouts)
        return _update_run(hyperparameters, rule, state, rollout, jnp.asarray(remaining, jnp.float32))

    runs = rollouts.rewards.shape[1]
    return jax.lax.map(update_run, (jnp.arange(runs), states))


def _update_run(
    hyperparameters: Hyperparameters,
    rule: UpdateRule,
    state: RunState,
    rollout: Rollout,
    remaining: Float[Array, ""],
) -> tuple[RunState, Diagnostics]:
    _, rule_key, next_key = jax.random.split(jax.random.wrap_key_data(state.key), 3)
    choices = hyperparameters.choices
    numbers = scheduled(choices, state.numbers, remaining)
    bound = observation_bound(choices)

    # The order is ppo1's: advantages under the old filter, then the new filter for all that follows,
    # the old policy included, so that the probability ratio starts at 1.
    values = _values(hyperparameters, state, rollout.observations)
    return_statistics, rewards = _learned_rewards(hyperparameters, state, rollout)
    advantages = generalized_advantages(
        rewards,
        values,
        rollout.ends,
        discount=hyperparameters.discount,
        gae_lambda=hyperparameters.gae_lambda,
    )
    value_targets = advantages + values[:-1]
    statistics = updated_statistics(choices, state.statistics, rollout.observations[:-1])
    observations = normalize(statistics, rollout.observations[:-1], bound)
    old = policy_at(hyperparameters, state.parameters["policy"], observations)
    samples = Samples(
        observations=observations,
        actions=rollout.actions,
        old_means=old.mean,
        advantages=over_rollout(choices, advantages),
        value_targets=value_targets,
        old_values=old_values(hyperparameters, state.parameters["value"], observations),
    )

    improvement = rule.improve(
        hyperparameters,
        state.parameters,
        state.rule_state,
        numbers,
        Experience(
            samples=samples,
            old_log_std=old.log_std,
            rewards=rewards,
            ends=rollout.ends,
            values=values,
        ),
        rule_key,
    )

    new = policy_at(hyperparameters, improvement.parameters["policy"], observations)
    kl = jnp.mean(kl_divergence(old, new))
    diagnostics = Diagnostics(
        kl=kl,
        of_rule=(*improvement.of_rule, *rule.diagnose(numbers, old, new, rollout.actions)),
        policy_std=jnp.mean(jnp.exp(new.log_std)),
        value_loss=jnp.mean(improvement.value_losses),
        explained_variance=1 - jnp.var(value_targets - values[:-1]) / jnp.var(value_targets),
        finite=_all_finite((improvement.parameters, improvement.losses)),
    )
    next_state = RunState(
        parameters=improvement.parameters,
        rule_state=improvement.rule_state,
        statistics=statistics,
        numbers=rule.adapted(state.numbers, kl),
        key=jax.random.key_data(next_key),
        return_statistics=return_statistics,
    )
    return next_state, diagnostics


def _values(
    hyperparameters: Hyperparameters, state: RunState, observations: Float[Array, "_ observation"]
) -> Float[Array, "_"]:
    """V of observations, under the filter that acted."""
    bound = observation_bound(hyperparameters.choices)
    filtered = normalize(state.statistics, observations, bound)
    return values_at(hyperparameters, state.parameters["value"], filtered)


def _learned_rewards(
    hyperparameters: Hyperparameters, state: RunState, rollout: Rollout
) -> tuple[ReturnStatistics | None, Float[Array, "time"]]:
    """The rewards that learning sees, and the statistics that scale them.

    They are the environment's, unless the protocol scales them, or goes on with V at time limits.
    """
    statistics, rewards, discount = state.return_statistics, rollout.rewards, hyperparameters.discount
    if statistics is not None:
        statistics, rewards = scaled(statistics, rewards, rollout.ends, discount=discount)
    if rollout.time_limits is not None:
        final_values = _values(hyperparameters, state, rollout.time_limits.observations)
        rewards = bootstrapped(rewards, final_values, rollout.time_limits.reached, discount=discount)
    return statistics, rewards


def _all_finite(tree: Any) -> Bool[Array, ""]:
    return jnp.all(jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(tree)]))
