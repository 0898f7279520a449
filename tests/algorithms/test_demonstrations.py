"""The supervised policy: what it recovers, and its bounds."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from algorithms.demonstrations import (
    SMALLEST_LOG_STD,
    Demonstrations,
    demonstrated_statistics,
    imitate,
    imitation_loss,
)
from algorithms.hyperparameters import Hyperparameters
from algorithms.networks import Networks
from algorithms.rollout import filter_observations

SMALL = Hyperparameters(hidden_sizes=(16, 16))
NETWORKS = Networks.of(SMALL, 2)
CHOICES = SMALL.choices
imitated = jax.jit(imitate, static_argnums=(0, 1))


def demonstrations_of(std: tuple[float, float], steps: int = 3000) -> tuple[Demonstrations, np.ndarray]:
    """Actions of a Gaussian policy whose mean is linear in the observation, and these means."""
    random = np.random.default_rng(0)
    observations = random.normal(2, 3, (steps, 3))
    means = 0.3 * observations[:, :2] - 0.2 * observations[:, 2:]
    actions = means + random.normal(size=(steps, 2)) * std
    return Demonstrations(jnp.asarray(observations, jnp.float32), jnp.asarray(actions, jnp.float32)), means


def fit(demonstrations: Demonstrations) -> Any:
    start = NETWORKS.initial(jax.random.key(0), jax.random.key(1), 3)["policy"]
    return imitated(CHOICES, NETWORKS, start, demonstrations, jax.random.key(2))


def test_a_known_gaussian_policy_is_recovered() -> None:
    demonstrations, means = demonstrations_of((0.5, 1.0))
    statistics = demonstrated_statistics(CHOICES, demonstrations)
    filtered = filter_observations(CHOICES, statistics, demonstrations.observations)
    policy = NETWORKS.policy(fit(demonstrations), filtered)
    np.testing.assert_allclose(np.exp(policy.log_std), (0.5, 1.0), rtol=0.1)
    assert float(np.std(policy.mean - means)) < 0.2
    assert float(np.std(means)) > 1


def test_the_std_of_actions_without_noise_becomes_small_and_stays_above_its_bound() -> None:
    demonstrations, _ = demonstrations_of((0.0, 0.0))
    log_std = fit(demonstrations)["params"]["log_std"]
    assert (log_std >= SMALLEST_LOG_STD).all()
    assert (log_std < -1).all()


def test_loss_by_hand() -> None:
    """A network without weights: mean 0 and std 1, so the loss is ½ a² + ½ log 2π for each dimension."""
    zero = jax.tree.map(jnp.zeros_like, NETWORKS.initial(jax.random.key(0), jax.random.key(0), 3)["policy"])
    loss = imitation_loss(NETWORKS, zero, jnp.zeros((2, 3)), jnp.array([[1.0, 0.0], [2.0, 1.0]]))
    assert float(loss) == pytest.approx((0.5 + 2 + 0.5) / 2 + np.log(2 * np.pi))


def test_the_filter_is_that_of_the_demonstrations() -> None:
    demonstrations, _ = demonstrations_of((1.0, 1.0))
    statistics = demonstrated_statistics(CHOICES, demonstrations)
    filtered = filter_observations(CHOICES, statistics, demonstrations.observations)
    np.testing.assert_allclose(np.mean(filtered, axis=0), 0, atol=0.02)
    np.testing.assert_allclose(np.std(filtered, axis=0), 1, atol=0.02)
