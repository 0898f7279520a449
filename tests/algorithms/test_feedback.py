"""PPO from human feedback: what it learns from, what it never sees, and what it is without its parts."""

import dataclasses
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from algorithms.demonstrations import Demonstrations
from algorithms.hyperparameters import Hyperparameters
from algorithms.networks import Networks
from algorithms.optimize import Context
from algorithms.rollout import Rollout
from algorithms.rules import UpdateRule, find_rule, preferences, rlhf
from algorithms.rules.rlhf import LearnedReturns
from algorithms.update import initial_state, update
from bench.protocol.settings import SETTINGS
from tests.helpers.learning import (
    ACTION,
    OBSERVATION,
    SMALL,
    filtered,
    initial_states,
    of_run,
    rollout,
)

pytestmark = pytest.mark.slow

CLIP = SETTINGS["clip-0.2"]
NUMBERS = dict(SETTINGS["rlhf"].numbers)
LABELS = {"labels": 40, "label_rollouts": 2, "window": 10, "model_epochs": 3}
MODEL = rlhf.Rule(demonstrations=False, value_rollouts=1, **LABELS)
THROUGHOUT = preferences.Rule(demonstrations=False, value_rollouts=0, **(LABELS | {"model_epochs": 1}))
TRUE = rlhf.Rule(demonstrations=False, value_rollouts=0)


def updated(rule: UpdateRule, numbers: Any, rollouts: list[Rollout], **shares: float) -> list[Any]:
    """The states of one run after each rollout, and the diagnostics of each update."""
    state, found = initial_states(rule, numbers), []
    for number, each in enumerate(rollouts):
        state, diagnostics = update(SMALL, rule, state, each, 1 - number / len(rollouts))
        found.append((of_run(state), of_run(diagnostics)))
    return found


def assert_same(left: Any, right: Any) -> None:
    for one, other in zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True):
        np.testing.assert_array_equal(one, other)


def differs(left: Any, right: Any) -> bool:
    pairs = zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True)
    return any((np.asarray(one) != np.asarray(other)).any() for one, other in pairs)


def paid(batch: Rollout, seed: int) -> Rollout:
    """The same rollout with other true rewards."""
    rewards = np.random.default_rng(seed).normal(size=batch.rewards.shape)
    return batch.replace(rewards=jnp.asarray(rewards, jnp.float32))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label_rollouts": 0}, "label_rollouts must be at least 1"),
        ({"window": 0}, "window must be at least 1"),
        ({"model_epochs": 0}, "model_epochs must be at least 1"),
        ({"labels": 8}, "each of 2 label rollouts 4 comparisons: at least 5"),
    ],
)
def test_labels_that_no_model_can_be_fitted_to_are_refused(options: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rlhf.Rule(demonstrations=False, value_rollouts=1, **(LABELS | options))


def test_without_its_parts_it_is_clipping_to_the_bit() -> None:
    """The true reward, no demonstrations, no penalty."""
    rollouts = [rollout(seed) for seed in range(3)]
    numbers = NUMBERS | {"supervised_coefficient": 0.0}
    ours = updated(TRUE, numbers, rollouts)
    theirs = updated(find_rule("ppo"), dict(CLIP.numbers), rollouts)
    for (mine, told), (other, expected) in zip(ours, theirs, strict=True):
        assert_same(mine.parameters, other.parameters)
        assert_same(mine.rule_state.adam, other.rule_state)
        assert_same({name: told[name] for name in expected}, expected)


def test_after_the_last_label_true_rewards_change_nothing() -> None:
    rollouts = [rollout(seed) for seed in range(5)]
    others = [*rollouts[:2], *(paid(each, 7) for each in rollouts[2:])]
    for mine, other in zip(updated(MODEL, NUMBERS, rollouts), updated(MODEL, NUMBERS, others), strict=True):
        assert_same(mine, other)


def test_before_it_true_rewards_matter_by_which_window_is_preferred_alone() -> None:
    """Twice the rewards decide each comparison alike."""
    rollouts = [rollout(seed) for seed in range(4)]
    doubled = [each.replace(rewards=2 * each.rewards) for each in rollouts]  # type: ignore[attr-defined]
    expected = updated(MODEL, NUMBERS, rollouts)
    for mine, other in zip(updated(MODEL, NUMBERS, doubled), expected, strict=True):
        assert_same(mine, other)
    negated = [each.replace(rewards=-each.rewards) for each in rollouts]  # type: ignore[attr-defined]
    assert differs(updated(MODEL, NUMBERS, negated)[-1], expected[-1])


@pytest.mark.soak
def test_labels_throughout_training_see_later_rewards() -> None:
    """The tenth rollout is compared again; the rollouts between are not."""
    rollouts = [rollout(seed) for seed in range(10)]
    expected = updated(THROUGHOUT, NUMBERS, rollouts)
    between = [paid(each, 7) if 2 <= number < 9 else each for number, each in enumerate(rollouts)]
    assert_same(updated(THROUGHOUT, NUMBERS, between)[-1], expected[-1])
    tenth = [*rollouts[:9], paid(rollouts[9], 7)]
    changed = updated(THROUGHOUT, NUMBERS, tenth)
    assert_same(changed[-2], expected[-2])
    assert differs(changed[-1], expected[-1])


def test_the_schedule_gives_a_quarter_at_first_then_ever_fewer() -> None:
    """By the formula of the paper's rate: over a run of a million steps all labels are given."""
    rule = preferences.Rule(**SETTINGS["preferences"].options)
    numbers = dict(SETTINGS["preferences"].numbers)
    state = initial_state(SMALL, rule, 0, numbers, OBSERVATION, ACTION).rule_state
    counts, updates = [0], 489
    networks = Networks.of(SMALL, ACTION)
    for number in range(updates):
        context = Context(SMALL, networks, progress=number / updates)
        state = dataclasses.replace(state, rollouts=jnp.asarray(number + 1))
        due = int(rule.labels_due(context, state))
        count = jnp.asarray(counts[-1] + due, jnp.int32)
        state = dataclasses.replace(state, comparisons=dataclasses.replace(state.comparisons, count=count))
        counts.append(int(count))
    assert counts[5] == 350
    later = np.diff(counts[10::10])
    assert later[later > 0].tolist() == pytest.approx(np.linspace(later[1], later[-1], len(later)), abs=2)
    assert later[1] > later[-1]
    assert 1380 < counts[-1] <= 1400


def test_first_windows_are_compared_then_values_are_fitted_then_the_policy_learns() -> None:
    rollouts = [rollout(seed) for seed in range(5)]
    states = [initial_states(MODEL, NUMBERS), *(state for state, _ in updated(MODEL, NUMBERS, rollouts))]
    parameters = [of_run(states[0]).parameters, *(state.parameters for state in states[1:])]
    moved = [
        {name: differs(before[name], after[name]) for name in ("policy", "value")}
        for before, after in pairwise(parameters)
    ]
    assert [each["value"] for each in moved] == [False, False, True, True, True]
    assert [each["policy"] for each in moved] == [False, False, False, True, True]


def test_diagnostics() -> None:
    rollouts = [rollout(seed) for seed in range(4)]
    (_, first), *_, (state, last) = updated(MODEL, NUMBERS, rollouts)
    assert first["supervised_kl"] == 0
    assert first["learned_return"] == 0
    assert 0.3 < last["agreement"] <= 1
    assert float(last["supervised_kl"]) == pytest.approx(float(last["kl"]), rel=0.05)
    returns = state.rule_state.returns
    assert float(last["learned_return"]) == pytest.approx(float(returns.mean))


def test_learned_returns_are_summed_over_episodes() -> None:
    returns = LearnedReturns.none()
    returns = returns.after(jnp.array([1.0, 2.0, 4.0]), jnp.array([False, True, False]))
    assert float(returns.mean) == 3
    returns = returns.after(jnp.array([8.0, 16.0]), jnp.array([True, True]))
    assert float(returns.mean) == pytest.approx((3 + 12 + 16) / 3)
    many = LearnedReturns.none().after(jnp.arange(150.0), jnp.ones(150, bool))
    assert float(many.mean) == np.mean(np.arange(50, 150))


def test_a_run_that_imitates_keeps_the_filter_of_the_demonstrations() -> None:
    random = np.random.default_rng(0)
    demonstrations = Demonstrations(
        jnp.asarray(random.normal(5, 1, (200, OBSERVATION)), jnp.float32),
        jnp.asarray(random.normal(2, 0.5, (200, ACTION)), jnp.float32),
    )
    rule = dataclasses.replace(TRUE, demonstrations=True)
    state = initial_state(SMALL, rule, 0, NUMBERS, OBSERVATION, ACTION, demonstrations)
    np.testing.assert_allclose(state.statistics.mean, demonstrations.observations.mean(0), rtol=1e-3)
    assert_same(state.rule_state.supervised, state.parameters["policy"])
    batched = jax.tree.map(lambda leaf: leaf[None], state)
    after, _ = update(SMALL, rule, batched, rollout(0))
    assert_same(of_run(after).statistics, state.statistics)


def kl_to_the_start(supervised_coefficient: float, updates: int) -> float:
    """After updates on rewards that are the sum of the actions: which pulls the policy away."""
    numbers = NUMBERS | {"supervised_coefficient": supervised_coefficient}
    state, networks, random = (
        initial_states(TRUE, numbers),
        Networks.of(SMALL, ACTION),
        np.random.default_rng(0),
    )
    for number in range(updates):
        batch = rollout(number)
        seen = filtered(of_run(state).statistics, batch.observations[:-1, 0]).astype(np.float32)
        policy = networks.policy(of_run(state).parameters["policy"], jnp.asarray(seen))
        actions = policy.mean + jnp.exp(policy.log_std) * random.normal(size=policy.mean.shape)
        actions = jnp.asarray(actions, jnp.float32)
        acted = batch.replace(actions=actions[:, None], rewards=actions.sum(axis=1)[:, None])  # type: ignore[attr-defined]
        state, diagnostics = update(SMALL, TRUE, state, acted, 1 - number / updates)
    return float(of_run(diagnostics)["supervised_kl"])


def test_with_a_large_penalty_the_policy_stays_where_it_was() -> None:
    assert kl_to_the_start(0.0, 12) > 1e-3
    assert kl_to_the_start(1e3, 12) < 1e-4


TOY = Hyperparameters(horizon=256, epochs=5, minibatch_size=64, hidden_sizes=(16, 16))


def ending_chance(rule: UpdateRule, updates: int) -> list[float]:
    """How often the policy ends the episode: by an action above 0. Every step pays 1."""
    networks, observations = Networks.of(TOY, 1), jnp.ones((TOY.horizon + 1, 1))
    state = jax.tree.map(lambda leaf: leaf[None], initial_state(TOY, rule, 0, NUMBERS, 1, 1))
    random, chances = np.random.default_rng(0), []
    for number in range(updates):
        policy = networks.policy(of_run(state).parameters["policy"], jnp.zeros(1))
        noise = random.normal(size=(TOY.horizon, 1))
        actions = np.asarray(policy.mean + np.exp(policy.log_std) * noise, np.float32)
        ends = actions[:, 0] > 0
        chances.append(float(ends.mean()))
        steps = Rollout(
            observations=observations[:, None],
            actions=jnp.asarray(actions)[:, None],
            rewards=jnp.ones((TOY.horizon, 1)),
            ends=jnp.asarray(ends)[:, None],
        )
        state, _ = update(TOY, rule, state, steps, 1 - number / updates)
    return chances


def test_where_only_an_end_costs_the_learned_reward_makes_the_policy_avoid_it() -> None:
    options = {"labels": 200, "label_rollouts": 4, "window": 8, "model_epochs": 20}
    chances = ending_chance(rlhf.Rule(demonstrations=False, value_rollouts=2, **options), 30)
    assert np.mean(chances[:6]) == pytest.approx(0.5, abs=0.1)
    assert np.mean(chances[-3:]) < 0.1
