"""The bytes of regular files."""

import errno
import os
import stat
from pathlib import Path

from bench.common.errors import UserError

# Bytes beyond what files of a results folder have: a checkpoint has up to 13 millions a run (human feedback).
TOO_MANY = 2**30


def read_bytes(path: Path) -> bytes:
    """Read a regular file: a pipe could be waited for, and a device read, for ever.

    Raises:
        OSError: when it can't be read, is no regular file, or has more than `TOO_MANY` bytes.
    """
    # Without blocking, because opening a pipe waits for its writer.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        if status.st_size > TOO_MANY:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        return file.read()


def read_whole(path: Path) -> bytes:
    """Read a file.

    Raises:
        UserError: when it can't be read.
    """
    try:
        return read_bytes(path)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
