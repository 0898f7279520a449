"""The values' losses against numbers worked by hand, and where each rule gets its own."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from algorithms.alternatives import clipped_value_loss
from algorithms.networks import Networks
from algorithms.optimize import Context, value_loss
from algorithms.rollout import Samples
from tests.helpers.learning import ACTION, SMALL

# V, V_old and R of five samples. With c = 0.2: V' is 1.0, 2.2, 2.2, 1.8 and 2.0.
VALUES = jnp.array([1.0, 3.0, 4.0, 1.0, 2.0])
OLD = jnp.array([0.9, 2.0, 2.0, 2.0, 2.0])
TARGETS = jnp.array([0.0, 2.5, 5.0, 0.0, 5.0])
# The larger of (V - R)² and (V' - R)²:
# 1 and 1, 0.25 and 0.09, 1 and 7.84 (it is clipped), 1 and 3.24 (it is clipped), 9 and 9.
LARGER = [1.0, 0.25, 7.84, 3.24, 9.0]


class FiveValues(Networks):
    """Networks whose V is `VALUES`, whatever they are given."""

    def values(self, parameters: Any, observations: Any) -> Any:
        return VALUES


NETWORKS = FiveValues.of(SMALL, ACTION)


def loss(old: jax.Array | None, clip_range: float | None) -> Any:
    return value_loss(Context(SMALL, NETWORKS, clip_range=clip_range), {}, samples(old))


def samples(old: jax.Array | None) -> Samples:
    nothing = jnp.zeros((5, 1))
    return Samples(nothing, nothing, nothing, jnp.zeros(5), TARGETS, old)


def test_the_clipped_loss_by_hand() -> None:
    assert clipped_value_loss(VALUES, OLD, TARGETS, 0.2) == pytest.approx(0.5 * sum(LARGER) / 5, rel=1e-6)
    # Half the mean of squares has the slope (V - R) / 5, and none where the change is clipped.
    slopes = jax.grad(clipped_value_loss)(VALUES, OLD, TARGETS, 0.2)
    np.testing.assert_allclose(slopes, [0.2, 0.1, 0.0, 0.0, -0.6], rtol=1e-6)


def test_the_unclipped_loss_by_hand() -> None:
    assert loss(None, 0.2) == pytest.approx((1 + 0.25 + 1 + 1 + 9) / 5, rel=1e-6)


@pytest.mark.parametrize(("clip_range", "c"), [(0.2, 0.2), (3.0, 3.0), (math.inf, 0.2), (None, 0.2)])
def test_the_clip_range_is_the_setting_s_or_the_release_s(clip_range: float | None, c: float) -> None:
    assert loss(OLD, clip_range) == clipped_value_loss(VALUES, OLD, TARGETS, c)


finite = hnp.arrays(np.float32, 4, elements=st.floats(-10, 10, width=32))


@given(finite, finite, finite, st.sampled_from([0.1, 0.2, 1e6]))
def test_clipping_never_makes_the_loss_smaller(
    values: np.ndarray, old: np.ndarray, targets: np.ndarray, clip_range: float
) -> None:
    unclipped = 0.5 * np.mean(np.square(values - targets))
    arrays = jnp.asarray(values), jnp.asarray(old), jnp.asarray(targets)
    clipped = float(clipped_value_loss(*arrays, clip_range))
    assert clipped >= unclipped * (1 - 1e-5)
    if clip_range == 1e6:
        assert clipped == pytest.approx(unclipped, rel=1e-3, abs=1e-3)
