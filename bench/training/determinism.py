"""One way to compute: the JAX options that a run's bits depend on, equal in every process.

JAX reads them when it starts. With them a run has the same bits on every x86-64 processor with AVX2
and FMA under Linux, whatever its maker, model or number of cores (`bench.common.provenance.processor_kind`).
"""

import os
import platform
import sys
import warnings
from pathlib import Path
from typing import Any

from bench.common.provenance import processor_model

# With the first flag, XLA computes inverse square roots and products by instructions that round alike
# everywhere. With the second, a processor with AVX-512 runs the program that is compiled for one without.
XLA_FLAGS = ["--xla_cpu_enable_platform_dependent_math=false"]
if platform.machine() == "x86_64":
    XLA_FLAGS.append("--xla_cpu_max_isa=AVX2")

PINNED = {
    "JAX_PLATFORMS": "cpu",
    "XLA_FLAGS": " ".join(XLA_FLAGS),
    # XLA chooses instructions by the number of CPUs that it may use; a campaign runs one process a core.
    "NPROC": "1",
    # Not for the bits: handing each small call to another thread costs more than the call.
    "JAX_CPU_ENABLE_ASYNC_DISPATCH": "false",
    # XLA's log, which asks to file a bug where a busy core compiles for two minutes. No flag silences this
    # message alone. What fails raises in Python, too, and what is fatal is still logged.
    "TF_CPP_MIN_LOG_LEVEL": "3",
}

# The beginnings of the names of variables that are discarded.
INHERITED = ("JAX_", "XLA_", "MUJOCO_GL", "PYOPENGL_")

# Compiled programs are kept here from one process to the next, apart for each model of processor.
CACHE = Path(__file__).parents[2] / ".cache"
# A program that compiles faster than this is not kept: reading it would take as long.
CACHED_SECONDS = "0.1"


def pin() -> bool:
    """Discard inherited settings of JAX, XLA and drawing, and set ours, here and in processes started here.

    Training draws nothing, but MuJoCo looks for the library of MUJOCO_GL when it is imported.

    Without effect once JAX is imported. Returns whether compiled programs can be kept.
    """
    writable = _cache_is_writable()
    if "jax" in sys.modules:
        return writable
    for name in list(os.environ):
        if name.startswith(INHERITED):
            del os.environ[name]
    os.environ.update(PINNED)
    if writable:
        os.environ["JAX_COMPILATION_CACHE_DIR"] = str(CACHE / processor_model())
        os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = CACHED_SECONDS
        # JAX would warn in every process of a disk that is full.
        warnings.filterwarnings("ignore", ".*persistent compilation cache", UserWarning)
    return writable


def _cache_is_writable() -> bool:
    try:
        CACHE.mkdir(exist_ok=True)
    except OSError:
        return False
    return os.access(CACHE, os.W_OK)


def require_pinned() -> None:
    """Refuse to train where JAX may compute with other settings.

    Raises:
        RuntimeError: when JAX was imported before `pin` was called, or configured since.
    """
    import jax

    settings = {name: os.environ.get(name) for name in PINNED}
    config: Any = jax.config
    precise = config.jax_enable_x64 or config.jax_default_matmul_precision
    if settings != PINNED or precise or jax.default_backend() != "cpu":
        raise RuntimeError(
            "call bench.training.determinism.pin() before JAX is imported, and configure nothing"
        )
