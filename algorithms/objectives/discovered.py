"""Discovered Policy Optimisation: ρA less a drift that meta-learning found, written as a formula.

    ρA - relu(g - w tanh(g / w)),    g = (ρ - 1) A,  w = a    where A ≥ 0
                                     g = A log ρ,    w = b    where A < 0

Lu et al. 2022 (https://arxiv.org/abs/2210.05639), with their a = 2 and b = 0.6, there called α and β.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from algorithms.rules import Numbers


def objective(
    ratio: Float[Array, "sample"],
    log_ratio: Float[Array, "sample"],
    advantage: Float[Array, "sample"],
    numbers: Numbers,
) -> Float[Array, "sample"]:
    """`numbers`: a, b."""
    is_good = advantage >= 0
    gain = jnp.where(is_good, ratio - 1, log_ratio) * advantage
    width = jnp.where(is_good, numbers["a"], numbers["b"])
    return ratio * advantage - jax.nn.relu(gain - width * jnp.tanh(gain / width))
