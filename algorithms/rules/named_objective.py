"""PPO with an objective of `algorithms/objectives`, in place of the paper's. All else is as in PPO."""

from dataclasses import dataclass
from typing import Any

from jaxtyping import Array, Float

from algorithms.objectives import find_objective
from algorithms.optimize import Context
from algorithms.rollout import Samples
from algorithms.rules import Experience, Numbers, own_objective, ppo


@dataclass(frozen=True)
class Rule(ppo.SurrogateRule):
    """PPO that maximizes the objective of this name. Its numbers are the objective's."""

    name: str

    def objective(
        self,
        context: Context,
        parameters: dict[str, Any],
        numbers: Numbers,
        experience: Experience,
        minibatch: Samples,
    ) -> Float[Array, ""]:
        """The mean of the objective over the minibatch's samples."""
        rule = own_objective.Rule(find_objective(self.name))
        return rule.objective(context, parameters, numbers, experience, minibatch)
