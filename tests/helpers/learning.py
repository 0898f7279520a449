"""Small runs for tests of update rules: their start, a rollout of random numbers, networks in plain JAX."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from algorithms.hyperparameters import Hyperparameters
from algorithms.rollout import Rollout
from algorithms.rules import Numbers, UpdateRule
from algorithms.update import initial_state

SMALL = Hyperparameters(horizon=128, epochs=3, minibatch_size=32, hidden_sizes=(8, 8))
OBSERVATION, ACTION = 5, 2


def initial_states(
    rule: UpdateRule, numbers: Numbers, seed: int = 0, hyperparameters: Hyperparameters = SMALL
) -> Any:
    """The state of one run, with a leading axis `run`."""
    state = initial_state(hyperparameters, rule, seed, numbers, OBSERVATION, ACTION)
    return jax.tree.map(lambda leaf: leaf[None], state)


def rollout(seed: int, hyperparameters: Hyperparameters = SMALL) -> Rollout:
    """A horizon of one run, of random numbers."""
    random, horizon = np.random.default_rng(seed), hyperparameters.horizon
    return Rollout(
        observations=jnp.asarray(random.normal(3, 2, (horizon + 1, 1, OBSERVATION)), jnp.float32),
        actions=jnp.asarray(random.normal(0, 1, (horizon, 1, ACTION)), jnp.float32),
        rewards=jnp.asarray(random.normal(1, 1, (horizon, 1)), jnp.float32),
        ends=jnp.asarray(random.random((horizon, 1)) < 0.05),
    )


def of_run(tree: Any) -> Any:
    """The only run."""
    return jax.tree.map(lambda leaf: leaf[0], tree)


def filtered(statistics: Any, observations: Any) -> np.ndarray:
    """Observations as a run's networks see them."""
    std = np.sqrt(np.maximum(statistics.squared_deviations / statistics.count, 1e-2))
    return np.clip((np.asarray(observations) - statistics.mean) / std, -5, 5)


def network(parameters: Any, inputs: Any) -> Any:
    """The last layer's outputs."""
    hidden = parameters["params"]["HiddenLayers_0"]
    for layer in (hidden["Dense_0"], hidden["Dense_1"]):
        inputs = jnp.tanh(inputs @ layer["kernel"] + layer["bias"])
    return inputs @ parameters["params"]["Dense_0"]["kernel"] + parameters["params"]["Dense_0"]["bias"]


def log_density(parameters: Any, observations: Any, actions: Any) -> Any:
    """Log π(a|o) of a policy's parameters."""
    std = jnp.exp(parameters["params"]["log_std"])
    deviations = (actions - network(parameters, observations)) / std
    return -(0.5 * deviations**2 + jnp.log(std) + 0.5 * jnp.log(2 * jnp.pi)).sum(axis=1)
