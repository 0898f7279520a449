"""PPO-Clip as the lecture's Algorithm 1: the policy first, then the values by regression on rewards-to-go.

    θ ← argmax E[ min(ρA, clip(ρ, 1 - ε, 1 + ε) A) ]
    φ ← argmin E[ (V_φ(s_t) - Σ_{k≥t} γ^{k-t} r_k)² ]

What the lecture leaves open is as in `ppo.py`: 10 epochs of minibatches of 64, Adam at 3e-4 for each network,
A = GAE(γ, λ), standardized. An episode that the rollout cuts is continued with V, as Spinning Up does.

Adam treats each parameter by itself, and the networks share none: to minimize the two losses one after the
other is to minimize their sum. So one difference from `ppo.py` remains, the targets of V. There they are the
λ-returns `GAE(γ, λ) + V`.
"""

from dataclasses import dataclass, replace
from typing import Any

from jaxtyping import Array, Float, Key

from algorithms.advantages import rewards_to_go
from algorithms.early_stopping import goes_on
from algorithms.gaussian import DiagonalGaussian
from algorithms.hyperparameters import Hyperparameters
from algorithms.minibatches import adam, fit_values, minimize
from algorithms.networks import policy_at
from algorithms.rules import ppo
from algorithms.types import Experience, Improvement, Numbers, Samples


@dataclass(frozen=True)
class Rule(ppo.Rule):
    """As PPO's rule, with its numbers, columns and option, but for how the values are fitted."""

    def initial(self, hyperparameters: Hyperparameters, parameters: dict[str, Any]) -> Any:
        """Adam's moments of each network."""
        return {name: adam(hyperparameters).init(network) for name, network in parameters.items()}

    def improve(
        self,
        hyperparameters: Hyperparameters,
        parameters: dict[str, Any],
        rule_state: Any,
        numbers: Numbers,
        experience: Experience,
        key: Key[Array, ""],
    ) -> Improvement:
        """The parameters after all epochs of the policy, then of the values."""
        samples = experience.samples

        def loss(policy: dict[str, Any], minibatch: Samples) -> tuple[Float[Array, ""], Float[Array, ""]]:
            new = policy_at(hyperparameters, policy, minibatch.observations)
            old = DiagonalGaussian(mean=minibatch.old_means, log_std=experience.old_log_std)
            minimized = -self._objective(numbers, old, new, minibatch)
            return minimized, minimized

        policy, policy_state, losses, _ = minimize(
            hyperparameters,
            numbers,
            loss,
            parameters["policy"],
            rule_state["policy"],
            samples,
            key,
            goes_on(hyperparameters, experience, lambda policy: policy),
        )
        targets = rewards_to_go(
            experience.rewards, experience.values, experience.ends, discount=hyperparameters.discount
        )
        # By the same key, so that the values see the minibatches that the policy saw, as in `ppo.py`.
        value, value_state, errors = fit_values(
            hyperparameters,
            numbers,
            parameters["value"],
            rule_state["value"],
            replace(samples, value_targets=targets),
            key,
            epochs=hyperparameters.epochs,
            stepsize=hyperparameters.stepsize,
        )
        return Improvement(
            parameters={"policy": policy, "value": value},
            rule_state={"policy": policy_state, "value": value_state},
            losses=losses,
            value_losses=errors,
        )
