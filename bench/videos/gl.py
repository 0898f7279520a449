"""The OpenGL library that draws. Imports no MuJoCo, because MuJoCo looks for it when it is imported."""

import os

from bench.common.errors import UserError, one_line


def require_gl() -> None:
    """Make sure that MuJoCo can draw: with OSMesa, or with what the variable MUJOCO_GL names.

    Call it before anything imports MuJoCo.

    Raises:
        UserError: saying what to install.
    """
    library = os.environ.setdefault("MUJOCO_GL", "osmesa")
    try:
        import mujoco

        mujoco.GLContext(1, 1).free()
    except Exception as error:  # of many kinds: PyOpenGL uses a missing library as if it were there
        raise UserError(
            f"MuJoCo can't draw with MUJOCO_GL={library} ({one_line(error)}):"
            " on Debian, install libosmesa6 for MUJOCO_GL=osmesa, or libegl1 for MUJOCO_GL=egl"
        ) from error
