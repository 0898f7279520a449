"""How HalfCheetah's policies of seed 0 run: upright, or on their backs."""

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.common.files import csv_text, write_whole
from bench.environments.batch import make_environment
from bench.protocol.environments import without_version
from bench.protocol.protocol import Run
from bench.protocol.settings import PAPER_SETTINGS
from bench.report.postures import POSTURES, TURNED
from bench.results.folder import Results
from bench.results.policies import load_policy
from bench.videos.episodes import SEED, play

EPISODES = 10
# The index of the torso's angle in the simulator's positions, in radians; 0 is upright.
ANGLE = 2


def save_postures(results: Results, environment: str) -> list[Path]:
    """Write the postures of the paper's settings in HalfCheetah; nothing for another environment.

    Returns:
        The file's path, if any.

    Raises:
        UserError: for a policy that can't be used, naming it.
    """
    if without_version(environment) != TURNED:
        return []
    runs = [Run(environment, setting, SEED) for setting in PAPER_SETTINGS]
    lines = [
        line
        for run in runs
        if results.policy_path(run).exists()
        for line in play_episodes(results, run, EPISODES)
    ]
    path = results.path / POSTURES
    write_whole(path, csv_text(pd.DataFrame(lines)))
    return [path]


def play_episodes(results: Results, run: Run, count: int) -> list[dict[str, Any]]:
    """A line for each episode: environment, setting, seed, episode, episode_return, upside_down.

    upside_down: the share of the steps in which the torso is more than a quarter turn from upright.

    Numbers are rounded, because a policy's products and so its episodes differ by processor in the last bits.
    """
    env, policy = make_environment(run.environment), load_policy(results.policy_path(run))
    simulated: Any = env.unwrapped
    lines = []
    for episode in range(count):
        angles, episode_return = play(
            env, policy, episode, lambda: float(simulated.data.qpos[ANGLE]), math.inf
        )
        share = float(np.mean(np.cos(angles) < 0))
        lines.append(
            {
                **asdict(run),
                "episode": episode,
                "episode_return": round(episode_return, 1),
                "upside_down": round(share, 3),
            }
        )
    return lines
