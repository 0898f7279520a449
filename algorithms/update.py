"""An update of one run: its policy collected a rollout, and an update rule improves the policy from it.

What all rules share is here: the start, acting, the observation filter, advantages, the old policy and the
diagnostics. `action_noise`, `act` and `update` work on a batch of runs: the leading axis `run` of all
arrays, or the second one where the first is time. What a run computes does not depend on the others, nor
on how many there are. Acting is vectorized over runs. Learning is mapped over them one after the other, which
is as fast on a CPU and keeps each run's bits. So training may hand over one run at a time, and compiles one
program for each rule.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float, Int, Key, UInt32

from algorithms.alternatives import (
    ReturnStatistics,
    bootstrap_rewards,
    initial_return_statistics,
    scale_rewards,
)
from algorithms.demonstrations import Demonstrations, demonstrated_statistics, imitate
from algorithms.hyperparameters import Choices, Hyperparameters
from algorithms.networks import Networks, kl_divergence, sample
from algorithms.optimize import Context
from algorithms.rollout import (
    ObservationStatistics,
    Rollout,
    Samples,
    filter_observations,
    generalized_advantages,
    initial_statistics,
    standardize_rollout,
    update_statistics,
)
from algorithms.rules import Experience, FeedbackRule, Numbers, UpdateRule, imitates

# Folded into a run's key for the fit of its supervised policy, whose key no rollout and no update then has.
IMITATION = int.from_bytes(b"imit")


@struct.dataclass
class Actor:
    """What acting needs: the policy's parameters and the observation filter."""

    policy: Any
    statistics: ObservationStatistics


@struct.dataclass
class RunState:
    """Everything a run carries from one update to the next.

    parameters: of the networks, `{"policy": ..., "value": ...}`.
    rule_state: what the update rule carries, such as Adam's moments.
    statistics: of the observations up to the last update.
    numbers: of the run's setting; those that adapt, such as β, as the next update uses them.
    key: the words of the random key from which all randomness of the following rollouts and updates comes.
        As plain numbers, because a program is called faster without typed keys among its arguments.
    return_statistics: of the discounted returns up to the last update, where the protocol scales rewards.
    """

    parameters: dict[str, Any]
    rule_state: Any
    statistics: ObservationStatistics
    numbers: Numbers
    key: UInt32[Array, "*run 2"]
    return_statistics: ReturnStatistics | None = None

    @property
    def actor(self) -> Actor:
        """The acting part."""
        return Actor(policy=self.parameters["policy"], statistics=self.statistics)


def split_key(words: UInt32[Array, "2"]) -> Key[Array, "3"]:
    """The keys of a run's rollout, of the update from it, and of all that follows."""
    return jax.random.split(jax.random.wrap_key_data(words), 3)


def initial_state(
    hyperparameters: Hyperparameters,
    rule: UpdateRule,
    seed: int | Int[Array, ""],
    numbers: Numbers,
    observation_size: int,
    action_size: int,
    demonstrations: Demonstrations | None = None,
) -> RunState:
    """The state of one run before its first step; weights and key depend on the seed alone.

    demonstrations: which the policy imitates, for a rule that asks for it.
    """
    choices = hyperparameters.choices
    networks = Networks.of(hyperparameters, action_size)
    parameters, key = _initial_parameters(networks, observation_size, seed)
    statistics = initial_statistics(observation_size)
    if demonstrations is not None:
        statistics = demonstrated_statistics(choices, demonstrations)
        parameters["policy"] = _supervised_policy(
            choices, networks, parameters["policy"], demonstrations, key
        )
    return RunState(
        parameters=parameters,
        rule_state=rule.initial(hyperparameters, parameters),
        statistics=statistics,
        numbers=jax.tree.map(lambda number: jnp.asarray(number, jnp.float32), numbers),
        key=key,
        return_statistics=initial_return_statistics() if choices.rewards == "scaled" else None,
    )


@partial(jax.jit, static_argnums=(0, 1))
def _initial_parameters(
    networks: Networks, observation_size: int, seed: int | Int[Array, ""]
) -> tuple[dict[str, Any], UInt32[Array, "2"]]:
    """The networks' parameters, and the words of the run's key."""
    policy_key, value_key, run_key = jax.random.split(jax.random.key(seed), 3)
    return networks.initial(policy_key, value_key, observation_size), jax.random.key_data(run_key)


@partial(jax.jit, static_argnums=(0, 1))
def _supervised_policy(
    choices: Choices,
    networks: Networks,
    policy: Any,
    demonstrations: Demonstrations,
    words: UInt32[Array, "2"],
) -> Any:
    key = jax.random.fold_in(jax.random.wrap_key_data(words), IMITATION)
    return imitate(choices, networks, policy, demonstrations, key)


@partial(jax.jit, static_argnums=(0, 2))
def action_noise(
    hyperparameters: Hyperparameters, keys: UInt32[Array, "run 2"], action_size: int
) -> Float[Array, "time run action"]:
    """Standard normal noise for the next rollout's actions. Reads the runs' keys without consuming them."""

    def noise_of_run(words: UInt32[Array, "2"]) -> Float[Array, "time action"]:
        noise_key, _, _ = split_key(words)
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
    networks = Networks.of(hyperparameters, noise.shape[-1])

    def act_of_run(
        actor: Actor, observation: Float[Array, "observation"], noise: Float[Array, "action"]
    ) -> Float[Array, "action"]:
        filtered = filter_observations(hyperparameters.choices, actor.statistics, observation)
        return sample(networks.policy(actor.policy, filtered), noise)

    return jax.vmap(act_of_run)(actors, observations, noise)


@partial(jax.jit, static_argnums=(0, 1))
def update(
    hyperparameters: Hyperparameters,
    rule: UpdateRule,
    states: RunState,
    rollouts: Rollout,
    remaining: float | Float[Array, ""] = 1.0,
) -> tuple[RunState, dict[str, Float[Array, "run"] | Bool[Array, "run"]]]:
    """Learn from one rollout of each run, by one rule. Consumes the runs' keys.

    rollouts: rewards and observations as the environment gave them; filter and scales are part of the update.
    remaining: the share of the runs' updates that are not yet made, this one among them: 1 at first. Nothing
        depends on it unless the protocol anneals, or an objective or a rule of one's own asks for it.

    Returns the next states, and what the update did, each `[run]`, by name:

    kl: mean KL(π_old ‖ π) over the rollout after the update, in nats.
    policy_std: mean standard deviation of the policy over the action's dimensions, after the update.
    value_loss: mean of the update's value losses.
    explained_variance: 1 - Var(target - V) / Var(target), of the values before the update.
    finite: whether all parameters and losses are.

    The rule's own follow, by the names of its `columns`.
    """
    networks = Networks.of(hyperparameters, rollouts.actions.shape[-1])

    def update_run(
        indexed: tuple[Int[Array, ""], RunState],
    ) -> tuple[RunState, dict[str, Float[Array, ""] | Bool[Array, ""]]]:
        run, state = indexed
        rollout = jax.tree.map(lambda array: array[:, run], rollouts)
        share = jnp.asarray(remaining, jnp.float32)
        numbers, fraction = anneal(hyperparameters.choices, state.numbers, share)
        context = Context(hyperparameters, networks, fraction, numbers.get("clip_range"), 1 - share)
        return _update_run(context, rule, state, numbers, rollout)

    runs = rollouts.rewards.shape[1]
    return jax.lax.map(update_run, (jnp.arange(runs), states))


def _update_run(
    context: Context, rule: UpdateRule, state: RunState, numbers: Numbers, rollout: Rollout
) -> tuple[RunState, dict[str, Float[Array, ""] | Bool[Array, ""]]]:
    hyperparameters, networks = context.hyperparameters, context.networks
    choices, parameters = hyperparameters.choices, state.parameters
    _, rule_key, next_key = split_key(state.key)

    # The order is ppo1's: advantages under the old filter, then the new filter for all that follows,
    # the old policy included, so that the probability ratio starts at 1.
    def values_of(observations: Float[Array, "_ observation"]) -> Float[Array, "_"]:
        filtered = filter_observations(choices, state.statistics, observations)
        return networks.values(parameters["value"], filtered)

    values = values_of(rollout.observations)
    rule_state, rewards = state.rule_state, rollout.rewards
    if isinstance(rule, FeedbackRule):
        rule_state, rewards = rule.replace_rewards(
            context, parameters, rule_state, numbers, rollout, state.statistics, rule_key
        )
    return_statistics, discount = state.return_statistics, hyperparameters.discount
    if return_statistics is not None:
        return_statistics, rewards = scale_rewards(
            return_statistics, rewards, rollout.ends, discount=discount
        )
    if (limits := rollout.time_limits) is not None:
        final_values = values_of(limits.observations)
        rewards = bootstrap_rewards(rewards, final_values, limits.reached, discount=discount)
    advantages = generalized_advantages(
        rewards, values, rollout.ends, discount=discount, gae_lambda=hyperparameters.gae_lambda
    )
    value_targets = advantages + values[:-1]
    statistics = state.statistics
    if not imitates(rule):
        statistics = update_statistics(choices, statistics, rollout.observations[:-1])
    observations = filter_observations(choices, statistics, rollout.observations[:-1])
    old = networks.policy(parameters["policy"], observations)
    clips_values = choices.value_loss == "clipped"
    samples = Samples(
        observations=observations,
        actions=rollout.actions,
        old_means=old.mean,
        advantages=standardize_rollout(choices, advantages),
        value_targets=value_targets,
        old_values=networks.values(parameters["value"], observations) if clips_values else None,
    )
    experience = Experience(
        samples=samples, old_log_std=old.log_std, rewards=rewards, ends=rollout.ends, values=values
    )
    improvement = rule.improve(context, parameters, rule_state, numbers, experience, rule_key)
    if improvement.diagnostics.keys() != set(rule.columns):
        raise ValueError(f"a rule of columns {rule.columns} gives {tuple(improvement.diagnostics)}")

    new = networks.policy(improvement.parameters["policy"], observations)
    kl = jnp.mean(kl_divergence(old, new))
    diagnostics = {
        "kl": kl,
        "policy_std": jnp.mean(jnp.exp(new.log_std)),
        "value_loss": jnp.mean(improvement.value_losses),
        "explained_variance": 1 - jnp.var(value_targets - values[:-1]) / jnp.var(value_targets),
        "finite": _all_finite((improvement.parameters, improvement.losses)),
        **improvement.diagnostics,
    }
    next_state = RunState(
        parameters=improvement.parameters,
        rule_state=improvement.rule_state,
        statistics=statistics,
        numbers={**state.numbers, **rule.adapt(state.numbers, kl)},
        key=jax.random.key_data(next_key),
        return_statistics=return_statistics,
    )
    return next_state, diagnostics


def anneal(
    choices: Choices, numbers: Numbers, remaining: Float[Array, ""]
) -> tuple[Numbers, Float[Array, ""] | float]:
    """A setting's numbers as one update uses them, and the share of the stepsize that it uses.

    A clip range of ∞ stays ∞.

    remaining: the share of the run's updates that are not yet made, this one among them: 1 at first.
    """
    if choices.stepsize_schedule == "constant":
        return numbers, 1.0
    if choices.stepsize_schedule == "linear_with_clip_range" and "clip_range" in numbers:
        numbers = {**numbers, "clip_range": numbers["clip_range"] * remaining}
    return numbers, remaining


def _all_finite(tree: Any) -> Bool[Array, ""]:
    return jnp.all(jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(tree)]))
