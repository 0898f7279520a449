"""Whole episodes in which nothing is learned and the observation filter stands still."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.typing import NDArray

from algorithms.update import act
from bench.environments.batch import Environments
from bench.protocol.protocol import Protocol, Run
from bench.results.evaluations import MODES
from bench.results.policies import Policy
from bench.training.determinism import require_pinned
from bench.training.training import actor_of

# Sets the random streams of evaluation apart from those of training, which are made of a run's seed alone.
EVALUATION = int.from_bytes(b"eval")

Act = Callable[[int, NDArray[np.float32]], Any]
"""The actions `[run, action]` in 32 bits, of the step's number and the observations `[run, observation]`."""


def start_seed(seed: int, episode: int) -> int:
    """The seed of an episode's start. It has three words of 32 bits: the run's seed, the episode, a constant.

    NumPy's generators mix up to four such words without collisions, so that no generator of training, whose
    seed is one word, starts in the same state.
    """
    return EVALUATION << 64 | episode << 32 | seed


@partial(jax.jit, static_argnums=(1, 2, 3))
def action_noise(
    seed: int, episodes: int, steps: int, action_size: int
) -> Float[Array, "time episode action"]:
    """Standard normal noise for the sampled actions of each episode.

    Its keys are folded from the key of the run's seed by the constant of evaluation. Training splits that
    key, which takes other blocks of the same cipher.
    """
    key = jax.random.fold_in(jax.random.key(seed), EVALUATION)

    def noise_of_episode(episode: Array) -> Float[Array, "time action"]:
        return jax.random.normal(jax.random.fold_in(key, episode), (steps, action_size))

    return jnp.swapaxes(jax.lax.map(noise_of_episode, jnp.arange(episodes)), 0, 1)


def play(
    run: Run, policy: Policy, episodes: int, protocol: Protocol
) -> tuple[NDArray[np.float64], NDArray[np.int_]]:
    """Returns and lengths of a policy's episodes, each `[mode, episode]`, modes as in `MODES`.

    Starts and noise depend on the run's seed and the episode's number alone.

    Raises:
        RuntimeError: where JAX's settings are not the pinned ones.
    """
    require_pinned()
    hyperparameters, rows = protocol.hyperparameters, len(MODES) * episodes
    seeds = [start_seed(run.seed, episode) for episode in range(episodes)]
    environments = Environments(run.environment, len(MODES) * seeds, hyperparameters.choices.actions)
    actors = jax.tree.map(lambda leaf: jnp.repeat(leaf, rows, axis=0), actor_of(policy))
    sampled = action_noise(run.seed, episodes, environments.time_limit, environments.action_size)
    noise = np.concatenate([sampled, np.zeros_like(sampled)], axis=1)
    returns, lengths = play_episodes(
        environments,
        lambda step, observations: act(hyperparameters, actors, observations, noise[step]),
    )
    return returns.reshape(len(MODES), episodes), lengths.reshape(len(MODES), episodes)


def play_episodes(environments: Environments, act: Act) -> tuple[NDArray[np.float64], NDArray[np.int_]]:
    """Returns and lengths of the first episode of each simulation, `[run]`.

    A simulation whose episode has ended stands still. As in training, an episode whose action is not finite
    stops before the environment sees it.
    """
    runs = len(environments.observations)
    returns, lengths, active = np.zeros(runs), np.zeros(runs, int), np.ones(runs, bool)
    step = 0
    while active.any():
        actions = np.asarray(act(step, environments.observations.astype(np.float32)))
        active = active & np.isfinite(actions).all(axis=1)
        steps = environments.step(actions, active)
        returns += steps.rewards
        lengths += active
        active = active & ~steps.ends
        step += 1
    return returns, lengths
