"""Dask's configuration: its own defaults, and a user's for the cluster that the user names.

Dask reads a user's files and environment when it is imported, here and in each worker. They are meant for
other clusters, and could change the local one: demand encryption, pause workers, set their environment.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from bench.common.errors import UserError, one_line

try:
    import dask
except ValueError as error:  # Dask names the file
    raise UserError(f"Dask's configuration can't be read: {one_line(error)}") from error

PREFIX = "DASK_"
# The variable in which Dask passes a configuration to processes that it starts.
INHERITED = f"{PREFIX}INTERNAL_INHERIT_CONFIG"

dask.config.refresh(paths=[], env={})


@contextmanager
def users() -> Iterator[None]:
    """Use what the user's files and environment say within the context, for a cluster of theirs."""
    dask.config.refresh()
    try:
        yield
    finally:
        dask.config.refresh(paths=[], env={})


@contextmanager
def defaults() -> Iterator[None]:
    """Give the configuration as it is, and nothing of the user's, to processes that start in the context."""
    before = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(PREFIX)}
    os.environ[INHERITED] = dask.config.serialize(dask.config.config)
    try:
        yield
    finally:
        del os.environ[INHERITED]
        os.environ.update(before)
