"""What an objective of one's own gets by the names of its arguments."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from algorithms.networks import DiagonalGaussian, Networks, entropy
from algorithms.optimize import Context
from algorithms.rollout import Samples
from algorithms.rules import Experience
from algorithms.rules.own_objective import INPUTS, Rule, argument_names
from bench.protocol.settings import clipping
from tests.helpers.learning import ACTION, OBSERVATION, SMALL, initial_states, network, of_run

SAMPLES, OLD_LOG_STD = 6, np.array([0.3, -0.2])
random = np.random.default_rng(0)
OBSERVATIONS, ACTIONS, OLD_MEANS, ADVANTAGES, TARGETS = (
    random.normal(size=(SAMPLES, *shape)) for shape in ((OBSERVATION,), (ACTION,), (ACTION,), (), ())
)
BATCH = Samples(
    *(jnp.asarray(each, jnp.float32) for each in (OBSERVATIONS, ACTIONS, OLD_MEANS, ADVANTAGES, TARGETS))
)


def given(name: str, parameters: Any = None) -> Any:
    """What a function that names this argument gets, as the mean over samples of its square."""
    function: Any = {}
    exec(
        f"def function({name}): return {name}['c'] + 0 * 1.0 if '{name}' == 'numbers' else {name} ** 2",
        {},
        function,
    )
    rule = Rule(function["function"])
    context = Context(SMALL, Networks.of(SMALL, ACTION), progress=0.25)
    nothing = jnp.zeros(SAMPLES)
    experience = Experience(BATCH, jnp.asarray(OLD_LOG_STD, jnp.float32), nothing, nothing > 0, nothing)
    return rule.objective(context, parameters or start(), {"c": jnp.float32(7)}, experience, BATCH)


def start() -> Any:
    parameters = of_run(initial_states(Rule(jnp.multiply), clipping(0.2)).parameters)
    parameters["policy"]["params"]["log_std"] = jnp.array([0.1, 0.4])
    return parameters


def kl(mean: Any, log_std: Any, other_mean: Any, other_log_std: Any) -> Any:
    variance = np.exp(2 * (log_std - other_log_std))
    shift = ((mean - other_mean) / np.exp(other_log_std)) ** 2
    return (other_log_std - log_std + 0.5 * (variance + shift) - 0.5).sum(axis=1)


def test_each_is_what_its_name_says() -> None:
    parameters = start()
    mean, log_std = np.asarray(network(parameters["policy"], OBSERVATIONS)), np.array([0.1, 0.4])
    log_density, old_log_density = (
        (-0.5 * ((ACTIONS - m) / np.exp(s)) ** 2 - s).sum(axis=1)
        for m, s in ((mean, log_std), (OLD_MEANS, OLD_LOG_STD))
    )
    log_ratio = log_density - old_log_density
    expected = {
        "ratio": np.exp(log_ratio),
        "log_ratio": log_ratio,
        "kl": kl(OLD_MEANS, OLD_LOG_STD, mean, log_std),
        "reverse_kl": kl(mean, log_std, OLD_MEANS, OLD_LOG_STD),
        "entropy": np.full(SAMPLES, (log_std + 0.5 * np.log(2 * np.pi * math.e)).sum()),
        "advantage": ADVANTAGES,
        "value": np.asarray(network(parameters["value"], OBSERVATIONS))[:, 0],
        "value_target": TARGETS,
        "progress": np.array(0.25),
    }
    assert expected.keys() == INPUTS.keys() - {"numbers"}
    for name, values in expected.items():
        assert float(given(name)) == pytest.approx(np.mean(values**2), rel=1e-4), name
    assert given("numbers") == 7


def test_values_have_no_gradient() -> None:
    slopes = jax.grad(lambda parameters: given("value", parameters))(start())
    assert all(not np.any(leaf) for leaf in jax.tree.leaves(slopes))


def test_entropy_by_hand() -> None:
    """A standard normal has ½ log(2πe) = 1.4189 nats; one of twice its deviation log 2 more."""
    found = entropy(DiagonalGaussian(mean=jnp.zeros((1, 2)), log_std=jnp.log(jnp.array([1.0, 2.0]))))
    assert float(found) == pytest.approx(2 * 1.4189385 + 0.6931472, rel=1e-6)


def test_what_has_a_default_is_given_where_it_is_known() -> None:
    def function(ratio: Any, progress: float = 0.0, weight: float = 3.0) -> Any:
        return ratio

    assert argument_names(function) == ["ratio", "progress"]
