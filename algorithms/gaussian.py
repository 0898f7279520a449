"""Diagonal Gaussian action distribution with a standard deviation that does not depend on the state."""

import math

import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Float


@struct.dataclass
class DiagonalGaussian:
    """A batch of independent normal distributions over actions (PPO paper, section 6.1).

    mean: `[..., action]`
    log_std: `[action]`, or any shape that broadcasts against `mean`.
    """

    mean: Float[Array, "*batch action"]
    log_std: Float[Array, "*#batch action"]


def sample(policy: DiagonalGaussian, noise: Float[Array, "*batch action"]) -> Float[Array, "*batch action"]:
    """Actions from standard normal `noise`. Never clipped or squashed, as in OpenAI's `ppo1`."""
    return policy.mean + jnp.exp(policy.log_std) * noise


def log_probability(
    policy: DiagonalGaussian, actions: Float[Array, "*batch action"]
) -> Float[Array, "*batch"]:
    """Log π(a), summed over the action's dimensions."""
    standardized = (actions - policy.mean) * jnp.exp(-policy.log_std)
    return -jnp.sum(0.5 * jnp.square(standardized) + policy.log_std + 0.5 * math.log(2 * math.pi), axis=-1)


def kl_divergence(old: DiagonalGaussian, new: DiagonalGaussian) -> Float[Array, "*batch"]:
    """KL(old ‖ new), in nats, summed over the action's dimensions.

    `log(σ_new/σ_old) + (σ_old² + (μ_old - μ_new)²) / (2 σ_new²) - 1/2`
    """
    variance_ratio = jnp.exp(2 * (old.log_std - new.log_std))
    standardized_shift = (old.mean - new.mean) * jnp.exp(-new.log_std)
    return jnp.sum(
        new.log_std - old.log_std + 0.5 * (variance_ratio + jnp.square(standardized_shift)) - 0.5,
        axis=-1,
    )
