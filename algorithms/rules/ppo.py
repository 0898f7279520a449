"""Proximal policy optimization: epochs of Adam on a surrogate objective (Schulman et al. 2017).

All rows of Table 1 are one formula,

    E[ min(ρA, clip(ρ, 1 - ε, 1 + ε) A) - β KL(π_old ‖ π) ]

with the numbers clip_range ε (∞: no clipping), kl_coefficient β (0: no penalty) and kl_target d_targ in nats
(∞: β stays fixed). The numbers are data, so one compiled program trains any mixture of rows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Key

from algorithms.early_stopping import goes_on
from algorithms.gaussian import DiagonalGaussian, kl_divergence, log_probability
from algorithms.hyperparameters import KL_COEFFICIENT_RANGE, Hyperparameters
from algorithms.minibatches import adam, minimize
from algorithms.networks import policy_at, values_at
from algorithms.types import Experience, Improvement, Numbers, Samples
from algorithms.value_loss import value_loss

# Far beyond any clip range, and its exponential is still finite in 32 bits.
MAX_CLIPPED_LOG_RATIO = 80.0


Objective = Callable[
    [Float[Array, "sample"], Float[Array, "sample"], Float[Array, "sample"], Float[Array, "sample"], Numbers],
    Float[Array, "sample"],
]
"""Of each sample's ratio ρ, log ρ, KL(π_old ‖ π) and advantage A, and the setting's numbers."""


@dataclass(frozen=True)
class Rule:
    """Both networks by one Adam: the policy on the surrogate objective, the values on their loss.

    objective: maximized, as a mean over samples, in place of the paper's; its numbers are its own.
    """

    objective: Objective | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The β that an update used, and the share of samples whose ratio ended outside the clip range."""
        return ("kl_coefficient", "clip_fraction") if self.objective is None else ()

    def initial(self, hyperparameters: Hyperparameters, parameters: dict[str, Any]) -> optax.OptState:
        """Adam's moments."""
        return adam(hyperparameters).init(parameters)

    def improve(
        self,
        hyperparameters: Hyperparameters,
        parameters: dict[str, Any],
        rule_state: optax.OptState,
        numbers: Numbers,
        experience: Experience,
        key: Key[Array, ""],
    ) -> Improvement:
        """The parameters after all epochs (algorithm 1)."""

        def loss(parameters: dict[str, Any], minibatch: Samples) -> tuple[Float[Array, ""], Float[Array, ""]]:
            """Total loss and its value part.

            No parameter is in both: a coefficient would matter to nothing but the norm of the whole gradient.
            """
            new = policy_at(hyperparameters, parameters["policy"], minibatch.observations)
            old = DiagonalGaussian(mean=minibatch.old_means, log_std=experience.old_log_std)
            values = values_at(hyperparameters, parameters["value"], minibatch.observations)
            error = value_loss(hyperparameters.choices, numbers, values, minibatch)
            improvement = self._objective(numbers, old, new, minibatch)
            return error - improvement, error

        return Improvement(
            *minimize(
                hyperparameters,
                numbers,
                loss,
                parameters,
                rule_state,
                experience.samples,
                key,
                goes_on(hyperparameters, experience, lambda networks: networks["policy"]),
            )
        )

    def diagnose(
        self,
        numbers: Numbers,
        old: DiagonalGaussian,
        new: DiagonalGaussian,
        actions: Float[Array, "sample action"],
    ) -> tuple[Float[Array, ""], ...]:
        """β and the clip fraction; nothing for another objective."""
        if self.objective is not None:
            return ()
        ratio = probability_ratio(old, new, actions)
        return jnp.asarray(numbers["kl_coefficient"]), clip_fraction(numbers, ratio)

    def adapted(self, numbers: Numbers, kl: Float[Array, ""]) -> Numbers:
        """β halved below d_targ / 1.5, doubled above 1.5 d_targ, or fixed where d_targ is ∞ (section 4)."""
        if self.objective is not None:
            return numbers
        beta = numbers["kl_coefficient"]
        followed = jnp.where(
            kl < numbers["kl_target"] / 1.5,
            beta / 2,
            jnp.where(kl > numbers["kl_target"] * 1.5, beta * 2, beta),
        )
        adapts = jnp.isfinite(numbers["kl_target"])
        bounded = jnp.clip(followed, *KL_COEFFICIENT_RANGE)
        return {**numbers, "kl_coefficient": jnp.where(adapts, bounded, beta)}

    def _objective(
        self, numbers: Numbers, old: DiagonalGaussian, new: DiagonalGaussian, minibatch: Samples
    ) -> Float[Array, ""]:
        """What is maximized."""
        if self.objective is None:
            return surrogate_objective(numbers, old, new, minibatch.actions, minibatch.advantages)
        log_rho, kl = log_ratio(old, new, minibatch.actions), kl_divergence(old, new)
        return jnp.mean(self.objective(jnp.exp(log_rho), log_rho, kl, minibatch.advantages, numbers))


def surrogate_objective(
    numbers: Numbers,
    old: DiagonalGaussian,
    new: DiagonalGaussian,
    actions: Float[Array, "sample action"],
    advantages: Float[Array, "sample"],
) -> Float[Array, ""]:
    """The paper's surrogate objective, to be maximized over the parameters behind `new`.

    old: the policy that chose `actions`.
    new: the policy being improved, at the same observations.
    advantages: A of each action, standardized or not as the protocol chooses.
    """
    clip_range, kl_coefficient = numbers["clip_range"], numbers["kl_coefficient"]
    # Where the ratio is clipped anyway its overflow must not be differentiated: 0·∞ would be NaN.
    cap = jnp.where(jnp.isfinite(clip_range), MAX_CLIPPED_LOG_RATIO, jnp.inf)
    ratio = jnp.exp(jnp.minimum(log_ratio(old, new, actions), cap))
    clipped_ratio = jnp.clip(ratio, 1 - clip_range, 1 + clip_range)
    improvement = jnp.minimum(ratio * advantages, clipped_ratio * advantages)
    # Without penalty the KL is not differentiated at all: where it is infinite, 0·∞ would be NaN.
    penalized = kl_coefficient > 0
    constrained = DiagonalGaussian(
        mean=jnp.where(penalized, new.mean, old.mean),
        log_std=jnp.where(penalized, new.log_std, old.log_std),
    )
    penalty = kl_coefficient * kl_divergence(old, constrained)
    return jnp.mean(improvement - penalty)


def probability_ratio(
    old: DiagonalGaussian, new: DiagonalGaussian, actions: Float[Array, "sample action"]
) -> Float[Array, "sample"]:
    """ρ = π(a) / π_old(a)."""
    return jnp.exp(log_ratio(old, new, actions))


def log_ratio(
    old: DiagonalGaussian, new: DiagonalGaussian, actions: Float[Array, "sample action"]
) -> Float[Array, "sample"]:
    """Logarithm of ρ."""
    return log_probability(new, actions) - log_probability(old, actions)


def clip_fraction(numbers: Numbers, ratio: Float[Array, "sample"]) -> Float[Array, ""]:
    """The share of samples whose ratio lies outside [1 - ε, 1 + ε]."""
    return jnp.mean(jnp.abs(ratio - 1) > numbers["clip_range"], dtype=jnp.float32)
