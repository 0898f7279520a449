"""The zero of the normalized scores: what policies that have learned nothing score.

Two readings of the paper's "random policy": actions uniform over the action space, as is usual for
normalized scores, and the initial Gaussian policy before any training.
"""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from algorithms.update import act, action_noise
from bench.environments.batch import Environments
from bench.protocol.protocol import UNIFORM, UNTRAINED, Protocol, Run
from bench.protocol.settings import PAPER_SETTINGS, SETTINGS
from bench.training.evaluation import play_episodes
from bench.training.learners import join_actors, start_learners

EPISODES = 100


def measure(environment: str, protocol: Protocol) -> pd.DataFrame:
    """Scores of both random policies: the mean return of one whole episode of each of 100 seeds.

    The untrained policy's episodes are the first episodes of the training runs with those seeds, where a
    rollout is as long as an episode may be.

    Returns a table with the columns of `bench.results.random_scores`; the standard error is the mean's.
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
    size = EPISODES, environments.action_size
    returns, _ = play_episodes(
        environments, lambda step, observations: random.uniform(low, high, size).astype(np.float32)
    )
    return returns


def _untrained_returns(environment: str, protocol: Protocol) -> NDArray[np.float64]:
    hyperparameters = protocol.hyperparameters
    environments = Environments(environment, range(EPISODES), hyperparameters.choices.actions)
    # The initial policy depends on the seed alone: any setting will do.
    setting = SETTINGS[PAPER_SETTINGS[0]]
    runs = [Run(environment, setting.name, seed) for seed in range(EPISODES)]
    actors, keys = join_actors(start_learners(runs, [setting] * EPISODES, environments, protocol))
    # The noise of the first rollout, or of as many rollouts as the longest episode needs.
    horizons = math.ceil(environments.time_limit / hyperparameters.horizon)
    longer = replace(hyperparameters, horizon=horizons * hyperparameters.horizon)
    noise = np.asarray(action_noise(longer, keys, environments.action_size))
    returns, _ = play_episodes(
        environments, lambda step, observations: act(hyperparameters, actors, observations, noise[step])
    )
    return returns
