"""Truly PPO: a penalty on the KL, for samples that would gain from leaving the trust region.

    ρA - α KL    where KL ≥ δ and ρA > A
    ρA - δ       elsewhere,                 KL = KL(π_old ‖ π) at the sample's state

Wang, He and Tan 2019 (https://arxiv.org/abs/1903.07940). δ = 0.03 nats and α = 5, as for MuJoCo (but
Humanoid) in the authors' code (github.com/wangyuhuix/TrulyPPO, `run.py`). That code leaves out the
constant δ, which has no gradient.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from algorithms.rules import Numbers


def objective(
    ratio: Float[Array, "sample"],
    kl: Float[Array, "sample"],
    advantage: Float[Array, "sample"],
    numbers: Numbers,
) -> Float[Array, "sample"]:
    """`numbers`: kl_radius δ in nats, kl_coefficient α."""
    rolled_back = (kl >= numbers["kl_radius"]) & (ratio * advantage > advantage)
    penalty = jnp.where(rolled_back, numbers["kl_coefficient"] * kl, numbers["kl_radius"])
    return ratio * advantage - penalty
