"""The videos of a results folder: one for each environment, of the policies of seed 0."""

import itertools
from pathlib import Path

import numpy as np

from bench.common.files import inner_folder, write_whole
from bench.environments.batch import make_environment
from bench.protocol.environments import without_version
from bench.protocol.protocol import Run
from bench.report.appearance import looks
from bench.report.filmed import filmed
from bench.results.folder import Results
from bench.results.policies import load_policy
from bench.results.reading import final_scores, runs_table
from bench.videos.animation import draw_caption, encode_webp
from bench.videos.episodes import SEED, play, seconds_per_frame
from bench.videos.scene import VIEWS, Picture, open_renderer

SECONDS = 4
# How long the end of an episode is shown.
PAUSE_SECONDS = 0.4


def save_video(results: Results, environment: str) -> Path:
    """Write an environment's video: the clipped objective, and in some environments another one beside it.

    Raises:
        UserError: for a run or a policy that is missing or can't be used, naming it.
    """
    milliseconds = round(1000 * seconds_per_frame(make_environment(environment)))
    films = [_film(results, Run(environment, setting, SEED)) for setting in filmed(environment)]
    path = inner_folder(results.path, "videos") / f"{environment}.webp"
    write_whole(path, encode_webp(films, milliseconds))
    return path


def _film(results: Results, run: Run) -> list[Picture]:
    """Frames of one episode after the other until the time is over, which may cut the last episode."""
    env, policy = make_environment(run.environment), load_policy(results.policy_path(run))
    setting = results.settings([run])[run.setting]
    colour = looks({run.setting: setting})[run.setting].colour
    (score,) = final_scores(runs_table(results, [run]))["score"]
    frames = round(SECONDS / seconds_per_frame(env))
    pause = round(PAUSE_SECONDS / seconds_per_frame(env))
    film: list[Picture] = []
    name = f"{run.environment}, seed {run.seed}"
    with open_renderer(env.unwrapped, VIEWS[without_version(run.environment)]) as draw:
        for seed in itertools.count():
            pictures, episode_return = play(env, policy, seed, draw, frames - len(film))
            caption = draw_caption(setting.label, colour, name, episode_return, score)
            film += [np.concatenate([caption, picture]) for picture in (*pictures, *pause * pictures[-1:])]
            if len(film) >= frames:
                break
    return film[:frames]
