"""Clip-Higher: PPO's clipping, with a range that is wider above 1 than below.

    min(ρA, clip(ρ, 1 - ε_low, 1 + ε_high) A)

The first of the four techniques of DAPO (Yu et al. 2025, https://arxiv.org/abs/2503.14476), with their
ε_low = 0.2 and ε_high = 0.28. The other three are of language models, and not used here.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from algorithms.rules import Numbers


def objective(
    ratio: Float[Array, "sample"], advantage: Float[Array, "sample"], numbers: Numbers
) -> Float[Array, "sample"]:
    """`numbers`: epsilon_low, epsilon_high."""
    clipped = jnp.clip(ratio, 1 - numbers["epsilon_low"], 1 + numbers["epsilon_high"])
    return jnp.minimum(ratio * advantage, clipped * advantage)
