"""Simple Policy Optimization: a parabola in the ratio, whose top lies at the end of the clip range.

    ρA - |A| (ρ - 1)² / (2ε)

Xie et al. 2024 (https://arxiv.org/abs/2401.16025), with their ε = 0.2. Where clipping has no gradient, this
pulls the ratio back.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from algorithms.rules import Numbers


def objective(
    ratio: Float[Array, "sample"], advantage: Float[Array, "sample"], numbers: Numbers
) -> Float[Array, "sample"]:
    """`numbers`: epsilon."""
    penalty = jnp.abs(advantage) * jnp.square(ratio - 1) / (2 * numbers["epsilon"])
    return ratio * advantage - penalty
