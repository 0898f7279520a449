"""The supervised policy alone (the lecture's step 1): a run starts with it, and nothing improves it."""

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Key

from algorithms.optimize import Context
from algorithms.rules import Experience, FeedbackRule, Improvement, Numbers


@dataclass(frozen=True)
class Rule(FeedbackRule):
    """The policy acts as it was fitted to demonstrations; see `algorithms/demonstrations.py`."""

    @property
    def imitates(self) -> bool:
        """A run starts from the supervised policy."""
        return True

    def improve(
        self,
        context: Context,
        parameters: dict[str, Any],
        rule_state: Any,
        numbers: Numbers,
        experience: Experience,
        key: Key[Array, ""],
    ) -> Improvement:
        """The same parameters."""
        return Improvement(parameters, rule_state, losses=jnp.zeros(()), value_losses=jnp.zeros(()))
