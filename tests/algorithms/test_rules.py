"""Updates by the lecture's other rules: against computations of their own, and for their properties."""

import dataclasses
from typing import Any, get_args

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms import rules
from algorithms.rollout import Rollout, generalized_advantages
from algorithms.rules.line_search import backtrack
from algorithms.rules.policy_gradient import Psi, psi_weights
from algorithms.update import update
from bench.protocol.settings import SETTINGS, Setting
from tests.helpers.learning import (
    SMALL,
    filtered,
    initial_states,
    log_density,
    network,
    of_run,
    rollout,
)
from tests.helpers.soak import mark_soak

pytestmark = pytest.mark.slow


def updated(setting: Setting, batch: Rollout, hyperparameters: Any = SMALL) -> tuple[Any, Any, Any]:
    """State before and after one update, and what it told of itself."""
    rule = rules.find_rule(setting.rule, **setting.options)
    before = initial_states(rule, dict(setting.numbers), hyperparameters=hyperparameters)
    after, diagnostics = update(hyperparameters, rule, before, batch)
    return of_run(before), of_run(after), of_run(diagnostics)


def changed(setting: str, **numbers: float) -> Setting:
    return dataclasses.replace(SETTINGS[setting], numbers={**SETTINGS[setting].numbers, **numbers})


def advantages(before: Any, batch: Rollout, gae_lambda: float = 0.95) -> np.ndarray:
    values = network(before.parameters["value"], filtered(before.statistics, batch.observations[:, 0]))[:, 0]
    found = generalized_advantages(
        batch.rewards[:, 0], values, batch.ends[:, 0], discount=0.99, gae_lambda=gae_lambda
    )
    return np.asarray(found, float)


def surrogate(before: Any, after: Any, batch: Rollout) -> float:
    """E[ρA] of the policy after the update, with standardized A; it is 0 before."""
    seen, actions = filtered(after.statistics, batch.observations[:-1, 0]), batch.actions[:, 0]
    ratio = np.exp(
        log_density(after.parameters["policy"], seen, actions)
        - log_density(before.parameters["policy"], seen, actions)
    )
    found = advantages(before, batch)
    return float(np.mean(ratio * (found - found.mean()) / found.std()))


def assert_same(left: Any, right: Any) -> None:
    for one, other in zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True):
        np.testing.assert_array_equal(one, other)


PSI_SETTINGS = [name for name, setting in SETTINGS.items() if setting.rule == "policy_gradient"]


def test_a_setting_for_each_psi() -> None:
    assert [SETTINGS[name].options["psi"] for name in PSI_SETTINGS] == list(get_args(Psi))


SOME = ("pg-total-reward", "pg-advantage")
OTHERS = [name for name in PSI_SETTINGS if name not in SOME]


@pytest.mark.parametrize("name", ["pg-advantage", "γ^t", *mark_soak(["pg-total-reward", *OTHERS])])
def test_the_policy_gradient_is_one_step_of_adam(name: str) -> None:
    """Adam's first step is the stepsize times g / (|g| + ε), of a gradient that is computed here."""
    options = SETTINGS["pg-advantage"].options
    with_discount = Setting(
        "mine", "Mine", "mine", {}, "policy_gradient", {**options, "discounted_states": True}
    )
    setting, batch = SETTINGS.get(name, with_discount), rollout(0)
    before, after, diagnostics = updated(setting, batch)
    seen = filtered(before.statistics, batch.observations[:, 0])
    values = network(before.parameters["value"], seen)[:, 0]
    rewards, ends = batch.rewards[:, 0], batch.ends[:, 0]
    psi = psi_weights(setting.options["psi"], rewards, values, ends, discount=0.99, gae_lambda=0.95)
    if name == "γ^t":
        since, weights = 0, []
        for end in np.asarray(ends):
            weights.append(0.99**since)
            since = 0 if end else since + 1
        psi = psi * np.array(weights)
    now_seen = filtered(after.statistics, batch.observations[:-1, 0])

    def objective(policy: Any) -> Any:
        return jnp.mean(psi * log_density(policy, now_seen, batch.actions[:, 0]))

    gradient = jax.grad(objective)(before.parameters["policy"])
    for old, g, new in zip(
        *map(jax.tree.leaves, (before.parameters["policy"], gradient, after.parameters["policy"])),
        strict=True,
    ):
        np.testing.assert_allclose(new - old, 3e-4 * g / (np.abs(g) + 1e-5), rtol=0.02, atol=2e-6)
    assert diagnostics["finite"]
    assert diagnostics["kl"] > 0


def test_the_values_are_fitted_alike_whatever_the_psi() -> None:
    values = [updated(SETTINGS[name], rollout(0))[1].parameters["value"] for name in SOME]
    for others in values[1:]:
        assert_same(values[0], others)


@pytest.mark.parametrize(
    "targets_of", [("pg-advantage", 1.0), *mark_soak([("trpo-0.01", 0.95), ("line-search", 0.95)])]
)
def test_the_regression_reduces_the_values_error(targets_of: tuple[str, float]) -> None:
    """On its own targets: rewards-to-go, or λ-returns."""
    name, gae_lambda = targets_of
    batch = rollout(0)
    before, after, diagnostics = updated(SETTINGS[name], batch)
    old = filtered(before.statistics, batch.observations[:-1, 0])
    targets = advantages(before, batch, gae_lambda) + network(before.parameters["value"], old)[:, 0]
    seen = filtered(after.statistics, batch.observations[:-1, 0])
    first, last = (
        float(np.mean((network(state.parameters["value"], seen)[:, 0] - targets) ** 2))
        for state in (before, after)
    )
    assert last < first
    assert last < float(diagnostics["value_loss"]) < first


@pytest.mark.parametrize("gae_lambda", [0.95, *mark_soak([1.0])])
def test_algorithm_1_differs_from_ppo_in_the_values_targets_only(gae_lambda: float) -> None:
    """The policies agree; with λ = 1 the λ-returns are the rewards-to-go, and the values agree, too."""
    hyperparameters = dataclasses.replace(SMALL, gae_lambda=gae_lambda)
    (before, one, _), (_, other, _) = (
        updated(SETTINGS[name], rollout(0), hyperparameters) for name in ("ppo-clip-algorithm-1", "clip-0.2")
    )
    difference, moved = (
        {
            name: max(
                float(np.abs(a - b).max())
                for a, b in zip(*map(jax.tree.leaves, (left, one.parameters[name])), strict=True)
            )
            for name, left in state.parameters.items()
        }
        for state in (other, before)
    )
    assert difference["policy"] < 1e-6 < 1e-3 < moved["policy"]
    assert (difference["value"] < 1e-6) == (gae_lambda == 1)
    assert moved["value"] > 1e-3


@pytest.mark.parametrize("first_step", [0.01, 1.0, 30.0])
def test_the_line_search_accepts_only_a_lower_loss(first_step: float) -> None:
    batch = rollout(0)
    before, after, diagnostics = updated(changed("line-search", first_step=first_step), batch)
    assert surrogate(before, after, batch) > 0
    length = np.sqrt(
        sum(
            np.sum(np.square(new - old))
            for old, new in zip(
                *map(jax.tree.leaves, (before.parameters["policy"], after.parameters["policy"])), strict=True
            )
        )
    )
    assert diagnostics["step_fraction"] in 0.5 ** np.arange(10)
    assert length == pytest.approx(first_step * float(diagnostics["step_fraction"]), rel=1e-4)


def test_the_line_search_leaves_the_policy_where_it_finds_nothing() -> None:
    """Against the gradient no small step is better."""
    before, after, diagnostics = updated(changed("line-search", first_step=-1e-2), rollout(0))
    assert_same(before.parameters["policy"], after.parameters["policy"])
    assert (diagnostics["step_fraction"], diagnostics["kl"]) == (0, 0)
    assert diagnostics["finite"]


def test_backtracking_by_hand() -> None:
    """The loss (θ - 1)² is 1 at the start, 0. At 8 and 4 it is higher, at 2 the same, at 1 lower."""
    start, tried = jnp.zeros(1), lambda theta: jnp.sum(jnp.square(theta - 1)) < 1
    for trials, expected in ((10, 1.0), (4, 1.0), (3, 0.0), (0, 0.0)):
        point, fraction = backtrack(tried, start, jnp.array([8.0]), trials)
        assert (float(point[0]), float(fraction)) == (expected, expected / 8)


@given(st.floats(-3, 3), st.floats(-100, 100), st.sampled_from([0, 1, 10]))
def test_backtracking_takes_the_longest_step_that_is_accepted(limit: float, step: float, trials: int) -> None:
    def accepts(theta: Any) -> Any:
        return jnp.abs(theta[0]) < limit

    point, _ = backtrack(accepts, jnp.zeros(1), jnp.array([step]), trials)
    candidates = [np.float32(step) / 2**k for k in range(trials)]
    assert float(point[0]) == next((each for each in candidates if abs(each) < limit), 0)


@pytest.mark.parametrize("kl_radius", [1e-3, 0.01, 0.3, 30.0])
def test_a_trpo_step_stays_in_its_trust_region_and_improves(kl_radius: float) -> None:
    batch = rollout(0)
    before, after, diagnostics = updated(changed("trpo-0.01", kl_radius=kl_radius), batch)
    assert surrogate(before, after, batch) > 0
    assert 0 < diagnostics["kl"] <= 1.5 * kl_radius
    assert diagnostics["step_fraction"] in 0.5 ** np.arange(10)
    if kl_radius <= 0.01:
        assert diagnostics["kl"] == pytest.approx(kl_radius, rel=0.1)
    if kl_radius == 30:
        assert diagnostics["step_fraction"] < 1


def test_trpo_leaves_the_policy_where_no_step_is_accepted() -> None:
    before, after, diagnostics = updated(changed("trpo-0.01", kl_tolerance=0.0), rollout(0))
    assert_same(before.parameters["policy"], after.parameters["policy"])
    assert (diagnostics["step_fraction"], diagnostics["kl"]) == (0, 0)
    assert diagnostics["finite"]


@pytest.mark.parametrize("name", ["pg-advantage", "line-search", "trpo-0.01", "ppo-clip-algorithm-1"])
def test_a_rollout_that_is_not_finite_is_noticed(name: str) -> None:
    broken = rollout(0)
    broken = dataclasses.replace(broken, rewards=broken.rewards.at[5].set(jnp.inf))
    _, _, diagnostics = updated(SETTINGS[name], broken)
    assert not diagnostics["finite"]
