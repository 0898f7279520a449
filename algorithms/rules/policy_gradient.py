"""The policy gradient: one step of Adam an update (Williams 1992, Sutton et al. 2000).

    ∇J = E[ Σ_t γ^t Ψ_t ∇ log π(a_t|s_t) ]

The six Ψ are those of `algorithms.advantages.psi_weights`. Where the lecture leaves something open, Spinning
Up's VPG decides:

- One step of Adam uses the whole rollout. Its stepsize is the protocol's, 3e-4, which is also Spinning Up's.
- The mean over the samples stands for the sum over a trajectory. They differ by a factor, and a constant
  factor changes nothing for Adam, apart from its ε.
- An episode that the rollout cuts is continued with V.
- After the policy's step V is fitted to the rewards-to-go.

In two things this is not Spinning Up's VPG:

- Ψ is used as it is. Spinning Up standardizes it over the batch. To subtract the mean is to have a baseline,
  and whether there is a baseline is what the six settings compare.
- V is fitted by epochs of minibatches, as TRPO's V is. Spinning Up makes 80 steps on the whole rollout.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Key

from algorithms.advantages import Psi, discount_weights, psi_weights
from algorithms.gaussian import DiagonalGaussian, log_probability
from algorithms.hyperparameters import Hyperparameters
from algorithms.minibatches import adam, fit_values, mean_over_minibatches
from algorithms.networks import policy_at
from algorithms.rules import UpdateRule
from algorithms.schedules import stepsize_fraction
from algorithms.types import Experience, Improvement, Numbers, Samples


@dataclass(frozen=True)
class Rule(UpdateRule):
    """The policy by one step of Adam on the policy gradient, then the values by regression.

    It has no numbers. Its options:

    psi: which Ψ.
    value_epochs: passes of the regression over the rollout (5 in `trpo_mpi`: `vf_iters`).
    value_stepsize: of its Adam (1e-3 in Spinning Up: `vf_lr`, and in `trpo_mpi`: `vf_stepsize`).
    discounted_states: whether γ^t stands in front, as in the lecture. Spinning Up and `trpo_mpi` leave it
        out. With it the later steps of an episode hardly count: γ^300 is 0.05.
    """

    psi: Psi
    value_epochs: int
    value_stepsize: float
    discounted_states: bool

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
        """The policy first, then the values."""
        samples, ends = experience.samples, experience.ends
        estimated = partial(
            psi_weights,
            rewards=experience.rewards,
            values=experience.values,
            ends=ends,
            discount=hyperparameters.discount,
            gae_lambda=hyperparameters.gae_lambda,
        )
        psi = estimated(self.psi)
        if self.discounted_states:
            psi = discount_weights(ends, hyperparameters.discount) * psi

        def loss(policy: dict[str, Any], minibatch: Samples, psi: Float[Array, "sample"]) -> Float[Array, ""]:
            now = policy_at(hyperparameters, policy, minibatch.observations)
            return -policy_gradient_objective(now, minibatch.actions, psi)

        minimized, gradient = mean_over_minibatches(
            hyperparameters,
            lambda each: jax.value_and_grad(loss)(parameters["policy"], *each),
            (samples, psi),
        )
        optimizer = adam(hyperparameters, stepsize_fraction(numbers))
        changes, policy_state = optimizer.update(gradient, rule_state["policy"])
        policy = optax.apply_updates(parameters["policy"], changes)
        value, value_state, errors = fit_values(
            hyperparameters,
            numbers,
            parameters["value"],
            rule_state["value"],
            replace(samples, value_targets=estimated("reward_to_go")),
            key,
            epochs=self.value_epochs,
            stepsize=self.value_stepsize,
        )
        return Improvement(
            parameters={"policy": policy, "value": value},
            rule_state={"policy": policy_state, "value": value_state},
            losses=minimized,
            value_losses=errors,
        )


def policy_gradient_objective(
    policy: DiagonalGaussian, actions: Float[Array, "sample action"], psi: Float[Array, "sample"]
) -> Float[Array, ""]:
    """`E[Ψ log π(a|s)]`. Its value says nothing; its gradient is the policy gradient.

    policy: at the samples' observations.
    psi: Ψ of each sample, times γ^t where that is meant; a constant of the policy's parameters.
    """
    return jnp.mean(psi * log_probability(policy, actions))
