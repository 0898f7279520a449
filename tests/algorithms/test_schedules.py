"""Numbers that shrink over a run."""

import math

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from algorithms.hyperparameters import Choices
from algorithms.optimize import adam
from algorithms.update import anneal
from bench.protocol.settings import SETTINGS, adaptive_kl, clipping
from tests.helpers.learning import SMALL

QUARTER = jnp.float32(0.25)


def test_by_hand() -> None:
    """With a quarter of the run left."""
    numbers = clipping(0.2)
    constant, linear, both = (
        anneal(Choices(stepsize_schedule=schedule), numbers, QUARTER)
        for schedule in ("constant", "linear", "linear_with_clip_range")
    )
    assert constant == (numbers, 1.0)
    assert linear == (numbers, 0.25)
    assert both == ({**numbers, "clip_range": np.float32(0.05)}, 0.25)


def test_a_clip_range_that_is_not_there_is_not_annealed() -> None:
    choices = Choices(stepsize_schedule="linear_with_clip_range")
    penalized, fraction = anneal(choices, adaptive_kl(0.01), QUARTER)
    assert (penalized, fraction) == (adaptive_kl(0.01), 0.25)
    assert penalized["clip_range"] == math.inf
    numbers = dict(SETTINGS["trpo-0.01"].numbers)
    assert anneal(choices, numbers, QUARTER) == (numbers, 0.25)


def test_adam_s_first_step_is_the_fraction_of_the_stepsize() -> None:
    parameters = {"w": jnp.array([1.0, -1.0])}
    gradient = {"w": jnp.array([2.0, -0.5])}
    for fraction in (1.0, QUARTER):
        optimizer = adam(SMALL, 3e-4 * fraction)
        changes, _ = optimizer.update(gradient, optimizer.init(parameters))
        step = float(fraction) * 3e-4
        np.testing.assert_allclose(optax.apply_updates(parameters, changes)["w"], [1 - step, -1 + step])
        np.testing.assert_allclose(changes["w"], [-step, step], rtol=1e-4)


@pytest.mark.parametrize("fraction", [1.0, QUARTER])
def test_annealing_keeps_adam_s_moments(fraction: float) -> None:
    """The state does not know of the stepsize, so it starts as where the stepsize is constant."""
    parameters = {"w": jnp.array([1.0])}
    assert str(adam(SMALL, 3e-4 * fraction).init(parameters)) == str(adam(SMALL).init(parameters))
