"""Archives of arrays, read with suspicion: nothing is executed, and nothing unpacks to more than it is."""

import io
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray


def pack_arrays(arrays: dict[str, NDArray[Any]]) -> bytes:
    """The content of a file `.npz`, whose arrays are not compressed."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def unpack_arrays(archive: bytes) -> dict[str, NDArray[Any]]:
    """The arrays by name, which take no more memory than the archive has bytes.

    Raises:
        ValueError: when it is no archive of `pack_arrays`, whatever is wrong with it.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as members:
            if sum(each.file_size for each in members.infolist()) > len(archive):
                raise ValueError("its arrays are compressed")
        with np.load(io.BytesIO(archive), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except Exception as error:  # the parsers of both formats raise whatever they stumble over
        raise ValueError("not an archive of arrays") from error
