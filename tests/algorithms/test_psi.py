"""The six Ψ on a Markov decision process whose trajectories are all enumerated, in 64 bits.

Two states, two actions, an end, and rollouts of three steps. Either every episode ends with the third step at
the latest, or the rollout cuts it there, and it goes on with a value that is known.
"""

import itertools
from collections.abc import Iterator
from functools import partial
from typing import Any, get_args

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.special import softmax

from algorithms.rollout import generalized_advantages
from algorithms.rules.policy_gradient import Psi, discount_weights, psi_weights

pytestmark = pytest.mark.slow

STATES, ACTIONS, STEPS = 2, 2, 3
END = STATES
DISCOUNT, LAMBDA = 0.9, 0.6
SIX: tuple[Psi, ...] = get_args(Psi)

random = np.random.default_rng(0)
START = np.array([0.4, 0.6])
# From a state, by an action, into a state or the end.
TRANSITIONS = random.dirichlet([3.0, 3.0, 1.0], size=(STATES, ACTIONS))
REWARDS = np.array([[1.0, 2.0], [3.0, 1.5], [0.0, 0.0]])
LOGITS = np.array([[0.3, -0.2], [0.0, 0.5]])


@pytest.fixture(autouse=True)
def double_precision() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


@pytest.fixture(params=["ended", "cut"])
def last_values(request: pytest.FixtureRequest) -> np.ndarray:
    """What follows the third step in each state, and at the end."""
    return np.array([4.0, -1.0, 0.0]) if request.param == "cut" else np.zeros(STATES + 1)


def exact(logits: Any, last_values: np.ndarray) -> tuple[Any, Any]:
    """V `[step + 1, state]` and Q `[step, state, action]`, the end among the states; dynamic programming."""
    policy = jnp.append(jax.nn.softmax(logits), jnp.zeros((1, ACTIONS)), axis=0)
    transitions = np.append(TRANSITIONS, np.zeros((1, ACTIONS, STATES + 1)), axis=0)
    values, action_values = [jnp.asarray(last_values)], list[Any]()
    for _ in range(STEPS):
        action_values.insert(0, REWARDS + DISCOUNT * transitions @ values[0])
        values.insert(0, jnp.sum(policy * action_values[0], axis=1))
    return jnp.stack(values), jnp.stack(action_values)


def trajectories() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probability, states `[trajectory, step + 1]` and actions `[trajectory, step]` of all of them."""
    policy = softmax(LOGITS, axis=1)

    def grown(probability: float, states: list[int], actions: list[int]) -> Iterator[tuple[Any, ...]]:
        missing = STEPS - len(actions)
        if not missing or states[-1] == END:
            yield probability, [*states, *[END] * missing], [*actions, *[0] * missing]
            return
        for action, following in itertools.product(range(ACTIONS), range(STATES + 1)):
            likely = policy[states[-1], action] * TRANSITIONS[states[-1], action, following]
            yield from grown(probability * likely, [*states, following], [*actions, action])

    found = [each for state in range(STATES) for each in grown(START[state], [state], [])]
    probabilities, states, actions = zip(*found, strict=True)
    return np.array(probabilities), np.array(states), np.array(actions)


PROBABILITIES, VISITED, ACTIONS_TAKEN = trajectories()


def estimates(psi: Psi, last_values: np.ndarray) -> np.ndarray:
    """Ψ of each trajectory and step, with the exact V."""
    ends = VISITED[:, 1:] == END
    ends[:, -1] |= not last_values.any()
    values, _ = exact(LOGITS, last_values)
    # After an end comes another episode, whose value must not count.
    of_visited = np.where(VISITED == END, 123.0, values[np.arange(STEPS + 1), VISITED])
    estimated: Any = partial(psi_weights, psi, discount=DISCOUNT, gae_lambda=LAMBDA)
    return np.asarray(jax.vmap(estimated)(REWARDS[VISITED[:, :-1], ACTIONS_TAKEN], of_visited, ends))


def mean_and_variance(psi: np.ndarray) -> tuple[np.ndarray, float]:
    """Of Σ γ^t Ψ_t ∇ log π over all trajectories; the variance is summed over the policy's parameters."""
    scores = np.zeros((STATES + 1, ACTIONS, STATES, ACTIONS))
    scores[:END] = jax.jacobian(jax.nn.log_softmax)(LOGITS)
    weights = jax.vmap(partial(discount_weights, discount=DISCOUNT))(VISITED[:, 1:] == END)
    gradients = np.einsum("it,it,itsa->isa", weights, psi, scores[VISITED[:, :-1], ACTIONS_TAKEN])
    mean = np.einsum("i,isa->sa", PROBABILITIES, gradients)
    return mean, float(np.einsum("i,isa->", PROBABILITIES, (gradients - mean) ** 2))


def derivative(last_values: np.ndarray) -> np.ndarray:
    def expected_return(logits: Any) -> Any:
        return START @ exact(logits, last_values)[0][0, :END]

    return np.asarray(jax.grad(expected_return)(LOGITS))


def test_all_trajectories_are_there() -> None:
    assert PROBABILITIES.sum() == pytest.approx(1, abs=1e-12)
    assert len(np.unique(np.hstack([VISITED, ACTIONS_TAKEN]), axis=0)) == len(PROBABILITIES)


@pytest.mark.parametrize("psi", SIX)
def test_each_psi_gives_the_derivative_of_the_return(psi: Psi, last_values: np.ndarray) -> None:
    mean, _ = mean_and_variance(estimates(psi, last_values))
    np.testing.assert_allclose(mean, derivative(last_values), rtol=0, atol=1e-9)
    assert np.abs(mean).max() > 0.1


def test_exact_action_values_and_advantages_do_so_too(last_values: np.ndarray) -> None:
    """Ψ 2 and 5 as the lecture writes them; and without the first factor, γ^t, the gradient is another."""
    values, action_values = (np.asarray(each) for each in exact(LOGITS, last_values))
    steps, before = np.arange(STEPS), VISITED[:, :-1]
    q = action_values[steps, before, ACTIONS_TAKEN]
    for psi in (q, q - values[steps, before]):
        mean, _ = mean_and_variance(psi)
        np.testing.assert_allclose(mean, derivative(last_values), rtol=0, atol=1e-9)
        undiscounted, _ = mean_and_variance(psi / DISCOUNT**steps)
        assert np.abs(undiscounted - derivative(last_values)).max() > 1e-3


def test_the_action_value_s_estimator_is_right_in_expectation(last_values: np.ndarray) -> None:
    """Among all trajectories that begin with a state and an action, the λ-return averages to Q."""
    _, action_values = exact(LOGITS, last_values)
    psi = estimates("action_value", last_values)[:, 0]
    for state, action in itertools.product(range(STATES), range(ACTIONS)):
        begin = (VISITED[:, 0] == state) & (ACTIONS_TAKEN[:, 0] == action)
        mean = np.average(psi[begin], weights=PROBABILITIES[begin])
        assert mean == pytest.approx(float(action_values[0, state, action]), abs=1e-9)


def test_the_variances_are_ordered_as_the_notebook_says(last_values: np.ndarray) -> None:
    variance = {psi: mean_and_variance(estimates(psi, last_values))[1] for psi in SIX}
    order = ("total_reward", "reward_to_go", "action_value", "baseline", "advantage", "td_residual")
    assert sorted(SIX, key=lambda psi: -variance[psi]) == list(order), variance


compiled = jax.jit(partial(psi_weights, discount=0.9, gae_lambda=0.8), static_argnums=0)
compiled_gae = jax.jit(partial(generalized_advantages, discount=0.9, gae_lambda=0.8))

REWARD_LISTS = hnp.arrays(np.float64, 12, elements=st.floats(-5, 5))
FLAGS = hnp.arrays(bool, 12)


def sums_of_pairs(rewards: np.ndarray, ends: np.ndarray, discount: float, last: float) -> tuple[Any, Any]:
    """Rewards before each step, and from it on, by their definitions: a sum over pairs of steps."""
    episode = np.append(0, np.cumsum(ends)[:-1])
    before, to_go = np.zeros(12), np.zeros(12)
    for t, k in itertools.product(range(12), range(12)):
        if episode[t] == episode[k]:
            if k < t:
                before[t] += rewards[k]
            else:
                to_go[t] += discount ** (k - t) * rewards[k]
    if not ends[-1]:
        unfinished = np.flatnonzero(episode == episode[-1])
        to_go[unfinished] += discount ** (12.0 - unfinished) * last
    return before, to_go


@given(REWARD_LISTS, REWARD_LISTS, FLAGS, st.floats(-5, 5))
def test_each_psi_by_its_definition(
    rewards: np.ndarray, values: np.ndarray, ends: np.ndarray, last: float
) -> None:
    extended = np.append(values, last)
    arrays = [jnp.asarray(array) for array in (rewards, extended, ends)]
    before, to_go = sums_of_pairs(rewards, ends, 0.9, last)
    advantage = compiled_gae(*arrays)
    expected = {
        "total_reward": before + to_go,
        "action_value": advantage + values,
        "reward_to_go": to_go,
        "baseline": to_go - values,
        "advantage": advantage,
        "td_residual": rewards + 0.9 * np.where(ends, 0, extended[1:]) - values,
    }
    for psi in SIX:
        found = compiled(psi, *arrays)
        np.testing.assert_allclose(found, expected[psi], rtol=0, atol=1e-9, err_msg=psi)


def test_discounts_of_states_by_hand() -> None:
    weights = discount_weights(jnp.array([False, False, True, False]), 0.5)
    np.testing.assert_array_equal(weights, [1, 0.5, 0.25, 1])
