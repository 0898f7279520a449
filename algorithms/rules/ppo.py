"""Proximal policy optimization: epochs of Adam on a surrogate objective (Schulman et al. 2017).

All rows of Table 1 are one formula,

    E[ min(ρA, clip(ρ, 1 - ε, 1 + ε) A) - β KL(π_old ‖ π) ]

with the numbers clip_range ε (∞: no clipping), kl_coefficient β (0: no penalty) and kl_target d_targ in nats
(∞: β stays fixed). The numbers are data, so one compiled program trains any mixture of rows.
"""

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Key

from algorithms.hyperparameters import KL_COEFFICIENT_RANGE, Hyperparameters, PpoNumbers
from algorithms.networks import DiagonalGaussian, kl_divergence, log_probability
from algorithms.optimize import Context, adam, minimize, stop_at_kl, value_loss
from algorithms.rollout import Samples, standardize_minibatch
from algorithms.rules import Experience, Improvement, Numbers, UpdateRule

# Far beyond any clip range, and its exponential is still finite in 32 bits.
MAX_CLIPPED_LOG_RATIO = 80.0


@dataclass(frozen=True)
class SurrogateRule(UpdateRule):
    """Both networks by one Adam: the policy on an objective, the values on their loss."""

    def initial(self, hyperparameters: Hyperparameters, parameters: dict[str, Any]) -> Any:
        """Adam's moments."""
        return adam(hyperparameters).init(parameters)

    def improve(
        self,
        context: Context,
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
            objective = self.objective(context, parameters, numbers, experience, minibatch)
            error = value_loss(context, parameters["value"], minibatch)
            return error - objective, error

        parameters, rule_state, losses, value_losses = minimize(
            context,
            loss,
            parameters,
            rule_state,
            experience.samples,
            key,
            continues=stop_at_kl(
                context, experience.samples, experience.old_log_std, lambda networks: networks["policy"]
            ),
        )
        diagnostics = self.diagnose(context, parameters, numbers, experience)
        return Improvement(parameters, rule_state, losses, value_losses, diagnostics)

    def objective(
        self,
        context: Context,
        parameters: dict[str, Any],
        numbers: Numbers,
        experience: Experience,
        minibatch: Samples,
    ) -> Float[Array, ""]:
        """What the parameters of the policy maximize on a minibatch. parameters: of both networks."""
        raise NotImplementedError

    def diagnose(
        self, context: Context, parameters: dict[str, Any], numbers: Numbers, experience: Experience
    ) -> dict[str, Float[Array, ""]]:
        """The rule's columns, of the parameters of both networks after the update."""
        return {}


@dataclass(frozen=True)
class Rule(SurrogateRule):
    """The paper's surrogate objective, whose β may adapt."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The β that an update used, and the share of samples whose ratio ended outside the clip range."""
        return ("kl_coefficient", "clip_fraction")

    def objective(
        self,
        context: Context,
        parameters: dict[str, Any],
        numbers: Numbers,
        experience: Experience,
        minibatch: Samples,
    ) -> Float[Array, ""]:
        """See `surrogate_objective`."""
        old, new = policies(context, parameters, experience, minibatch)
        advantages = standardize_minibatch(context.hyperparameters.choices, minibatch.advantages)
        return surrogate_objective(PpoNumbers(**numbers), old, new, minibatch.actions, advantages)

    def diagnose(
        self, context: Context, parameters: dict[str, Any], numbers: Numbers, experience: Experience
    ) -> dict[str, Float[Array, ""]]:
        """β and the clip fraction."""
        old, new = policies(context, parameters, experience, experience.samples)
        ratio = probability_ratio(old, new, experience.samples.actions)
        return {
            "kl_coefficient": jnp.asarray(numbers["kl_coefficient"]),
            "clip_fraction": clip_fraction(numbers["clip_range"], ratio),
        }

    def adapt(self, numbers: Numbers, kl: Float[Array, ""]) -> Numbers:
        """β halved below d_targ / 1.5, doubled above 1.5 d_targ, or fixed where d_targ is ∞ (section 4)."""
        beta, kl_target = numbers["kl_coefficient"], numbers["kl_target"]
        followed = jnp.where(kl < kl_target / 1.5, beta / 2, jnp.where(kl > kl_target * 1.5, beta * 2, beta))
        bounded = jnp.clip(followed, *KL_COEFFICIENT_RANGE)
        return {"kl_coefficient": jnp.where(jnp.isfinite(kl_target), bounded, beta)}


def policies(
    context: Context, parameters: dict[str, Any], experience: Experience, samples: Samples
) -> tuple[DiagonalGaussian, DiagonalGaussian]:
    """The policy before the update and the policy of these parameters, at the samples' observations."""
    old = DiagonalGaussian(mean=samples.old_means, log_std=experience.old_log_std)
    return old, context.networks.policy(parameters["policy"], samples.observations)


def surrogate_objective(
    numbers: PpoNumbers,
    old: DiagonalGaussian,
    new: DiagonalGaussian,
    actions: Float[Array, "sample action"],
    advantages: Float[Array, "sample"],
) -> Float[Array, ""]:
    """The paper's surrogate objective, to be maximized over the parameters behind `new`.

    old: the policy before the update, whose parameters chose `actions`.
    new: the policy being improved, at the same observations.
    advantages: A of each action, standardized or not as the protocol chooses.
    """
    clip_range, kl_coefficient, _ = numbers
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


def clip_fraction(clip_range: Float[Array, ""], ratio: Float[Array, "sample"]) -> Float[Array, ""]:
    """The share of samples whose ratio lies outside [1 - ε, 1 + ε]."""
    return jnp.mean(jnp.abs(ratio - 1) > clip_range, dtype=jnp.float32)
