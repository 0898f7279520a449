"""Episodes of a final policy: those of a plain loop over Gymnasium, on starts that no training saw."""

import dataclasses
import warnings
from itertools import pairwise

import gymnasium
import jax
import numpy as np
import pytest
from gymnasium.utils import seeding

from algorithms.rollout import standard_deviation
from algorithms.update import action_noise as training_noise
from bench.environments.batch import Environments
from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.protocol import DEFAULT, PLANNED_SEEDS, Run
from bench.protocol.settings import LECTURE_SETTINGS, PAPER_SETTINGS
from bench.protocol.variants import VARIANTS
from bench.results.policies import Policy, load_policy
from bench.training.evaluation import action_noise, play, start_seed
from bench.training.training import actor_of, policy_of
from tests.helpers.processes import ROOT

RUN = Run("InvertedPendulum-v4", "clip-0.2", 3)


def constant_policy(action: list[float], std: float, observations: int = 4) -> Policy:
    """A policy with the same Gaussian everywhere: all weights are 0."""
    sizes = (observations, 64, 64, len(action))
    biases = [np.zeros(64), np.zeros(64), np.array(action)]
    weights = [np.zeros(shape, np.float32) for shape in pairwise(sizes)]
    return Policy(
        observation_mean=np.zeros(observations, np.float32),
        observation_std=np.ones(observations, np.float32),
        observation_clip=np.asarray(5, np.float32),
        layers=tuple(zip(weights, [bias.astype(np.float32) for bias in biases], strict=True)),
        log_std=np.full(len(action), np.log(std), np.float32),
    )


def played(environment: str, seed: int, actions: np.ndarray) -> tuple[float, int]:
    """Return and length of one episode of Gymnasium's environment."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        env = gymnasium.make(environment)
    env.reset(seed=seed)
    rewards: list[float] = []
    ended = False
    while not ended:
        _, reward, terminated, truncated, _ = env.step(actions[len(rewards)])
        rewards.append(float(reward))
        ended = terminated or truncated
    return sum(rewards), len(rewards)


def test_a_constant_policy_s_episodes_are_those_of_a_plain_loop() -> None:
    """Mean actions push with 0.5 N m; sampled ones are 0.5 + 2 times the noise."""
    returns, lengths = play(RUN, constant_policy([0.5], 2.0), 2, DEFAULT)
    noise = np.asarray(action_noise(3, 2, 1000, 1), np.float64)
    for episode in range(2):
        for mode, std in enumerate((2.0, 0.0)):
            expected = played(RUN.environment, start_seed(3, episode), 0.5 + std * noise[:, episode])
            assert (returns[mode, episode], lengths[mode, episode]) == expected
    # The pole falls by itself, long before the time limit.
    assert lengths.max() < 200


def test_an_episode_ends_at_the_time_limit_and_actions_are_clipped_where_the_protocol_does() -> None:
    """An action of 3 costs 2 x 3² in each of Reacher's 50 steps, and 2 x 1² where it is clipped."""
    policy = constant_policy([3, 3], 1e-6, observations=11)
    run = dataclasses.replace(RUN, environment="Reacher-v4")
    unclipped, lengths = play(run, policy, 2, DEFAULT)
    clipped, _ = play(run, policy, 2, VARIANTS["clipped-actions"])
    assert lengths.tolist() == [[50, 50], [50, 50]]
    # MuJoCo bounds the torques, so the arm moves alike.
    np.testing.assert_allclose(clipped - unclipped, 50 * 2 * (9 - 1), rtol=1e-5)


def test_an_episode_does_not_depend_on_those_beside_it() -> None:
    run = Run("Reacher-v4", "clip-0.2", 0)
    policy = load_policy(ROOT / "results" / "policies" / "Reacher-v4" / "clip-0.2" / "seed-00.npz")
    few, more = play(run, policy, 2, DEFAULT), play(run, policy, 5, DEFAULT)
    for alone, beside in zip(few, more, strict=True):
        np.testing.assert_array_equal(alone, beside[:, :2])


def test_the_mean_actions_are_those_that_numpy_gives() -> None:
    """But for rounding, over an episode of Reacher, which is short."""
    run = Run("Reacher-v4", "clip-0.2", 0)
    policy = load_policy(ROOT / "results" / "policies" / "Reacher-v4" / "clip-0.2" / "seed-00.npz")
    environments, total = Environments(run.environment, [start_seed(0, 1)]), 0.0
    for _ in range(50):
        total += float(environments.step(policy(environments.observations), np.ones(1, bool)).rewards[0])
    returns, _ = play(run, policy, 2, DEFAULT)
    assert returns[1, 1] == pytest.approx(total, rel=1e-4)


def test_an_action_that_is_not_finite_ends_the_episode() -> None:
    returns, lengths = play(RUN, constant_policy([np.inf], 1.0), 2, DEFAULT)
    assert returns.tolist() == lengths.tolist() == [[0, 0], [0, 0]]


def test_no_training_has_the_generator_of_a_start() -> None:
    states = [seeding.np_random(seed)[0].bit_generator.state for seed in range(PLANNED_SEEDS)]
    starts = [start_seed(seed, episode) for seed in range(PLANNED_SEEDS) for episode in range(100)]
    states += [seeding.np_random(start)[0].bit_generator.state for start in starts]
    assert len({(state["state"]["state"], state["state"]["inc"]) for state in states}) == 21 * 101


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_starts_are_not_those_of_training(environment: str) -> None:
    """Of seed 0's first 300 episodes of training."""
    training = Environments(environment, [0])
    seen = {tuple(training._task.start(training._random[0])[0]) for _ in range(300)}
    evaluation = Environments(environment, [start_seed(0, episode) for episode in range(100)])
    starts = {tuple(positions) for positions in evaluation._task.positions}
    assert (len(seen), len(starts), seen & starts) == (300, 100, set())


def test_noise_is_not_that_of_training() -> None:
    # As `algorithms.update.initial_state` does; the other two are of the weights.
    *_, run_key = jax.random.split(jax.random.key(3), 3)
    keys = jax.random.key_data(run_key)[None]
    training = np.ravel(training_noise(DEFAULT.hyperparameters, keys, 1)).tolist()
    evaluation = np.asarray(action_noise(3, 2, 1000, 1))
    pairs = {pair for episode in evaluation[..., 0].T.tolist() for pair in pairwise(episode)}
    # Each episode has noise of its own.
    assert len(pairs) == 2 * 999
    assert not pairs & set(pairwise(training))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_stored_policy_acts_with_the_bits_that_it_was_trained_with(environment: str) -> None:
    """The filter's standard deviation comes back from its square, whatever it is."""
    for setting in (*PAPER_SETTINGS, *LECTURE_SETTINGS):
        path = ROOT / "results" / "policies" / environment / setting / "seed-00.npz"
        policy = load_policy(path)
        actor = actor_of(policy)
        statistics = jax.tree.map(lambda leaf: leaf[0], actor.statistics)
        np.testing.assert_array_equal(standard_deviation(statistics), policy.observation_std)
        assert policy_of(DEFAULT.hyperparameters.choices, actor).to_bytes() == path.read_bytes()
