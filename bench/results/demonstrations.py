"""Demonstrations: what one demonstrator saw and did in each environment, part of this checkout.

`results/demonstrations/ENVIRONMENT.npz` has the steps of whole episodes one after the other; the JSON beside
it says who acted, by which source, and the SHA-256 of the arrays' file.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.common.archives import pack_arrays, unpack_arrays
from bench.common.errors import UserError
from bench.common.files import digest
from bench.common.raw import read_bytes

FOLDER = Path(__file__).parents[2] / "results" / "demonstrations"


@dataclass(frozen=True)
class StoredDemonstrations:
    """Episodes of a demonstrator.

    observations: as the environment gave them, `[step, observation]`.
    actions: unclipped, `[step, action]`.
    lengths: steps of each episode, `[episode]`.
    returns: true return of each episode, `[episode]`.
    """

    observations: NDArray[np.float32]
    actions: NDArray[np.float32]
    lengths: NDArray[np.int64]
    returns: NDArray[np.float64]

    def to_bytes(self) -> bytes:
        """The content of the file."""
        return pack_arrays(vars(self))

    @classmethod
    def from_bytes(cls, stored: bytes) -> "StoredDemonstrations":
        """The demonstrations whose `to_bytes` this is. Raises ValueError when it is none."""
        arrays = unpack_arrays(stored)
        if arrays.keys() != set(cls.__annotations__):
            raise ValueError("no demonstrations")
        found = cls(**arrays)
        kinds = [(np.float32, 2), (np.float32, 2), (np.int64, 1), (np.float64, 1)]
        if [(array.dtype, array.ndim) for array in vars(found).values()] != kinds or (
            found.lengths < 1
        ).any():
            raise ValueError("its arrays are of other kinds")
        steps = int(found.lengths.sum())
        shapes = [array.shape[:1] for array in vars(found).values()]
        if shapes != [(steps,), (steps,), (len(found.lengths),), (len(found.lengths),)]:
            raise ValueError("its arrays don't fit each other")
        if not steps:
            raise ValueError("it has no steps")
        if not all(np.isfinite(array).all() for array in arrays.values()):
            raise ValueError("a number in it is not finite")
        return found


def path_of(environment: str) -> Path:
    """The file of an environment's demonstrations."""
    return FOLDER / f"{environment}.npz"


def read_demonstrations(environment: str) -> tuple[StoredDemonstrations, str]:
    """The demonstrations of an environment, and the SHA-256 of their file.

    Raises:
        UserError: where there are none, or the file is damaged.
    """
    path = path_of(environment)
    try:
        stored = read_bytes(path)
        return StoredDemonstrations.from_bytes(stored), digest(stored)
    except FileNotFoundError as error:
        make = f"`python -m bench demonstrate --environments {environment}` makes them"
        raise UserError(f"there are no demonstrations of {environment}: {make}") from error
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise UserError(f"{path}: {error}") from error


def demonstrated_returns(environments: Iterable[str]) -> dict[str, float]:
    """The mean return of each environment's demonstrations, of those that there are."""
    there = [environment for environment in environments if path_of(environment).exists()]
    return {each: float(read_demonstrations(each)[0].returns.mean()) for each in there}
