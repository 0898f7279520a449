"""The bytes of regular files."""

import errno
import os
import stat
from pathlib import Path


def read_bytes(path: Path) -> bytes:
    """Read a regular file: a pipe could be waited for, and a device read, for ever.

    Raises:
        OSError: when it can't be read, or is no regular file.
    """
    # Without blocking, because opening a pipe waits for its writer.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "It is no regular file")
        return file.read()
