"""PPO's update against one written separately, and the properties that the paper's formulas give it."""

import dataclasses
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from algorithms.hyperparameters import Choices, Hyperparameters
from algorithms.optimize import order_minibatches
from algorithms.rollout import Rollout, generalized_advantages
from algorithms.rules import Numbers
from algorithms.rules.ppo import Rule
from algorithms.update import act, action_noise, split_key, update
from bench.protocol.settings import adaptive_kl, clipping, fixed_kl, no_clipping
from bench.protocol.variants import VARIANTS
from tests.helpers.learning import (
    ACTION,
    OBSERVATION,
    SMALL,
    initial_states,
    log_density,
    network,
    of_run,
    rollout,
)

RULE = Rule()
initial = partial(initial_states, RULE)


class PlainPolicyGradient:
    """An importance-weighted policy gradient with a baseline, in NumPy's 64 bits but for its gradients.

    Maximizes mean(ρA), as ppo1 orders its operations; nothing is shared with `algorithms`. Of the choices it
    knows those of the learner, but for the initial weights and early stopping.
    """

    def __init__(self, parameters: Any, choices: Choices, stepsize: float) -> None:
        self.choices, self.stepsize = choices, stepsize
        self.parameters = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), parameters)
        zero = jax.tree.map(np.zeros_like, self.parameters)
        self.moments, self.steps, self.clipped = (zero, zero), 0, 0
        self.total, self.squares, self.count = np.zeros(OBSERVATION), np.full(OBSERVATION, 1e-2), 1e-2

    def filtered(self, observations: np.ndarray) -> np.ndarray:
        if self.choices.observation_filter == "none":
            return observations
        mean = self.total / self.count
        variance = self.squares / self.count - mean**2
        return np.clip((observations - mean) / np.sqrt(np.maximum(variance, 1e-2)), -5, 5)

    def update(self, batch: Rollout, orders: list[np.ndarray], remaining: float) -> None:
        raw = np.asarray(batch.observations[:, 0], np.float64)
        rewards, ends = np.asarray(batch.rewards[:, 0], np.float64), np.asarray(batch.ends[:, 0])
        actions = np.asarray(batch.actions[:, 0], np.float64)
        values = np.asarray(network(self.parameters["value"], self.filtered(raw)))[:, 0]
        advantages, following = np.empty(SMALL.horizon), 0.0
        for t in reversed(range(SMALL.horizon)):
            continues = 0.0 if ends[t] else 0.99
            following = rewards[t] + continues * values[t + 1] - values[t] + continues * 0.95 * following
            advantages[t] = following
        targets = advantages + values[:-1]
        if self.choices.advantages == "standardized":
            advantages = (advantages - advantages.mean()) / advantages.std()
        self.total += raw[:-1].sum(axis=0)
        self.squares += (raw[:-1] ** 2).sum(axis=0)
        self.count += SMALL.horizon
        observations = self.filtered(raw[:-1])
        old = log_density(self.parameters["policy"], observations, actions)
        old_values = network(self.parameters["value"], observations)[:, 0]

        arrays = [
            jnp.asarray(array) for array in (observations, actions, advantages, targets, old, old_values)
        ]

        def loss(parameters: Any, rows: np.ndarray) -> Any:
            o, a, advantage, target, log_old, v_old = (array[rows] for array in arrays)
            if self.choices.advantages == "minibatch":
                advantage = (advantage - advantage.mean()) / advantage.std()
            ratio = jnp.exp(log_density(parameters["policy"], o, a) - log_old)
            v = network(parameters["value"], o)[:, 0]
            errors = (v - target) ** 2
            if self.choices.value_loss == "clipped":
                clipped = v_old + jnp.minimum(jnp.maximum(v - v_old, -0.2), 0.2)
                errors = 0.5 * jnp.maximum(errors, (clipped - target) ** 2)
            return errors.mean() - (ratio * advantage).mean()

        gradient = jax.jit(jax.grad(loss))
        for order in orders:
            for rows in order:
                of_rows = jax.tree.map(np.float64, gradient(self.parameters, rows))
                self.adam(of_rows, self.stepsize * remaining)

    def adam(self, gradient: Any, stepsize: float) -> None:
        """Kingma and Ba's algorithm 1 with ε = 1e-5."""
        norm = np.sqrt(sum(np.sum(leaf**2) for leaf in jax.tree.leaves(gradient)))
        if self.choices.gradient_clipping == "global_norm" and norm > 0.5:
            self.clipped += 1
            gradient = jax.tree.map(lambda leaf: leaf / norm * 0.5, gradient)
        self.steps += 1
        first, second = self.moments
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g**2, second, gradient)
        self.moments = first, second
        a, b = 1 - 0.9**self.steps, 1 - 0.999**self.steps
        self.parameters = jax.tree.map(
            lambda p, m, v: p - stepsize * (m / a) / (np.sqrt(v / b) + 1e-5), self.parameters, first, second
        )


def assert_plain(choices: Choices, stepsize: float) -> None:
    """Three updates, so that filter, moments and key carry over; other orders of operations would differ."""
    hyperparameters = dataclasses.replace(SMALL, choices=choices, stepsize=stepsize)
    state = initial(no_clipping(), hyperparameters=hyperparameters)
    reference = PlainPolicyGradient(of_run(state.parameters), choices, stepsize)
    for number, remaining in enumerate((1.0, 2 / 3, 1 / 3)):
        _, shuffle, _ = split_key(state.key[0])
        epochs = jax.random.split(shuffle, SMALL.epochs)
        orders = [np.asarray(order_minibatches(SMALL, key)) for key in epochs]
        state, diagnostics = update(hyperparameters, RULE, state, rollout(number), remaining)
        reference.update(
            rollout(number), orders, 1.0 if choices.stepsize_schedule == "constant" else remaining
        )
        assert diagnostics["finite"][0]
    assert (reference.clipped > 0) == (choices.gradient_clipping == "global_norm")
    for ours, plain in zip(
        jax.tree.leaves(of_run(state.parameters)), jax.tree.leaves(reference.parameters), strict=True
    ):
        np.testing.assert_allclose(ours, plain, rtol=1e-4, atol=1e-5)


def test_without_constraint_it_is_a_plain_policy_gradient() -> None:
    assert_plain(Choices(), 3e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("choices", "stepsize"),
    [
        pytest.param(Choices(advantages="raw"), 3e-4, marks=pytest.mark.soak),
        pytest.param(Choices(advantages="minibatch"), 3e-4, marks=pytest.mark.soak),
        pytest.param(Choices(observation_filter="none"), 3e-4, marks=pytest.mark.soak),
        # So large that values leave their range.
        pytest.param(Choices(value_loss="clipped"), 3e-3, marks=pytest.mark.soak),
        pytest.param(Choices(gradient_clipping="global_norm"), 3e-4, marks=pytest.mark.soak),
        pytest.param(Choices(stepsize_schedule="linear"), 3e-4, marks=pytest.mark.soak),
        # Scaled rewards have a reference of their own, in test_reward_scaling.py.
        (dataclasses.replace(VARIANTS["todays-libraries"].hyperparameters.choices, rewards="unscaled"), 3e-4),
    ],
)
def test_other_choices_are_those_of_a_plain_policy_gradient(choices: Choices, stepsize: float) -> None:
    assert_plain(choices, stepsize)


def test_the_first_ratio_is_one_under_the_new_filter() -> None:
    """Without a step nothing moves though the filter does: both policies are seen through the same one."""
    still = dataclasses.replace(SMALL, stepsize=0.0)
    for surrogate in (clipping(0.1), adaptive_kl(0.01)):
        before = initial(surrogate)
        state, diagnostics = update(still, RULE, before, rollout(1))
        assert diagnostics["kl"][0] == 0.0
        assert diagnostics["clip_fraction"][0] == 0.0
        assert state.statistics.count[0] == np.float32(128.01)
        for leaf, untouched in zip(
            jax.tree.leaves(state.parameters), jax.tree.leaves(before.parameters), strict=True
        ):
            np.testing.assert_array_equal(leaf, untouched)


def test_diagnostics_by_hand() -> None:
    """Recomputed in NumPy from the states before and after the update."""
    for surrogate in (clipping(0.05), fixed_kl(0.5), adaptive_kl(0.01)):
        before, batch = initial(surrogate), rollout(2)
        after, diagnostics = update(SMALL, RULE, before, batch)
        statistics = of_run(after.statistics)
        std = np.sqrt(np.maximum(statistics.squared_deviations / statistics.count, 1e-2))
        raw = np.asarray(batch.observations[:, 0])
        filtered = np.clip((raw[:-1] - statistics.mean) / std, -5, 5)
        old, new = of_run(before.parameters)["policy"], of_run(after.parameters)["policy"]
        (m_old, s_old), (m_new, s_new) = (
            (np.asarray(network(p, filtered), float), np.exp(np.asarray(p["params"]["log_std"], float)))
            for p in (old, new)
        )
        kl = np.log(s_new / s_old) + (s_old**2 + (m_old - m_new) ** 2) / (2 * s_new**2) - 0.5
        assert float(diagnostics["kl"][0]) == pytest.approx(kl.sum(axis=1).mean(), rel=1e-3, abs=1e-7)
        actions = np.asarray(batch.actions[:, 0])
        ratio = np.exp(log_density(new, filtered, actions) - log_density(old, filtered, actions))
        outside = np.abs(ratio - 1) > float(surrogate["clip_range"])
        assert float(diagnostics["clip_fraction"][0]) == pytest.approx(float(outside.mean()), abs=1e-6)
        assert float(diagnostics["policy_std"][0]) == pytest.approx(s_new.mean(), rel=1e-5)
        # The values that made the advantages are those of the initial filter, which only clips.
        values = np.asarray(network(of_run(before.parameters)["value"], np.clip(raw, -5, 5)))[:, 0]
        advantages = generalized_advantages(
            batch.rewards[:, 0], jnp.asarray(values), batch.ends[:, 0], discount=0.99, gae_lambda=0.95
        )
        explained = 1 - np.var(advantages) / np.var(advantages + values[:-1])
        assert float(diagnostics["explained_variance"][0]) == pytest.approx(float(explained), abs=1e-4)


def test_beta_adapts_once_an_update_and_serves_the_next() -> None:
    state, used = initial(adaptive_kl(1e-9)), []
    for number in range(4):
        state, diagnostics = update(SMALL, RULE, state, rollout(number))
        assert diagnostics["kl"][0] > 1.5e-9
        used.append(float(diagnostics["kl_coefficient"][0]))
    assert used == [1.0, 2.0, 4.0, 8.0]
    assert state.numbers["kl_coefficient"][0] == 16.0


def test_penalties_hold_the_policy_back() -> None:
    def kl(surrogate: Numbers) -> float:
        _, diagnostics = update(SMALL, RULE, initial(surrogate), rollout(0))
        return float(diagnostics["kl"][0])

    free = kl(no_clipping())
    assert kl(fixed_kl(100.0)) < kl(fixed_kl(1.0)) < free
    assert kl(clipping(0.01)) < free


@given(st.integers(0, 2**31))
@settings(max_examples=20)
def test_an_epoch_has_32_full_minibatches_that_cover_each_sample_once(seed: int) -> None:
    order = np.asarray(order_minibatches(Hyperparameters(), jax.random.key(seed)))
    assert order.shape == (32, 64)
    np.testing.assert_array_equal(np.sort(order, axis=None), np.arange(2048))


def test_all_orders_of_an_epoch_are_equally_likely() -> None:
    four = Hyperparameters(horizon=4, minibatch_size=4)
    keys = jax.random.split(jax.random.key(0), 24_000)
    orders = np.asarray(jax.vmap(partial(order_minibatches, four))(keys)).reshape(-1, 4)
    _, counts = np.unique(orders, axis=0, return_counts=True)
    assert len(counts) == 24
    assert chisquare(counts).pvalue > 0.001


def test_each_epoch_and_update_shuffles_anew() -> None:
    keys = jax.random.split(jax.random.key(0), 10)
    orders = {np.asarray(order_minibatches(SMALL, key)).tobytes() for key in keys}
    assert len(orders) == 10


def test_minibatches_must_divide_the_horizon() -> None:
    with pytest.raises(ValueError, match="do not divide"):
        Hyperparameters(horizon=100, minibatch_size=64)


def test_rows_share_weights_and_noise_of_a_seed_and_seeds_differ() -> None:
    states = [initial(no_clipping(), 3), initial(fixed_kl(3.0), 3), initial(no_clipping(), 4)]
    noise = [np.asarray(action_noise(SMALL, state.key, ACTION)) for state in states]
    weights = [np.asarray(state.parameters["policy"]["params"]["Dense_0"]["kernel"]) for state in states]
    np.testing.assert_array_equal(noise[0], noise[1])
    np.testing.assert_array_equal(weights[0], weights[1])
    assert (noise[0] != noise[2]).all()
    assert (weights[0] != weights[2]).all()


def test_actions_are_the_policys_mean_and_noise() -> None:
    state = initial(no_clipping())
    observations, noise = jnp.full((1, OBSERVATION), 0.7), jnp.array([[1.0, -50.0]])
    action = act(SMALL, state.actor, observations, noise)
    mean = network(of_run(state.parameters)["policy"], observations / np.sqrt(1.0))
    np.testing.assert_allclose(action, mean + noise, rtol=1e-5)


def test_a_rollout_that_is_not_finite_is_noticed() -> None:
    broken = rollout(0)
    broken = dataclasses.replace(broken, rewards=broken.rewards.at[5].set(jnp.inf))
    _, diagnostics = update(SMALL, RULE, initial(clipping(0.2)), broken)
    assert not diagnostics["finite"][0]
