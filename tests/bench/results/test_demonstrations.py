"""Demonstrations' files: what can't be right is refused."""

from typing import Any

import numpy as np
import pytest

from bench.common.archives import pack_arrays
from bench.results.demonstrations import StoredDemonstrations, path_of


@pytest.mark.parametrize(
    "change",
    [
        {"lengths": np.int64(1)},
        {"lengths": np.array([1.0])},
        {"lengths": np.array([-1, 2])},
        {"actions": np.array(["a"])},
        {"observations": np.zeros((1, 3))},
    ],
)
def test_arrays_of_another_kind_are_refused(change: dict[str, Any]) -> None:
    actions, observations = np.zeros((1, 2), np.float32), np.zeros((1, 3), np.float32)
    arrays = {"observations": observations, "actions": actions, "lengths": np.array([1])}
    arrays["returns"] = np.array([2.0])
    StoredDemonstrations.from_bytes(pack_arrays(arrays))
    with pytest.raises(ValueError, match="its arrays are of other kinds"):
        StoredDemonstrations.from_bytes(pack_arrays({**arrays, **change}))


def test_demonstrations_without_a_step_are_refused() -> None:
    empty = StoredDemonstrations(
        np.zeros((0, 3), np.float32), np.zeros((0, 2), np.float32), np.zeros(0, np.int64), np.zeros(0)
    )
    with pytest.raises(ValueError, match="no steps"):
        StoredDemonstrations.from_bytes(empty.to_bytes())


def test_the_published_are_right() -> None:
    stored = StoredDemonstrations.from_bytes(path_of("Hopper-v4").read_bytes())
    assert len(stored.lengths) == len(stored.returns)
