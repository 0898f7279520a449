"""A penalty on the reverse KL.

    ρA - β KL(π ‖ π_old)

Hsu, Mendler-Dünner and Hardt 2020 (https://arxiv.org/abs/2009.10897). β = 1, as in this suite's fixed-kl-1,
from which only the direction of the KL differs. The authors' code takes 3
(github.com/chloechsu/revisiting-ppo, `src/kl_direction/setup_agents.py`).
"""

from jaxtyping import Array, Float

from algorithms.rules import Numbers


def objective(
    ratio: Float[Array, "sample"],
    reverse_kl: Float[Array, "sample"],
    advantage: Float[Array, "sample"],
    numbers: Numbers,
) -> Float[Array, "sample"]:
    """`numbers`: kl_coefficient β."""
    return ratio * advantage - numbers["kl_coefficient"] * reverse_kl
