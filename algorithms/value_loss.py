"""What the value network minimizes, by the protocol's choice."""

import math
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from algorithms.choices import Choices
from algorithms.hyperparameters import Hyperparameters
from algorithms.networks import values_at
from algorithms.types import Numbers, Samples

# Of settings without a clip range: the default of `ppo1`, whose one number was for both.
VALUE_CLIP_RANGE = 0.2


def value_loss(
    choices: Choices, numbers: Numbers, values: Float[Array, "sample"], samples: Samples
) -> Float[Array, ""]:
    """The loss of the values of some samples.

    numbers: of the setting, among them its clip range if it has one.
    """
    match choices.value_loss:
        case "unclipped":
            return jnp.mean(jnp.square(values - samples.value_targets))
        case "clipped":
            assert samples.old_values is not None
            clip_range = value_clip_range(numbers)
            return clipped_value_loss(values, samples.old_values, samples.value_targets, clip_range)


def clipped_value_loss(
    values: Float[Array, "sample"],
    old_values: Float[Array, "sample"],
    targets: Float[Array, "sample"],
    clip_range: Any,
) -> Float[Array, ""]:
    """`½ E[max((V - R)², (V' - R)²)]` with `V' = V_old + clip(V - V_old, -c, c)`; `ppo1` of 2017-07-20.

    A value that has moved towards its target by more than c has no gradient.

    clip_range: c, in the unit of the values.
    """
    clipped = old_values + jnp.clip(values - old_values, -clip_range, clip_range)
    return 0.5 * jnp.mean(jnp.maximum(jnp.square(values - targets), jnp.square(clipped - targets)))


def value_clip_range(numbers: Numbers) -> Float[Array, ""]:
    """c: the setting's clip range, or 0.2 where it has none or ∞."""
    clip_range = jnp.asarray(numbers.get("clip_range", math.inf))
    return jnp.where(jnp.isfinite(clip_range), clip_range, VALUE_CLIP_RANGE)


def old_values(
    hyperparameters: Hyperparameters, parameters: Any, observations: Float[Array, "sample observation"]
) -> Float[Array, "sample"] | None:
    """V before the update, at filtered observations, where the loss needs it.

    parameters: of the value network.
    """
    match hyperparameters.choices.value_loss:
        case "unclipped":
            return None
        case "clipped":
            return values_at(hyperparameters, parameters, observations)
