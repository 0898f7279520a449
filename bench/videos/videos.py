"""The videos of a results folder: one for each environment, of the policies of seed 0."""

import io
import itertools
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from bench.common.files import inner_folder, write_whole
from bench.environments.batch import make_environment
from bench.protocol.environments import without_version
from bench.protocol.protocol import Run
from bench.report.appearance import Colour, looks
from bench.report.formats import format_return
from bench.report.postures import filmed
from bench.results.folder import Results
from bench.results.policies import load_policy
from bench.results.reading import final_scores, runs_table
from bench.videos.episodes import SEED, play, seconds_per_frame
from bench.videos.scene import VIEWS, WIDTH, Picture, open_renderer

SECONDS = 4
# How long the end of an episode is shown.
PAUSE_SECONDS = 0.4
CAPTION_HEIGHT = 62
STRIPE = 4
MARGIN = 8
GREY = (90, 90, 90)
# Of the lossy compression: 0 to 100.
QUALITY = 40


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


def draw_caption(label: str, colour: Colour, run: str, episode_return: float, score: float) -> Picture:
    """The caption above a picture: the setting below a stripe of its colour, the run, and two returns.

    run: environment and seed.
    episode_return: of the episode that is shown.
    score: of the run, for comparison.
    """
    image = Image.new("RGB", (WIDTH, CAPTION_HEIGHT), "white")
    draw = ImageDraw.Draw(image)
    red, green, blue = (round(255 * part) for part in colour)
    draw.rectangle((0, 0, WIDTH, STRIPE), (red, green, blue))
    draw.text((MARGIN, 7), label, "black", font(15, bold=True))
    draw.text((MARGIN, 26), run, GREY, font(12))
    draw.text((MARGIN, 43), f"this episode: {format_return(episode_return)}", "black", font(12))
    score_text = f"run's score: {format_return(score)}"
    draw.text((WIDTH - MARGIN, 43), score_text, GREY, font(12), anchor="ra")
    return np.asarray(image)


@cache
def font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Matplotlib's own font, which has ε and β, in pixels."""
    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    return ImageFont.truetype(folder / f"DejaVuSans{'-Bold' if bold else ''}.ttf", size)


def encode_webp(films: Sequence[Sequence[Picture]], milliseconds: int) -> bytes:
    """Films of equal lengths side by side, as an animated WebP that repeats for ever.

    milliseconds: how long each frame is shown.
    """
    first, *others = (Image.fromarray(np.concatenate(row, axis=1)) for row in zip(*films, strict=True))
    file = io.BytesIO()
    timing = {"duration": milliseconds, "loop": 0}
    first.save(file, "WEBP", save_all=True, append_images=others, quality=QUALITY, **timing)
    return file.getvalue()
