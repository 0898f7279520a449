"""Whole episodes in which nothing is learned: one in each simulation, all stepping together."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.environments.batch import Environments

Act = Callable[[int, NDArray[np.float32]], Any]
"""The actions `[run, action]` in 32 bits, of the step's number and the observations `[run, observation]`."""


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
