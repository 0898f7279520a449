"""Learning from preferences without demonstrations (Christiano et al. 2017, arXiv:1706.03741).

As `rlhf.py`, but the labels are spread over training. The untrained policy acts for the first rollouts, from
which a quarter of the windows is compared. Later, after every tenth rollout, windows of that rollout are
compared and the reward model is fitted again. The rate of labels falls with the timesteps T as in that paper:

    rate ∝ 2·10⁶ / (T + 2·10⁶)

After the share p of a run of 10⁶ steps ¼ + ¾ log(1 + p/2) / log(3/2) of the labels are given. The observation
filter goes on learning, and nothing holds the policy back.
"""

import math
from dataclasses import dataclass

import jax.numpy as jnp
from jaxtyping import Array, Bool, Int

from algorithms.optimize import Context
from algorithms.rules import rlhf

# Rollouts from one labelling to the next.
INTERVAL = 10
FIRST_SHARE = 0.25


@dataclass(frozen=True)
class Rule(rlhf.Rule):
    """PPO on a reward model that is fitted again as labels come. Numbers and options are those of `rlhf`."""

    @property
    def labels_a_rollout(self) -> int:
        """As many as give the first share of the labels."""
        return math.ceil(FIRST_SHARE * self.labels / self.label_rollouts)

    def labels_due(self, context: Context, state: rlhf.FeedbackState) -> Int[Array, ""]:
        """In a label rollout the largest number, later what is missing by the schedule up to that number."""
        assert state.comparisons is not None
        later = jnp.log1p(jnp.asarray(context.progress) / 2) / math.log(1.5)
        wanted = jnp.round(self.labels * (FIRST_SHARE + (1 - FIRST_SHARE) * later)).astype(jnp.int32)
        missing = jnp.where(state.rollouts % INTERVAL == 0, wanted - state.comparisons.count, 0)
        begins = state.rollouts <= self.label_rollouts
        return jnp.where(begins, self.labels_a_rollout, jnp.clip(missing, 0, self.labels_a_rollout))

    def model_is_due(self, due: Int[Array, ""], state: rlhf.FeedbackState) -> Bool[Array, ""]:
        """Whenever windows were compared."""
        return due > 0
