"""A reward model from comparisons: an ensemble of networks under the model of Bradley and Terry.

    P(first preferred) = (1 - ε) σ(Σ r̂(first) - Σ r̂(second)) + ε / 2

The sums are over the steps of a window that exist. ε = 0.1 stands for answers at random; it keeps a single
wrong answer from counting without bound (Christiano et al. 2017, section 2.2.3).

Three networks are fitted, each to its own bootstrap sample of the comparisons. r̂ is their mean, divided by
its standard deviation over the steps of held-out comparisons. Nothing is added to it,
because 0 is what is earned after an episode's end. Where episodes can end, a positive shift would pay for
survival and a negative one for falling.
"""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import struct
from jaxtyping import Array, Bool, Float, Int, Key

from algorithms.comparisons import Comparisons, Windows
from algorithms.hyperparameters import Choices, Hyperparameters
from algorithms.networks import ValueNetwork
from algorithms.optimize import scan_shuffled
from algorithms.rollout import ObservationStatistics, filter_observations

RANDOM_ANSWERS = 0.1
ENSEMBLE = 3
STEPSIZE = 1e-3
# The last two were chosen on comparisons by a linear reward: agreement on held-out ones is 0.97, and 0.95
# with minibatches of 32 and no decay.
WEIGHT_DECAY = 2.0
MINIBATCH_SIZE = 16
# Every fifth comparison is held out: the model is not fitted to it.
HELD_OUT = 5
# Of the largest absolute reward: a standard deviation below it is nothing but rounding.
ROUNDING = 1e-6


@struct.dataclass
class RewardModel:
    """What has been learned from comparisons; with a leading axis `run` where runs are batched.

    networks: the parameters of each network, with a leading axis `network`.
    optimizer_states: Adam's moments of each, likewise.
    scale: by which the mean of the networks is divided. ∞ before the first fit, and where all rewards are
        equal, so that r̂ is 0.
    agreement: the share of held-out comparisons in which r̂ prefers the window that the labeler preferred; 0
        before the first fit.
    """

    networks: Any
    optimizer_states: Any
    scale: Float[Array, "*run"]
    agreement: Float[Array, "*run"]


@dataclass(frozen=True)
class Rewards:
    """The network of a reward model, as functions of its parameters: of filtered observation and action."""

    choices: Choices
    network: ValueNetwork

    @classmethod
    def of(cls, hyperparameters: Hyperparameters) -> "Rewards":
        """With the layers of the protocol's other networks."""
        choices = hyperparameters.choices
        return cls(choices, ValueNetwork(hyperparameters.hidden_sizes, choices.initial_weights))

    def initial(self, key: Key[Array, ""], observation_size: int, action_size: int) -> RewardModel:
        """The model before any fit. Consumes the key."""
        inputs = jnp.zeros(observation_size + action_size)
        networks = jax.lax.map(lambda key: self.network.init(key, inputs), jax.random.split(key, ENSEMBLE))
        return RewardModel(
            networks=networks,
            optimizer_states=jax.lax.map(_optimizer().init, networks),
            scale=jnp.asarray(jnp.inf),
            agreement=jnp.zeros(()),
        )

    def of_steps(
        self,
        model: RewardModel,
        statistics: ObservationStatistics,
        observations: Float[Array, "*batch observation"],
        actions: Float[Array, "*batch action"],
    ) -> Float[Array, "*batch"]:
        """r̂ of each step. observations: as the environment gave them."""
        inputs = self._inputs(statistics, observations, actions)
        outputs = jax.lax.map(lambda parameters: self._outputs(parameters, inputs), model.networks)
        mean: Float[Array, "*batch"] = jnp.mean(outputs, axis=0)
        return mean / model.scale

    def fit(
        self,
        model: RewardModel,
        statistics: ObservationStatistics,
        comparisons: Comparisons,
        epochs: int,
        key: Key[Array, ""],
    ) -> RewardModel:
        """Fit each network to its own bootstrap sample, then scale r̂ and measure its agreement.

        Every epoch has the same number of comparisons: that of a whole run without the held-out ones. They
        are drawn, with replacement, from those that there are. Consumes the key.

        comparisons: at least `HELD_OUT`, so that one is held out.
        """

        def fit_one(one: tuple[Any, Any, Key[Array, ""]]) -> tuple[Any, Any]:
            networks, state, key = one
            return self._fit_network(networks, state, statistics, comparisons, epochs, key)

        keys = jax.random.split(key, ENSEMBLE)
        networks, states = jax.lax.map(fit_one, (model.networks, model.optimizer_states, keys))
        fitted = RewardModel(networks, states, jnp.ones(()), model.agreement)
        windows = jax.tree.map(lambda array: array[HELD_OUT - 1 :: HELD_OUT], comparisons.windows)
        rewards = self.of_steps(fitted, statistics, windows.observations, windows.actions)
        is_there = jnp.arange(len(rewards)) < comparisons.count // HELD_OUT
        deviation = _standard_deviation(rewards, windows.exists & is_there[:, None, None])
        scale = jnp.where(deviation > ROUNDING * jnp.max(jnp.abs(rewards)), deviation, jnp.inf)
        sums = window_sums(rewards, windows)
        agrees = (sums[:, 0] > sums[:, 1]) == comparisons.first_preferred[HELD_OUT - 1 :: HELD_OUT]
        return RewardModel(networks, states, scale, jnp.sum(agrees & is_there) / jnp.sum(is_there))

    def _fit_network(
        self,
        parameters: Any,
        state: optax.OptState,
        statistics: ObservationStatistics,
        comparisons: Comparisons,
        epochs: int,
        key: Key[Array, ""],
    ) -> tuple[Any, optax.OptState]:
        sample_key, order_key = jax.random.split(key)
        room = len(comparisons.first_preferred)
        sample = bootstrap(sample_key, comparisons.count, room - room // HELD_OUT)
        size = min(MINIBATCH_SIZE, len(sample))

        def loss(parameters: Any, indices: Int[Array, "pair"]) -> Float[Array, ""]:
            windows = jax.tree.map(lambda array: array[indices], comparisons.windows)
            inputs = self._inputs(statistics, windows.observations, windows.actions)
            sums = window_sums(self._outputs(parameters, inputs), windows)
            return preference_loss(sums[:, 0], sums[:, 1], comparisons.first_preferred[indices])

        def step(carry: Any, indices: Int[Array, "pair"]) -> tuple[Any, None]:
            parameters, state = carry
            changes, state = _optimizer().update(jax.grad(loss)(parameters, indices), state, parameters)
            return (optax.apply_updates(parameters, changes), state), None

        fitted: tuple[Any, Any] = scan_shuffled(step, (parameters, state), sample, size, epochs, order_key)
        return fitted

    def _inputs(
        self,
        statistics: ObservationStatistics,
        observations: Float[Array, "*batch observation"],
        actions: Float[Array, "*batch action"],
    ) -> Float[Array, "*batch input"]:
        filtered = filter_observations(self.choices, statistics, observations)
        return jnp.concatenate([filtered, actions], axis=-1)

    def _outputs(self, parameters: Any, inputs: Float[Array, "*batch input"]) -> Float[Array, "*batch"]:
        """The network's outputs, computed row by row: its products are of two axes."""
        outputs: Array = self.network.apply(parameters, inputs.reshape(-1, inputs.shape[-1]))  # type: ignore[assignment]
        return outputs.reshape(inputs.shape[:-1])


def _optimizer() -> optax.GradientTransformation:
    return optax.flatten(optax.adamw(STEPSIZE, weight_decay=WEIGHT_DECAY))


def preference_loss(
    first: Float[Array, "pair"], second: Float[Array, "pair"], first_preferred: Bool[Array, "pair"]
) -> Float[Array, ""]:
    """Mean of -log P(the labeler's answer). first, second: Σ r̂ of the windows of each pair."""
    difference = jnp.where(first_preferred, first - second, second - first)
    chance = (1 - RANDOM_ANSWERS) * jax.nn.sigmoid(difference) + RANDOM_ANSWERS / 2
    return -jnp.mean(jnp.log(chance))


def window_sums(rewards: Float[Array, "*batch step"], windows: Windows) -> Float[Array, "*batch"]:
    """The sum of rewards over the steps of each window that exist."""
    return jnp.sum(jnp.where(windows.exists, rewards, 0.0), axis=-1)


def bootstrap(key: Key[Array, ""], count: Int[Array, ""], size: int) -> Int[Array, "sample"]:
    """Indices of comparisons that are not held out, drawn with replacement. Consumes the key.

    count: of the comparisons that there are, at least one of which is not held out.
    """
    drawn = jax.random.randint(key, (size,), 0, count - count // HELD_OUT)
    return drawn + drawn // (HELD_OUT - 1)


def _standard_deviation(values: Float[Array, "..."], counted: Bool[Array, "..."]) -> Float[Array, ""]:
    number = jnp.sum(counted)
    mean = jnp.sum(jnp.where(counted, values, 0.0)) / number
    return jnp.sqrt(jnp.sum(jnp.where(counted, jnp.square(values - mean), 0.0)) / number)
