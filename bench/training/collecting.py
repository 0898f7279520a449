"""Collecting rollouts: every run acts for a horizon of steps."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, UInt32
from numpy.typing import NDArray

from algorithms.hyperparameters import Hyperparameters
from algorithms.rollout import Rollout, TimeLimits
from algorithms.update import Actor, act, action_noise
from bench.environments.batch import Environments


class Collected(NamedTuple):
    """A horizon of steps of each run.

    rollouts: of all runs.
    rewards: `[time, run]`, in 64 bits.
    ends: `[time, run]`
    steps: `[run]`, how many steps each took: fewer than the horizon where it diverged.
    """

    rollouts: Rollout
    rewards: NDArray[np.float64]
    ends: NDArray[np.bool_]
    steps: NDArray[np.int_]

    def rollout(self, index: int) -> Rollout:
        """The rollout of one run, as a batch of one."""
        return _one_of(self.rollouts, index)


@jax.jit
def _one_of(rollouts: Rollout, index: int) -> Rollout:
    one: Rollout = jax.tree.map(lambda array: jax.lax.dynamic_slice_in_dim(array, index, 1, axis=1), rollouts)
    return one


def collect(
    hyperparameters: Hyperparameters,
    actors: Actor,
    keys: UInt32[Array, "run 2"],
    environments: Environments,
    active: NDArray[np.bool_],
) -> Collected:
    """Let every active run act for a horizon.

    A run whose action is not finite stops before the environment sees it, because MuJoCo would silently
    ignore such a control. The learner gets 32-bit numbers, the environment the same actions in 64 bits.

    keys: of the runs, from which their noise is drawn; not consumed.
    active: `[run]`
    """
    horizon, runs = hyperparameters.horizon, len(active)
    bootstraps = hyperparameters.choices.time_limit == "bootstrap"
    # New arrays each time: JAX may read a NumPy buffer in place, so nothing writes to one twice.
    observations = np.empty((horizon + 1, runs, environments.observation_size), np.float32)
    actions = np.empty((horizon, runs, environments.action_size), np.float32)
    rewards = np.empty((horizon, runs))
    ends = np.empty((horizon, runs), bool)
    steps = np.zeros(runs, int)
    # Where time limits ended episodes, and where those steps led, before the reset.
    reached, led_to = np.zeros((horizon, runs), bool), np.zeros(observations[1:].shape, np.float32)
    noise = np.asarray(action_noise(hyperparameters, keys, environments.action_size))
    observations[0] = environments.observations
    for t in range(horizon):
        actions[t] = act(hyperparameters, actors, observations[t], noise[t])
        active = active & np.isfinite(actions[t]).all(axis=1)
        now = environments.step(actions[t], active)
        observations[t + 1], rewards[t], ends[t] = now.observations, now.rewards, now.ends
        if bootstraps and now.final_observations is not None:
            reached[t], led_to[t, now.time_limits] = now.time_limits, now.final_observations[now.time_limits]
        steps += active
    with np.errstate(over="ignore"):  # a reward beyond 32 bits makes the losses infinite, and the run diverge
        learned_rewards = rewards.astype(np.float32)
    rollouts = Rollout(
        observations=jnp.asarray(observations),
        actions=jnp.asarray(actions),
        rewards=jnp.asarray(learned_rewards),
        ends=jnp.asarray(ends),
        time_limits=TimeLimits(jnp.asarray(reached), jnp.asarray(led_to)) if bootstraps else None,
    )
    return Collected(rollouts, rewards, ends, steps)
