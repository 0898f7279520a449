"""The protocol of Table 1 as data: rows, environments, hyperparameters, and what the paper leaves open.

Sources: the PPO paper (Schulman et al. 2017, arXiv:1707.06347), sections 3, 4 and 6.1 and Table 3; where it
is silent, the authors' code of the same year (openai/baselines, folder `ppo1`); where both are, our choice
and its reason.
"""

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from algorithms import parameters
from algorithms.parameters import Hyperparameters, Surrogate, adaptive_kl, clipping, fixed_kl, no_clipping

# Raised whenever a change moves the bits of a run (tests/golden): older results are then of another protocol.
NUMERICS = 3


@dataclass(frozen=True)
class Setting:
    """A row of the table.

    name: as in file names and on the command line.
    algorithm: as printed in the table.
    surrogate: the objective's parameters.
    paper_score: as published; None for a row that the paper doesn't have.
    """

    name: str
    algorithm: str
    surrogate: Surrogate
    paper_score: float | None = None

    @property
    def parameters(self) -> dict[str, float | None]:
        """The surrogate's parameters as JSON has them, ∞ as None."""
        numbers = self.surrogate._asdict().items()
        return {name: float(value) if math.isfinite(value) else None for name, value in numbers}


SETTINGS: dict[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting("no-clip", "No clipping or penalty", no_clipping(), -0.39),
        Setting("clip-0.1", "Clipping, ε = 0.1", clipping(0.1), 0.76),
        Setting("clip-0.2", "Clipping, ε = 0.2", clipping(0.2), 0.82),
        Setting("clip-0.3", "Clipping, ε = 0.3", clipping(0.3), 0.70),
        Setting("adaptive-kl-0.003", "Adaptive KL, d_targ = 0.003", adaptive_kl(0.003), 0.68),
        Setting("adaptive-kl-0.01", "Adaptive KL, d_targ = 0.01", adaptive_kl(0.01), 0.74),
        Setting("adaptive-kl-0.03", "Adaptive KL, d_targ = 0.03", adaptive_kl(0.03), 0.71),
        Setting("fixed-kl-0.3", "Fixed KL, β = 0.3", fixed_kl(0.3), 0.62),
        Setting("fixed-kl-1", "Fixed KL, β = 1", fixed_kl(1.0), 0.71),
        Setting("fixed-kl-3", "Fixed KL, β = 3", fixed_kl(3.0), 0.72),
        Setting("fixed-kl-10", "Fixed KL, β = 10", fixed_kl(10.0), 0.69),
    )
}

# The rows that the paper has: "best" is theirs, and a seed is complete when they are done.
PAPER_SETTINGS = tuple(name for name, setting in SETTINGS.items() if setting.paper_score is not None)


def in_table_order(names: Iterable[str]) -> list[str]:
    """Settings in the order of the table's rows, each once."""
    present = set(names)
    return [name for name in SETTINGS if name in present]


# The closest to the paper's `v1` that Gymnasium still registers (README, "Why v4").
ENVIRONMENT_VERSION = "v4"

ENVIRONMENTS: tuple[str, ...] = tuple(
    f"{name}-{ENVIRONMENT_VERSION}"
    for name in (
        "HalfCheetah",
        "Hopper",
        "InvertedDoublePendulum",
        "InvertedPendulum",
        "Reacher",
        "Swimmer",
        "Walker2d",
    )
)

# The two readings of the paper's "random policy": uniform over the action space, or the initial Gaussian.
UNIFORM, UNTRAINED = "uniform", "untrained"

# The paper's number of seeds: what is trained when nobody says otherwise.
PAPER_SEEDS: tuple[int, ...] = (0, 1, 2)

# A run's score is the mean return of its last 100 episodes (section 6.1).
SCORE_EPISODES = 100

# A run's CSV has a line every so many updates, and one at the end.
LOG_INTERVAL = 5


@dataclass(frozen=True, order=True)
class Run:
    """One run of the benchmark: an environment's id, a setting's name and a seed."""

    environment: str
    setting: str
    seed: int

    def __str__(self) -> str:
        return f"{self.environment} {self.setting} seed {self.seed}"


@dataclass(frozen=True)
class Conventions:
    """Choices that the code embodies and the paper does not state. Not options: they say what was done.

    The numbers among them are in `CONSTANTS`.
    """

    observation_filter: str = "clip((o - mean) / sqrt(max(variance, 0.01)), -5, 5), running over the run"
    """ppo1. Statistics start at mean 0, std 1, weight 0.01, and take in each rollout after its advantages are
    computed and before its epochs."""
    old_policy: str = "recomputed under the updated filter, so the first ratio is 1"
    """ppo1. Advantages keep the values computed under the filter that acted."""
    advantages: str = "standardized over the 2048 samples of an update"
    """ppo1."""
    value_loss: str = "mean((V - target)^2), unclipped; target = advantage + V of the rollout"
    """ppo1 from 2017-08-27; its release of July clipped the value change, which broke MuJoCo results."""
    optimizer: str = "one Adam (0.9, 0.999) over both networks; no gradient clipping"
    """ppo1, in optax's form, which adds Adam's epsilon after the bias correction."""
    stepsize_schedule: str = "constant"
    """The paper states an annealed stepsize for Atari only."""
    initial_weights: str = "Gaussian, incoming norm 1 (policy mean 0.01); biases 0; log std 0"
    """ppo1."""
    minibatches: str = "each epoch reshuffles the rollout into full minibatches"
    """ppo1."""
    time_limit: str = "ends the episode like any other end; no bootstrapping"
    """ppo1."""
    actions: str = "reach the environment unclipped and unsquashed"
    """ppo1. HalfCheetah's control cost acts on the raw action; the paper's no-clip row depends on it."""
    rewards: str = "as the environment gives them"
    """ppo1. No scaling."""
    kl_coefficient: str = (
        "adaptive rows: starts at 1, halved or doubled once per update, within [2^-40, 2^40]"
    )
    """Section 4; the bounds are ours, because an unbounded coefficient can underflow to 0 for ever."""
    score: str = "mean return of the last 100 training episodes"
    """Section 6.1. A run that diverges keeps the mean at that point."""


CONSTANTS: dict[str, Any] = {
    "observation_clip": parameters.OBSERVATION_CLIP,
    "observation_initial_count": parameters.OBSERVATION_INITIAL_COUNT,
    "observation_variance_floor": parameters.OBSERVATION_VARIANCE_FLOOR,
    "initial_hidden_norm": parameters.HIDDEN_NORM,
    "initial_value_norm": parameters.VALUE_NORM,
    "initial_policy_mean_norm": parameters.POLICY_MEAN_NORM,
    "kl_coefficient_range": list(parameters.KL_COEFFICIENT_RANGE),
    "score_episodes": SCORE_EPISODES,
    "log_interval": LOG_INTERVAL,
}


@dataclass(frozen=True)
class Protocol:
    """What the numbers of a results folder depend on, besides seed, row and environment."""

    timesteps: int = 1_000_000
    """Steps asked for per run (section 6.1); a run ends with the first whole rollout that reaches them."""
    hyperparameters: Hyperparameters = field(default_factory=Hyperparameters)
    environment_version: str = ENVIRONMENT_VERSION
    numerics: int = NUMERICS

    @property
    def updates(self) -> int:
        """Updates of a run: 489 for the paper's million steps."""
        return -(-self.timesteps // self.hyperparameters.horizon)

    @property
    def steps(self) -> int:
        """Environment steps that a run really takes."""
        return self.updates * self.hyperparameters.horizon

    def fields(self) -> dict[str, Any]:
        """All that the fingerprint stands for, as JSON has it."""
        return {**json.loads(json.dumps(dataclasses.asdict(self))), "constants": CONSTANTS}

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that change with any of the fields."""
        text = json.dumps(self.fields(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def as_json(self) -> dict[str, Any]:
        """The content of `protocol.json`: the fingerprint, the fields and, to be read, the conventions."""
        return {
            "fingerprint": self.fingerprint,
            **self.fields(),
            "conventions": dataclasses.asdict(Conventions()),
        }
