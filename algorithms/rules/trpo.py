"""Trust region policy optimization (Schulman et al. 2015).

The gradient g of the importance-weighted surrogate `E[ρ A]` is followed as far as a trust region allows:

    maximize gᵀΔ   subject to   mean KL(π_old ‖ π_{θ+Δ}) ≈ ½ ΔᵀFΔ ≤ δ

The Karush-Kuhn-Tucker conditions give the direction `x = F⁻¹ g` and the length of the step,

    Δ = sqrt(2δ / xᵀFx) x

F is never formed: conjugate gradients solve `Fx = g` with products `Fv`. The surrogate is linear and the KL
quadratic near θ only, so the step is halved until the surrogate is better and the KL is small enough.

δ is the KL radius of the TRPO paper, in nats. The lecture's constraint is ΔᵀFΔ ≤ ε, without ½: its ε is 2δ.

Where the lecture leaves something open, `trpo_mpi` decides (OpenAI's baselines, on MuJoCo), but for three:

- γ, λ and the rollout's length are those of the protocol.
- F is of the whole rollout. `trpo_mpi` takes every fifth sample, to save time.
- The step's length is by F itself, as in the paper (appendix C). `trpo_mpi` has the damped F there, too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jax.scipy.sparse.linalg import cg
from jaxtyping import Array, Bool, Float

from algorithms.hyperparameters import TrpoNumbers
from algorithms.networks import DiagonalGaussian, kl_divergence
from algorithms.optimize import Context, mean_over_minibatches
from algorithms.rollout import Samples
from algorithms.rules import Experience, Numbers, line_search
from algorithms.rules.line_search import Vector, backtrack, importance_weighted_objective


@dataclass(frozen=True)
class Rule(line_search.Rule):
    """A line search with another first step and other conditions: the surrogate is better, and the KL small.

    Its numbers are in `TrpoNumbers`. Its options are those of the line search, and:

    cg_steps: of conjugate gradients at most (10 in `trpo_mpi`: `cg_iters`); they end before
        when the residual is 1e-5 of g.
    """

    cg_steps: int

    def step(
        self,
        context: Context,
        parameters: dict[str, Any],
        numbers: Numbers,
        experience: Experience,
    ) -> tuple[dict[str, Any], Float[Array, ""], Float[Array, ""]]:
        """The policy's parameters after its step, the loss before it, and the fraction that was accepted."""
        start, as_parameters = ravel_pytree(parameters)
        damping, radius, tolerance = TrpoNumbers(**numbers)

        def over_rollout(function: Callable[[Samples], Any]) -> Any:
            return mean_over_minibatches(context.hyperparameters, function, experience.samples)

        def policy(minibatch: Samples, theta: Vector) -> DiagonalGaussian:
            return context.networks.policy(as_parameters(theta), minibatch.observations)

        def objective(theta: Vector, minibatch: Samples) -> Float[Array, ""]:
            new = policy(minibatch, theta)
            return importance_weighted_objective(experience.old_log_std, new, minibatch)

        def kl(theta: Vector, minibatch: Samples) -> Float[Array, ""]:
            old = DiagonalGaussian(mean=minibatch.old_means, log_std=experience.old_log_std)
            return jnp.mean(kl_divergence(old, policy(minibatch, theta)))

        def fisher(vector: Vector) -> Vector:
            return over_rollout(lambda batch: fisher_product(partial(policy, batch), start, vector))

        def accepts(theta: Vector) -> Bool[Array, ""]:
            improves = over_rollout(partial(objective, theta)) > initial
            return improves & (over_rollout(partial(kl, theta)) <= tolerance * radius)

        initial, gradient = over_rollout(partial(jax.value_and_grad(objective), start))
        first_step = trust_region_step(fisher, gradient, radius, damping, self.cg_steps)
        theta, fraction = backtrack(accepts, start, first_step, self.trials)
        return as_parameters(theta), -initial, fraction


def trust_region_step(
    fisher: Callable[[Vector], Vector],
    gradient: Vector,
    kl_radius: Float[Array, ""] | float,
    damping: Float[Array, ""] | float,
    cg_steps: int,
) -> Vector:
    """`Δ = sqrt(2δ / xᵀFx) x`, where x solves `(F + damping·I) x = g` by conjugate gradients.

    fisher: gives Fv of a vector v.
    """

    def damped(vector: Vector) -> Vector:
        return fisher(vector) + damping * vector

    direction, _ = cg(damped, gradient, maxiter=cg_steps)  # type: ignore[no-untyped-call]
    curvature = jnp.sum(direction * fisher(direction))
    return jnp.sqrt(2 * kl_radius / curvature) * direction


def fisher_product(policy: Callable[[Vector], DiagonalGaussian], theta: Vector, vector: Vector) -> Vector:
    """Fv, where F is the Fisher matrix of a policy at θ: the mean of `Jᵀ M J` over observations.

    J is the derivative of (μ, log σ) by θ. M is the Fisher matrix of a Gaussian in μ and log σ: diagonal,
    with 1/σ² and 2. F equals the Hessian of the mean KL at θ (TRPO paper, appendix C.1).

    policy: gives π(·|o) at all observations, of parameters.
    """
    now, backwards = jax.vjp(policy, theta)  # backwards(u) = Jᵀu
    # That function is linear in u, so its own transposed derivative is J (Townsend 2017). The usual way to
    # Jv, `jax.jvp`, is not defined for `algorithms.networks.product`.
    _, forwards = jax.vjp(lambda u: backwards(u)[0], now)
    (change,) = forwards(vector)
    of_mean = change.mean * jnp.exp(-2 * now.log_std) / now.mean.shape[0]
    return backwards(DiagonalGaussian(mean=of_mean, log_std=2 * change.log_std))[0]
