"""CISPO: the policy gradient, whose importance weight is clipped from above and not differentiated.

    sg(min(ρ, 1 + ε)) A log ρ,    sg: without a gradient

MiniMax 2025 (https://arxiv.org/abs/2506.13585), which has log π in place of log ρ: the gradient is the same.
As in its experiments the weight has no lower bound. Its ε was tuned for a language model; 0.28 is a library's
default (Trinity-RFT, `cispo_policy_loss.py`). No sample is ever without a gradient.
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
    """`numbers`: epsilon."""
    weight = jax.lax.stop_gradient(jnp.minimum(ratio, 1 + numbers["epsilon"]))
    return weight * advantage * log_ratio
