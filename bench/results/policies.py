"""Trained policies: stored beside the runs, and used with NumPy alone.

from bench.results.policies import load_policy

policy = load_policy("results/policies/Hopper-v4/clip-0.2/seed-00.npz")
action = policy.sample(observation, np.random.default_rng(0))  # as in training; policy(observation): the mean
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench.common.archives import pack_arrays, unpack_arrays
from bench.common.errors import UserError
from bench.common.raw import read_whole

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

        The run's score is of sampled actions. By their means a policy may return much more or much less.
        Equal to the mean around which `algorithms.update.act` samples, but for rounding in the last bits.
        """
        seen = (np.asarray(observation, np.float32) - self.observation_mean) / self.observation_std
        outputs = np.clip(seen, -self.observation_clip, self.observation_clip)
        *hidden, (last_weights, last_bias) = self.layers
        for weights, bias in hidden:
            outputs = np.tanh(outputs @ weights + bias)
        return np.asarray(outputs @ last_weights + last_bias)

    def sample(self, observation: ArrayLike, generator: np.random.Generator) -> Floats:
        """An action as training draws it: the mean action plus Gaussian noise, not clipped.

        Shapes are those of the mean action. The noise is the generator's, not that of the run.
        """
        mean = self(observation)
        noise = generator.standard_normal(mean.shape, np.float32)
        return np.asarray(mean + np.exp(self.log_std) * noise, np.float32)

    def to_bytes(self) -> bytes:
        """The content of the policy's file: each field as an array, layers as `weights_0`, `bias_0` etc."""
        arrays = {name: value for name, value in vars(self).items() if name != "layers"}
        for index, (weights, bias) in enumerate(self.layers):
            arrays |= {f"weights_{index}": weights, f"bias_{index}": bias}
        return pack_arrays(arrays)

    @classmethod
    def from_bytes(cls, stored: bytes) -> "Policy":
        """The policy whose `to_bytes` this is.

        Raises:
            ValueError: when it is none.
        """
        try:
            arrays = unpack_arrays(stored)
            indices = range(sum(name.startswith("weights_") for name in arrays))
            layers = tuple((arrays.pop(f"weights_{index}"), arrays.pop(f"bias_{index}")) for index in indices)
            policy = cls(layers=layers, **arrays)
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError("not a stored policy") from error
        if not policy._is_usable():
            raise ValueError("not a stored policy")
        return policy

    def _is_usable(self) -> bool:
        """Whether the arrays fit each other, and all numbers are 32-bit and finite."""
        width = self.observation_mean.shape
        fit = [len(width) == 1, self.observation_std.shape == width, self.observation_clip.shape == ()]
        for weights, bias in self.layers:
            fit += [weights.ndim == 2, weights.shape[:1] == width, weights.shape[1:] == bias.shape]
            width = bias.shape
        fit += [len(self.layers) > 0, self.log_std.shape == width]
        arrays = [self.observation_mean, self.observation_std, self.log_std, *sum(self.layers, ())]
        return all(fit) and all(each.dtype == np.float32 and np.isfinite(each).all() for each in arrays)


def load_policy(path: str | Path) -> Policy:
    """The policy stored at `path`.

    Raises:
        UserError: when there is none, or the file is damaged.
    """
    policy, _ = read_policy(Path(path))
    return policy


def read_policy(path: Path) -> tuple[Policy, bytes]:
    """The policy stored at `path`, and the content of its file, read once. Raises as `load_policy` does."""
    stored = read_whole(path)
    try:
        return Policy.from_bytes(stored), stored
    except ValueError as error:
        raise UserError(f"{path}: {error}") from error
