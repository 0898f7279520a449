"""Videos of the published policies, where a library is there that draws."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from bench.protocol.environments import SLOWEST_FIRST
from bench.protocol.protocol import Run
from bench.report.postures import ON_ITS_BACK, POSTURES
from bench.results.folder import open_results
from bench.videos.postures import play_episodes
from bench.videos.scene import HEIGHT, VIEWS, WIDTH
from bench.videos.videos import CAPTION_HEIGHT
from tests.helpers.processes import ROOT, command_line, environment_with

pytestmark = pytest.mark.slow

LARGEST = 400_000


def can_draw() -> bool:
    """In another process, because MuJoCo chooses its library when it is imported."""
    script = "from bench.videos.gl import require_gl; require_gl()"
    environment = environment_with(MUJOCO_GL="osmesa")
    return subprocess.run([sys.executable, "-c", script], env=environment, check=False).returncode == 0


def test_every_environment_has_a_view() -> None:
    assert set(VIEWS) == set(SLOWEST_FIRST)


def test_a_video_of_the_published_policy(tmp_path: Path) -> None:
    if not can_draw():
        pytest.skip("no library that draws: install libosmesa6")
    for part in ("protocol.json", "runs", "policies", "random.csv"):
        (tmp_path / part).symlink_to(ROOT / "results" / part)
    arguments = ("videos", "--results", str(tmp_path), "--environments", "InvertedPendulum-v4")
    done = command_line(*arguments, env=environment_with(MUJOCO_GL="osmesa"))
    assert done.returncode == 0, done.stderr
    path = tmp_path / "videos" / "InvertedPendulum-v4.webp"
    assert str(path) in done.stdout
    assert path.stat().st_size < LARGEST
    with Image.open(path) as video:
        assert video.size == (WIDTH, HEIGHT + CAPTION_HEIGHT)
        assert getattr(video, "n_frames", 1) == 100  # four seconds
        first = np.asarray(video.convert("RGB")).astype(int)
        video.seek(50)
        moved = np.abs(np.asarray(video.convert("RGB")).astype(int) - first)
    # The picture moves, below a caption that does not, unless a new episode begins.
    assert moved[CAPTION_HEIGHT:].max() > 50
    assert first[:CAPTION_HEIGHT].min() < 100


def test_without_a_library_that_draws_one_line_says_what_to_install() -> None:
    environment = environment_with(MUJOCO_GL="osmesa", PYOPENGL_PLATFORM="egl")
    done = command_line("videos", "--results", str(ROOT / "results"), env=environment)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "install libosmesa6" in done.stderr


def test_the_published_videos_are_there() -> None:
    videos = sorted((ROOT / "results" / "videos").iterdir())
    policies = sorted(path.name for path in (ROOT / "results" / "policies").iterdir())
    assert [path.stem for path in videos] == policies
    assert all(path.stat().st_size < LARGEST for path in videos)
    assert os.fspath(videos[0]).endswith(".webp")


def test_the_postures_are_those_of_the_published_policies() -> None:
    """To 2 %, because episodes differ by processor."""
    results = open_results(ROOT / "results", None, create=False)
    published = pd.read_csv(ROOT / "results" / POSTURES)
    for setting in (ON_ITS_BACK, "clip-0.2"):
        (line,) = play_episodes(results, Run("HalfCheetah-v4", setting, 0), 1)
        first = published[published["setting"] == setting].iloc[0]
        assert line["upside_down"] == pytest.approx(first["upside_down"], abs=0.02)
