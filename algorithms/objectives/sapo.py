"""Soft Adaptive Policy Optimization: a sigmoid of the ratio in place of clipping.

    (4 / τ) σ(τ (ρ - 1)) A,    τ = τ_positive where A > 0, else τ_negative

Gao et al. 2025 (https://arxiv.org/abs/2511.20347), with their τ_positive = 1 and τ_negative = 1.05, chosen
for language models. At ρ = 1 the gradient is that of ρA.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from algorithms.rules import Numbers


def objective(
    ratio: Float[Array, "sample"], advantage: Float[Array, "sample"], numbers: Numbers
) -> Float[Array, "sample"]:
    """`numbers`: tau_positive, tau_negative."""
    tau = jnp.where(advantage > 0, numbers["tau_positive"], numbers["tau_negative"])
    return 4 / tau * jax.nn.sigmoid(tau * (ratio - 1)) * advantage
