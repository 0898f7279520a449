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

from algorithms.hyperparameters import Hyperparameters
from algorithms.optimize import Context, adam, fit_values, minimize, stop_at_kl
from algorithms.rollout import Samples, rewards_to_go
from algorithms.rules import Experience, Improvement, Numbers, ppo


@dataclass(frozen=True)
class Rule(ppo.Rule):
    """As PPO's rule, with its numbers and columns, but for how the values are fitted."""

    def initial(self, hyperparameters: Hyperparameters, parameters: dict[str, Any]) -> Any:
        """Adam's moments of each network."""
        return {name: adam(hyperparameters).init(network) for name, network in parameters.items()}

    def improve(
        self,
        context: Context,
        parameters: dict[str, Any],
        rule_state: Any,
        numbers: Numbers,
        experience: Experience,
        key: Key[Array, ""],
    ) -> Improvement:
        """The parameters after all epochs of the policy, then of the values."""
        samples = experience.samples

        def loss(policy: dict[str, Any], minibatch: Samples) -> tuple[Float[Array, ""], tuple[()]]:
            networks = {**parameters, "policy": policy}
            return -self.objective(context, networks, numbers, experience, minibatch), ()

        policy, policy_state, losses, _ = minimize(
            context,
            loss,
            parameters["policy"],
            rule_state["policy"],
            samples,
            key,
            continues=stop_at_kl(context, samples, experience.old_log_std, lambda policy: policy),
        )
        targets = rewards_to_go(
            experience.rewards,
            experience.values,
            experience.ends,
            discount=context.hyperparameters.discount,
        )
        # By the same key, so that the values see the minibatches that the policy saw, as in `ppo.py`.
        value, value_state, value_losses = fit_values(
            context,
            parameters["value"],
            rule_state["value"],
            replace(samples, value_targets=targets),
            key,
        )
        return Improvement(
            parameters={"policy": policy, "value": value},
            rule_state={"policy": policy_state, "value": value_state},
            losses=losses,
            value_losses=value_losses,
            diagnostics=self.diagnose(context, {**parameters, "policy": policy}, numbers, experience),
        )
