"""Variants: named protocols that differ from the default, each with a results folder of its own."""

from pathlib import Path
from typing import Any

from algorithms.hyperparameters import Choices, Hyperparameters
from bench.protocol.protocol import Protocol


def _choosing(**choices: Any) -> Protocol:
    return Protocol(hyperparameters=Hyperparameters(choices=Choices(**choices)))


VARIANTS: dict[str, Protocol] = {
    "raw-advantages": _choosing(advantages="raw"),
    "minibatch-advantages": _choosing(advantages="minibatch"),
    "no-observation-filter": _choosing(observation_filter="none"),
    # The authors' code on 2017-07-20, the day of the paper.
    "release-2017-07": Protocol(
        hyperparameters=Hyperparameters(adam_epsilon=1e-8, choices=Choices(value_loss="clipped"))
    ),
    "annealed": _choosing(stepsize_schedule="linear_with_clip_range"),
    "bootstrapped-time-limits": _choosing(time_limit="bootstrap"),
    "clipped-actions": _choosing(actions="clipped"),
    "scaled-rewards": _choosing(rewards="scaled"),
    "orthogonal-weights": _choosing(initial_weights="orthogonal"),
    "epochs-stopped-by-kl": _choosing(early_stopping="kl"),
    "v5": Protocol(environment_version="v5"),
    # What CleanRL and Stable-Baselines3, or their examples on MuJoCo, do beyond the paper.
    "todays-libraries": _choosing(
        advantages="minibatch",
        value_loss="clipped",
        stepsize_schedule="linear",
        rewards="scaled",
        initial_weights="orthogonal",
        gradient_clipping="global_norm",
    ),
}

# Within the default's results folder.
VARIANTS_FOLDER = "variants"


def folder_of(results: Path, variant: str) -> Path:
    """A variant's results folder within the default's."""
    return results / VARIANTS_FOLDER / variant
