"""Episodes of a policy, and what is seen of them.

Actions are sampled, as in training, because a run's score is of sampled actions. Without exploration a policy
may do better or worse.
"""

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

import gymnasium
import numpy as np

from bench.results.policies import Policy

FRAMES_PER_SECOND = 25
# What is seen of an environment: a picture, or a number.
Seen = TypeVar("Seen")


class Episode(NamedTuple, Generic[Seen]):
    """What was seen of an episode's beginning, and the return of all of it."""

    seen: list[Seen]
    episode_return: float


def steps_per_frame(env: gymnasium.Env) -> int:
    """Environment steps between two pictures, so that these follow each other in real time."""
    return max(1, round(1 / FRAMES_PER_SECOND / _seconds_per_step(env)))


def seconds_per_frame(env: gymnasium.Env) -> float:
    """Simulated time between two pictures."""
    return steps_per_frame(env) * _seconds_per_step(env)


def _seconds_per_step(env: gymnasium.Env) -> float:
    unwrapped: Any = env.unwrapped
    return float(unwrapped.dt)


def play(
    env: gymnasium.Env, policy: Policy, seed: int, look: Callable[[], Seen], frames: float
) -> Episode[Seen]:
    """An episode to its end, looked at `frames` times at most; the seed is of its start and its noise.

    env: a Gymnasium environment with MuJoCo's physics; actions reach it unclipped, as in training.
    """
    random, stride = np.random.default_rng(seed), steps_per_frame(env)
    std = np.exp(policy.log_std)
    observation, _ = env.reset(seed=seed)
    seen: list[Seen] = []
    episode_return, steps, ended = 0.0, 0, False
    while not ended:
        if steps % stride == 0 and len(seen) < frames:
            seen.append(look())
        noise = random.standard_normal(std.shape, np.float32)
        observation, reward, terminated, truncated, _ = env.step(policy(observation) + std * noise)
        episode_return += float(reward)
        steps += 1
        ended = terminated or truncated
    if len(seen) < frames:
        seen.append(look())
    return Episode(seen, episode_return)
