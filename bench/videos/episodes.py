"""Episodes of a policy, and pictures or numbers of them.

Actions are sampled, as in training, because a run's score is of sampled actions. Without exploration a policy
may do better or worse.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import gymnasium
import numpy as np

from bench.results.policies import Policy

# The seed whose policies are published.
SEED = 0
FRAMES_PER_SECOND = 25
# A picture, or a number, of an environment.
Frame = TypeVar("Frame")


def steps_per_frame(env: Any) -> int:
    """Environment steps between two frames, so that the frames follow each other in real time."""
    return max(1, round(1 / FRAMES_PER_SECOND / env.unwrapped.dt))


def seconds_per_frame(env: Any) -> float:
    """Simulated time between two frames."""
    return float(steps_per_frame(env) * env.unwrapped.dt)


def play(
    env: gymnasium.Env, policy: Policy, seed: int, look: Callable[[], Frame], most_frames: float
) -> tuple[list[Frame], float]:
    """Play an episode to its end: frames of its beginning, and the return of all of it.

    env: a Gymnasium environment with MuJoCo's physics; actions reach it unclipped, as in training.
    seed: of the episode's start and of the actions' noise.
    look: makes a frame of the environment as it is.
    most_frames: after these, none is made any more.
    """
    generator, stride = np.random.default_rng(seed), steps_per_frame(env)
    observation, _ = env.reset(seed=seed)
    frames: list[Frame] = []
    episode_return, steps, ended = 0.0, 0, False
    while not ended:
        if steps % stride == 0 and len(frames) < most_frames:
            frames.append(look())
        observation, reward, terminated, truncated, _ = env.step(policy.sample(observation, generator))
        episode_return += float(reward)
        steps += 1
        ended = terminated or truncated
    if len(frames) < most_frames:
        frames.append(look())
    return frames, episode_return
