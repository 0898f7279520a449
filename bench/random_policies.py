"""The zero of the normalized scores: what policies that have learned nothing score.

Two readings of the paper's "random policy": actions uniform over the action space, as the field's normalized
scores have it, and the initial Gaussian policy before any training.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from algorithms import ppo
from bench.environments import Environments
from bench.protocol import UNIFORM, UNTRAINED, Protocol, Run
from bench.training import initial_states

EPISODES = 100


def measure(environment: str, protocol: Protocol) -> pd.DataFrame:
    """Scores of both random policies: the mean return of one whole episode of each of 100 seeds.

    The untrained policy's episodes are the first episodes of the training runs with those seeds.

    Returns a table with columns `bench.results.RANDOM_COLUMNS`; the standard error is that of the mean.
    """
    returns = {
        UNIFORM: _uniform_returns(environment),
        UNTRAINED: _untrained_returns(environment, protocol),
    }
    return pd.DataFrame(
        {
            "environment": environment,
            "policy": policy,
            "score": np.mean(values),
            "standard_error": np.std(values, ddof=1) / np.sqrt(EPISODES),
            "episodes": EPISODES,
        }
        for policy, values in returns.items()
    )


def _uniform_returns(environment: str) -> NDArray[np.float64]:
    environments = Environments(environment, range(EPISODES))
    random = np.random.default_rng(0)
    low, high = environments.action_low, environments.action_high
    returns, active = np.zeros(EPISODES), np.ones(EPISODES, dtype=bool)
    while active.any():
        actions = random.uniform(low, high, size=(EPISODES, environments.action_size))
        steps = environments.step(actions.astype(np.float32), active)
        returns += steps.rewards
        active &= ~steps.ends
    return returns


def _untrained_returns(environment: str, protocol: Protocol) -> NDArray[np.float64]:
    environments = Environments(environment, range(EPISODES))
    hyperparameters = protocol.hyperparameters
    # The setting is of no account: the initial policy depends on the seed alone.
    runs = [Run(environment, "no-clip", seed) for seed in range(EPISODES)]
    states = initial_states(runs, environments, protocol)
    noise = np.asarray(ppo.action_noise(hyperparameters, states.key, environments.action_size))
    returns, active = np.zeros(EPISODES), np.ones(EPISODES, dtype=bool)
    for noise_now in noise:
        observations = environments.observations.astype(np.float32)
        actions = ppo.act(hyperparameters, states.actor, observations, noise_now)
        steps = environments.step(np.asarray(actions), active)
        returns += steps.rewards
        active &= ~steps.ends
        if not active.any():
            break
    assert not active.any(), "an episode of the seven environments is shorter than a horizon"
    return returns
