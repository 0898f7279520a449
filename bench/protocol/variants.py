"""Variants: named protocols that differ from the default, each with a results folder of its own."""

from algorithms.choices import Choices
from algorithms.hyperparameters import Hyperparameters
from bench.protocol.protocol import Protocol

VARIANTS: dict[str, Protocol] = {
    "raw-advantages": Protocol(hyperparameters=Hyperparameters(choices=Choices(advantages="raw"))),
    "bootstrapped-time-limits": Protocol(
        hyperparameters=Hyperparameters(choices=Choices(time_limit="bootstrap"))
    ),
    "clipped-actions": Protocol(hyperparameters=Hyperparameters(choices=Choices(actions="clipped"))),
    "scaled-rewards": Protocol(hyperparameters=Hyperparameters(choices=Choices(rewards="scaled"))),
    "v5": Protocol(environment_version="v5"),
}
