"""One way to compute: settings that a run's bits depend on, the same in every process.

XLA chooses instructions by the number of CPUs it may use, so each process computes as if it had one;
the campaign runs one process a core instead. These settings are read when JAX starts.
"""

import os
import sys
from pathlib import Path
from typing import Any

from bench.provenance import processor_kind

PINNED = {
    "JAX_PLATFORMS": "cpu",
    "NPROC": "1",
    # Not for the bits: handing each small call to another thread costs more than the call.
    "JAX_CPU_ENABLE_ASYNC_DISPATCH": "false",
}


# Compiled programs are kept here from one process to the next, apart for each kind of processor.
CACHE = Path(__file__).parents[1] / ".cache"
# Compiling what takes less is as fast as reading it.
CACHED_SECONDS = "0.1"


def pin() -> None:
    """Discard inherited JAX and XLA settings and set ours. Without effect once JAX is imported."""
    if "jax" in sys.modules:
        return
    for name in list(os.environ):
        if name.startswith(("JAX_", "XLA_")):
            del os.environ[name]
    os.environ.update(PINNED)
    if os.access(CACHE.parent, os.W_OK):
        os.environ["JAX_COMPILATION_CACHE_DIR"] = str(CACHE / processor_kind())
        os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = CACHED_SECONDS


def require_pinned() -> None:
    """Refuse to train where JAX may compute with other settings.

    Raises:
        RuntimeError: when JAX was imported before this package, or configured since.
    """
    import jax

    settings = {name: os.environ.get(name) for name in PINNED}
    config: Any = jax.config
    precise = config.jax_enable_x64 or config.jax_default_matmul_precision
    if settings != PINNED or precise or jax.default_backend() != "cpu":
        raise RuntimeError("import bench before jax, and leave JAX's configuration as it is")
