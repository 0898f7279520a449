"""Trained policies: stored beside the runs, and used with NumPy alone.

from bench.results.policies import load_policy

policy = load_policy("results/policies/Hopper-v4/clip-0.2/seed-00.npz")
action = policy(observation)
"""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench.common.errors import UserError

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Policy:
    """A Gaussian policy and the observation filter that it was trained with.

    observation_mean, observation_std: of the filter, `[observation]`.
    observation_clip: bound of filtered observations, in standard deviations, `[]`. A policy that was trained
        without a filter has mean 0, std 1 and bound ∞ here.
    layers: weights `[inputs, outputs]` and bias `[outputs]` of each layer, tanh between them.
    log_std: logarithm of the actions' standard deviation, `[action]`.
    """

    observation_mean: Floats
    observation_std: Floats
    observation_clip: Floats
    layers: tuple[tuple[Floats, Floats], ...]
    log_std: Floats

    def __call__(self, observation: ArrayLike) -> Floats:
        """The mean action at an observation, `[..., observation]` to `[..., action]`; not clipped.

        Equal to the mean around which `algorithms.learner.act` samples, but for rounding in the last bits.
        """
        seen = (np.asarray(observation, np.float32) - self.observation_mean) / self.observation_std
        outputs = np.clip(seen, -self.observation_clip, self.observation_clip)
        *hidden, (last_weights, last_bias) = self.layers
        for weights, bias in hidden:
            outputs = np.tanh(outputs @ weights + bias)
        return np.asarray(outputs @ last_weights + last_bias)

    def to_bytes(self) -> bytes:
        """The content of the policy's file: each field as an array, layers as `weights_0`, `bias_0` etc."""
        arrays = {name: value for name, value in vars(self).items() if name != "layers"}
        for number, (weights, bias) in enumerate(self.layers):
            arrays |= {f"weights_{number}": weights, f"bias_{number}": bias}
        file = io.BytesIO()
        np.savez(file, allow_pickle=False, **arrays)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, stored: bytes) -> "Policy":
        """The policy whose `to_bytes` this is.

        Raises:
            ValueError: when it is none.
        """
        try:
            with np.load(io.BytesIO(stored), allow_pickle=False) as file:
                arrays = dict(file)
            numbers = range(sum(name.startswith("weights_") for name in arrays))
            return cls(
                observation_mean=arrays["observation_mean"],
                observation_std=arrays["observation_std"],
                observation_clip=arrays["observation_clip"],
                layers=tuple((arrays[f"weights_{number}"], arrays[f"bias_{number}"]) for number in numbers),
                log_std=arrays["log_std"],
            )
        except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError("not a stored policy") from error


def load_policy(path: str | Path) -> Policy:
    """The policy stored at `path`.

    Raises:
        UserError: when there is none, or the file is damaged.
    """
    return Policy.from_bytes(stored_policy(path))


def stored_policy(path: str | Path) -> bytes:
    """The content of the file of a policy, checked to be one.

    Raises:
        UserError: when there is none, or the file is damaged.
    """
    try:
        stored = Path(path).read_bytes()
        Policy.from_bytes(stored)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise UserError(f"{path}: {error}") from error
    return stored
