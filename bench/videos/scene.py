"""How an environment is drawn: where the camera stands, and pale colours behind the robot."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

# A picture's size in pixels.
WIDTH, HEIGHT = 320, 240
# The two greys of a checkered floor before light falls on it.
FLOOR = (132, 150)
# How much larger the floor's squares are than Gymnasium's.
ENLARGED = 12
AMBIENT_LIGHT = 0.4
# In texels; MuJoCo's own 4096 take longer to draw.
SHADOW_SIZE = 1024

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class View:
    """Where the camera stands.

    distance: from the point that it looks at, in metres.
    elevation: of its direction, in degrees; -90 is straight down.
    height: of the point that it looks at, in metres.
    follows: how many of the robot's coordinates x and y the point follows.
    """

    distance: float
    elevation: float
    height: float
    follows: int


# By the name of the environment, without its version.
VIEWS = {
    "Ant": View(4.0, -25, 0.3, follows=2),
    "HalfCheetah": View(3.0, -10, 0.45, follows=1),
    "Hopper": View(3.2, -8, 0.75, follows=1),
    "Humanoid": View(4.0, -8, 0.9, follows=2),
    "InvertedDoublePendulum": View(3.8, -20, 0.45, follows=0),
    "InvertedPendulum": View(2.6, -10, 0.25, follows=0),
    "Reacher": View(0.9, -90, 0.0, follows=0),
    "Swimmer": View(4.5, -50, 0.0, follows=2),
    "Walker2d": View(3.2, -8, 0.75, follows=1),
}


@contextmanager
def open_renderer(env: Any, view: View) -> Iterator[Callable[[], Picture]]:
    """A function that draws one of Gymnasium's environments as it then is, `[y, x, colour]`.

    The looks of the environment's model are changed, so make one renderer for an environment.
    """
    model, data = env.model, env.data
    _make_pale(model)
    camera = mujoco.MjvCamera()
    camera.distance, camera.elevation, camera.lookat[2] = view.distance, view.elevation, view.height
    with mujoco.Renderer(model, HEIGHT, WIDTH) as renderer:
        renderer.scene.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = False

        def draw() -> Picture:
            camera.lookat[: view.follows] = data.qpos[: view.follows]
            renderer.update_scene(data, camera)
            picture: Picture = renderer.render()
            # Pixels on which nothing is drawn are black.
            return np.where((picture == 0).all(axis=-1, keepdims=True), np.uint8(255), picture)

        yield draw


def _make_pale(model: Any) -> None:
    """Replace a dark sky and a floor of many black and white squares by a white sky and a grey floor.

    The file becomes a third as large, too.
    """
    model.geom_rgba[model.geom_type == mujoco.mjtGeom.mjGEOM_PLANE] = 1.0
    model.mat_texrepeat[:] /= ENLARGED
    model.vis.headlight.ambient[:] = AMBIENT_LIGHT
    model.vis.quality.shadowsize = SHADOW_SIZE
    for kind, start, width, height in zip(
        model.tex_type, model.tex_adr, model.tex_width, model.tex_height, strict=True
    ):
        texels = model.tex_data[start : start + 3 * width * height]
        if kind == mujoco.mjtTexture.mjTEXTURE_SKYBOX:
            texels[:] = 255
        elif kind == mujoco.mjtTexture.mjTEXTURE_2D:
            texels[:] = np.where(texels < 128, *FLOOR)
