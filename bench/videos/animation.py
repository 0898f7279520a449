"""Captions of pictures, and pictures as one animation."""

import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from bench.report.appearance import Colour
from bench.report.formats import format_return
from bench.videos.scene import WIDTH, Picture

CAPTION_HEIGHT = 62
STRIPE = 4
MARGIN = 8
GREY = (90, 90, 90)
# Of the lossy compression: 0 to 100.
QUALITY = 40


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
    draw.text((MARGIN, 43), episode_text(episode_return), "black", font(12))
    draw.text((WIDTH - MARGIN, 43), score_text(score), GREY, font(12), anchor="ra")
    return np.asarray(image)


def episode_text(episode_return: float) -> str:
    """The return of the episode that is shown."""
    return f"this episode: {format_return(episode_return)}"


def score_text(score: float) -> str:
    """The score of the run."""
    return f"run's score: {format_return(score)}"


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
    first.save(
        file, "WEBP", save_all=True, append_images=others, duration=milliseconds, loop=0, quality=QUALITY
    )
    return file.getvalue()
