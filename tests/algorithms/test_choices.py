"""The learner's choices in whole updates, by every rule in which they mean something."""

import dataclasses
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from algorithms import rules
from algorithms.alternatives import KL_LIMIT
from algorithms.hyperparameters import Choices, Hyperparameters
from algorithms.rollout import generalized_advantages
from algorithms.rules import Improvement, UpdateRule
from algorithms.update import update
from bench.protocol.settings import SETTINGS, Setting, clipping, fixed_kl, no_clipping
from tests.helpers.learning import SMALL, filtered, initial_states, network, of_run, rollout
from tests.helpers.soak import mark_soak

# One setting of each rule.
RULES = ("clip-0.2", "ppo-clip-algorithm-1", "pg-advantage", "line-search", "trpo-0.01")


def choosing(hyperparameters: Hyperparameters = SMALL, **choices: Any) -> Hyperparameters:
    return dataclasses.replace(hyperparameters, choices=Choices(**choices))


def updated(
    setting: Setting, hyperparameters: Hyperparameters, remaining: float = 1.0
) -> tuple[Any, Any, Any]:
    """State before and after one update, and its diagnostics."""
    options = {**setting.options} | ({"value_epochs": 1} if "value_epochs" in setting.options else {})
    rule = rules.find_rule(setting.rule, **options)
    before = initial_states(rule, dict(setting.numbers), hyperparameters=hyperparameters)
    after, diagnostics = update(hyperparameters, rule, before, rollout(0), remaining)
    return of_run(before), of_run(after), of_run(diagnostics)


def assert_close(left: Any, right: Any, factor: float = 1.0) -> None:
    for one, other in zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True):
        np.testing.assert_allclose(one, factor * other, rtol=1e-3, atol=1e-6)


def difference(after: Any, before: Any) -> Any:
    return jax.tree.map(lambda a, b: np.asarray(a) - np.asarray(b), after, before)


@dataclass(frozen=True)
class Spy(UpdateRule):
    """Learns nothing, and keeps what it was given."""

    columns: ClassVar[tuple[str, ...]] = ("clip_range",)

    def initial(self, hyperparameters: Any, parameters: Any) -> Any:
        return ()

    def improve(
        self, context: Any, parameters: Any, rule_state: Any, numbers: Any, experience: Any, key: Any
    ) -> Improvement:
        given = (experience.samples, numbers, jnp.asarray(context.stepsize_fraction), context.clip_range)
        diagnostics = {"clip_range": numbers["clip_range"]}
        return Improvement(parameters, given, jnp.zeros(()), jnp.zeros(()), diagnostics)


def test_what_a_rule_is_given() -> None:
    """The old values are those of the updated filter, and the numbers those of the schedule."""
    hyperparameters = choosing(value_loss="clipped", stepsize_schedule="linear_with_clip_range")
    states = initial_states(Spy(), clipping(0.2), hyperparameters=hyperparameters)
    after, diagnostics = update(hyperparameters, Spy(), states, rollout(0), 0.25)
    samples, numbers, fraction, clip_range = of_run(after.rule_state)
    seen = filtered(of_run(after.statistics), rollout(0).observations[:-1, 0])
    expected = network(of_run(states.parameters)["value"], seen)[:, 0]
    np.testing.assert_allclose(samples.old_values, expected, rtol=1e-4, atol=1e-5)
    assert fraction == 0.25
    assert numbers["clip_range"] == clip_range == diagnostics["clip_range"][0] == np.float32(0.05)
    # The next update starts from the setting's own numbers.
    assert of_run(after.numbers)["clip_range"] == np.float32(0.2)
    assert sorted(after.numbers) == sorted(clipping(0.2))


def test_by_default_a_rule_is_given_no_more() -> None:
    states = initial_states(Spy(), clipping(0.2))
    after, _ = update(SMALL, Spy(), states, rollout(0), 0.25)
    samples, numbers, fraction, _ = of_run(after.rule_state)
    assert samples.old_values is None
    assert fraction == 1
    assert sorted(numbers) == sorted(clipping(0.2))


@dataclass(frozen=True)
class Silent(Spy):
    """Does not give what its columns name."""

    columns = ("clip_range", "another")


def test_a_rule_that_does_not_give_its_columns_is_refused() -> None:
    with pytest.raises(ValueError, match=r"columns \('clip_range', 'another'\) gives \('clip_range',\)"):
        update(SMALL, Silent(), initial_states(Silent(), clipping(0.2)), rollout(0))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["clip-0.2", *mark_soak(name for name in RULES if name != "clip-0.2")])
def test_in_every_rule_values_are_clipped_gradients_too_and_stepsizes_annealed(name: str) -> None:
    """In a single gradient step: there V is V_old, so the clipped loss is half the mean squared error."""
    one_step = dataclasses.replace(SMALL, epochs=1, minibatch_size=SMALL.horizon)
    chosen = choosing(
        one_step,
        value_loss="clipped",
        gradient_clipping="global_norm",
        stepsize_schedule="linear_with_clip_range",
    )
    before, whole, diagnostics = updated(SETTINGS[name], chosen)
    _, half, _ = updated(SETTINGS[name], chosen, 0.5)

    batch = rollout(0)
    old = network(before.parameters["value"], filtered(before.statistics, batch.observations[:, 0]))[:, 0]
    to_go = name in ("ppo-clip-algorithm-1", "pg-advantage")
    advantages = generalized_advantages(
        batch.rewards[:, 0], old, batch.ends[:, 0], discount=0.99, gae_lambda=1.0 if to_go else 0.95
    )
    seen = filtered(whole.statistics, batch.observations[:-1, 0])
    errors = network(before.parameters["value"], seen)[:, 0] - (advantages + old[:-1])
    assert float(diagnostics["value_loss"]) == pytest.approx(0.5 * float(np.mean(errors**2)), rel=1e-4)

    # Adam's first moments are a tenth of the clipped gradient, in PPO over both networks.
    leaves = {jax.tree_util.keystr(path): leaf for path, leaf in jax.tree.leaves_with_path(whole.rule_state)}
    norms = {path: float(jnp.sqrt(jnp.sum(leaf**2))) for path, leaf in leaves.items() if "mu" in path}
    of_values = [norm for path, norm in norms.items() if "policy" not in path]
    assert of_values == [pytest.approx(0.05, rel=1e-4)]
    assert max(norms.values()) < 0.0501

    # Adam's first step is in proportion to its stepsize.
    moved = difference(whole.parameters, before.parameters)
    moved_half = difference(half.parameters, before.parameters)
    assert_close(moved_half["value"], moved["value"], 0.5)
    by_adam = name not in ("line-search", "trpo-0.01")
    assert_close(moved_half["policy"], moved["policy"], 0.5 if by_adam else 1.0)
    assert max(np.abs(leaf).max() for leaf in jax.tree.leaves(moved["policy"])) > 1e-4


FAST = dataclasses.replace(SMALL, stepsize=0.02)


@pytest.fixture(scope="module")
def by_epochs() -> dict[int, Any]:
    """Updates of one to three epochs, each of a row without penalty, of one with a small and a large one."""
    return {epochs: rows(dataclasses.replace(FAST, epochs=epochs)) for epochs in (1, 2, 3)}


def rows(hyperparameters: Hyperparameters) -> list[tuple[Any, Any]]:
    rule, found = rules.find_rule("ppo"), []
    for numbers in (no_clipping(), fixed_kl(2.0), fixed_kl(10.0)):
        states = initial_states(rule, numbers, hyperparameters=hyperparameters)
        found.append(update(hyperparameters, rule, states, rollout(0)))
    return found


@pytest.mark.slow
def test_epochs_end_with_the_first_that_moves_the_policy_too_far(by_epochs: dict[int, Any]) -> None:
    """A stopped update is one of fewer epochs, whose order of samples is that of the first ones."""
    stopped, made = rows(choosing(FAST, early_stopping="kl")), []
    for row, (state, diagnostics) in enumerate(stopped):
        kls = [float(by_epochs[epochs][row][1]["kl"][0]) for epochs in (1, 2, 3)]
        made.append(next((epoch for epoch, kl in enumerate(kls, 1) if kl > KL_LIMIT), 3))
        expected, of_fewer = by_epochs[made[-1]][row]
        assert_close(state.parameters, expected.parameters)
        assert_close(state.rule_state, expected.rule_state)
        assert_close(diagnostics, of_fewer)
    assert made == [1, 2, 3]


@pytest.mark.soak
def test_the_values_epochs_go_on_where_they_are_fitted_by_themselves() -> None:
    setting = dataclasses.replace(SETTINGS["ppo-clip-algorithm-1"], numbers=no_clipping())
    _, all_epochs, _ = updated(setting, FAST)
    _, stopped, diagnostics = updated(setting, choosing(FAST, early_stopping="kl"))
    assert_close(stopped.parameters["value"], all_epochs.parameters["value"])
    changed = difference(stopped.parameters["policy"], all_epochs.parameters["policy"])
    assert max(np.abs(leaf).max() for leaf in jax.tree.leaves(changed)) > 1e-3
    assert diagnostics["kl"] > KL_LIMIT


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pg-advantage", *mark_soak(["line-search", "trpo-0.01"])])
def test_where_there_are_no_epochs_to_stop_the_program_is_the_same(name: str) -> None:
    setting = SETTINGS[name]
    rule = rules.find_rule(setting.rule, **setting.options)
    states = initial_states(rule, dict(setting.numbers))
    chosen, default = (
        str(jax.make_jaxpr(partial(update, hyperparameters, rule))(states, rollout(0)))
        for hyperparameters in (choosing(early_stopping="kl"), SMALL)
    )
    assert chosen == default
