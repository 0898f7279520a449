"""Schedules: numbers that shrink over a run, by the protocol's choice."""

from typing import Any

from jaxtyping import Array, Float

from algorithms.choices import Choices
from algorithms.types import Numbers

STEPSIZE_FRACTION = "stepsize_fraction"


def scheduled(choices: Choices, numbers: Numbers, remaining: Float[Array, ""]) -> Numbers:
    """A setting's numbers as one update uses them.

    An annealed stepsize is one more number, the fraction that this update uses; see `stepsize_fraction`.
    A clip range of ∞ stays ∞.

    remaining: the share of the run's updates that are not yet made, this one among them: 1 at first.
    """
    match choices.stepsize_schedule:
        case "constant":
            return numbers
        case "linear":
            return {**numbers, STEPSIZE_FRACTION: remaining}
        case "linear_with_clip_range":
            ranges = {name: number * remaining for name, number in numbers.items() if name == "clip_range"}
            return {**numbers, STEPSIZE_FRACTION: remaining, **ranges}


def stepsize_fraction(numbers: Numbers) -> Any:
    """What an update multiplies each Adam's stepsize with: 1 where it is constant."""
    return numbers.get(STEPSIZE_FRACTION, 1.0)
