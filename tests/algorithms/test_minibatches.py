"""Epochs of gradient steps: when they stop, and what becomes of a gradient first."""

import dataclasses
from typing import Any

import jax.numpy as jnp
import numpy as np

from algorithms.alternatives import scan_while
from algorithms.hyperparameters import Choices
from algorithms.optimize import adam
from tests.helpers.learning import SMALL


def test_a_scan_stops_by_hand() -> None:
    """Running sums of 1, 2, 3, 4, 5, which stop with the first above 5: after 1, 3 and 6."""

    def add(total: Any, number: Any) -> tuple[Any, Any]:
        return total + number, (total + number, jnp.stack([total, number]))

    total, (totals, pairs) = scan_while(lambda total: total <= 5, add, jnp.float32(0), jnp.arange(1.0, 6.0))
    assert total == 6
    # Of the steps that are not made the outputs are the others' mean, so the mean over all is theirs.
    np.testing.assert_allclose(totals, [1, 3, 6, 10 / 3, 10 / 3], rtol=1e-6)
    np.testing.assert_allclose(
        pairs, [[0.0, 1.0], [1.0, 2.0], [3.0, 3.0], [4 / 3, 2.0], [4 / 3, 2.0]], rtol=1e-6
    )


def test_a_scan_that_nothing_stops_makes_all_its_steps() -> None:
    total, totals = scan_while(
        lambda total: total < 100, lambda total, x: (total + x, total), jnp.float32(0), jnp.arange(4.0)
    )
    assert total == 6
    np.testing.assert_array_equal(totals, [0, 0, 1, 3])


def test_the_first_step_is_always_made() -> None:
    total, _ = scan_while(lambda total: total < 0, lambda total, x: (total + x, x), 0.0, jnp.ones(3))
    assert total == 1


def test_adam_s_moments_are_of_clipped_gradients() -> None:
    """After one step they are a tenth of the gradient.

    (3, 4) has norm 5, so it is clipped to (0.3, 0.4); (0.27, 0.36) has norm 0.45 and stays.
    """
    clipping = Choices(gradient_clipping="global_norm")
    for choices, (policy, value), expected in (
        (Choices(), (3.0, 4.0), [0.3, 0.4]),
        (clipping, (3.0, 4.0), [0.03, 0.04]),
        (clipping, (0.27, 0.36), [0.027, 0.036]),
    ):
        gradient = {"policy": jnp.array([policy]), "value": jnp.array([value])}
        optimizer = adam(dataclasses.replace(SMALL, choices=choices))
        _, state = optimizer.update(gradient, optimizer.init(gradient))
        (moments,) = [leaf.mu for leaf in _adam_states(state)]
        np.testing.assert_allclose(moments, expected, rtol=1e-6)


def _adam_states(state: Any) -> list[Any]:
    """Adam's own state within those of what it is chained with."""
    if hasattr(state, "mu"):
        return [state]
    return [found for inner in state for found in _adam_states(inner)] if isinstance(state, tuple) else []
