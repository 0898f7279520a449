"""The protocol of Table 1 as data: hyperparameters, lengths, and what the paper leaves open.

Sources: the PPO paper (Schulman et al. 2017, arXiv:1707.06347), sections 3, 4 and 6.1 and Table 3; where it
is silent, the authors' code of the same year (openai/baselines, folder `ppo1`); where both are silent, our
choice and its reason.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypedDict

import msgspec

from algorithms import hyperparameters
from algorithms.hyperparameters import Hyperparameters
from bench.common.parsing import Count, Positive, Short, convert
from bench.protocol.choices import describe_choices, read_choices
from bench.protocol.environments import ENVIRONMENT_VERSION, VERSIONS, EnvironmentVersion

# Raised whenever a change moves the bits of a run (tests/golden): older results are then of another protocol.
NUMERICS = 3


# The two readings of the paper's "random policy": uniform over the action space, or the initial Gaussian.
UNIFORM, UNTRAINED = "uniform", "untrained"

# The paper's number of seeds: what is trained when nobody says otherwise.
PAPER_SEEDS: tuple[int, ...] = (0, 1, 2)

# How many seeds are planned for the published results: tests of fewer are interim.
PLANNED_SEEDS = 21

# A run's score is the mean return of its last 100 episodes (section 6.1).
SCORE_EPISODES = 100

# Updates from one line of a run's CSV to the next; the last update has a line, too.
LOG_INTERVAL = 5


@dataclass(frozen=True, order=True)
class Run:
    """One run of the benchmark: an environment's id, a setting's name and a seed."""

    environment: str
    setting: str
    seed: int

    def __str__(self) -> str:
        return f"{self.environment} {self.setting} seed {self.seed}"


CONSTANTS: dict[str, Any] = {
    "observation_clip": hyperparameters.OBSERVATION_CLIP,
    "observation_initial_count": hyperparameters.OBSERVATION_INITIAL_COUNT,
    "observation_variance_floor": hyperparameters.OBSERVATION_VARIANCE_FLOOR,
    "initial_hidden_norm": hyperparameters.HIDDEN_NORM,
    "initial_value_norm": hyperparameters.VALUE_NORM,
    "initial_policy_mean_norm": hyperparameters.POLICY_MEAN_NORM,
    "kl_coefficient_range": list(hyperparameters.KL_COEFFICIENT_RANGE),
    "score_episodes": SCORE_EPISODES,
    "log_interval": LOG_INTERVAL,
}


_Numbers = msgspec.defstruct(
    "_Numbers",
    [(each.name, each.type) for each in dataclasses.fields(Hyperparameters) if each.name != "choices"],
    forbid_unknown_fields=True,
)


class _Choice(TypedDict):
    """A choice in `protocol.json`; what else stands there is for people."""

    value: Short


class _Stored(msgspec.Struct, forbid_unknown_fields=True):
    """What the fields of `protocol.json` may be."""

    timesteps: Positive
    hyperparameters: dict[str, Any]
    environment_version: str
    numerics: Count
    fingerprint: Short
    constants: dict[str, Any]
    choices: dict[Short, _Choice]
    differs_from_default: Any = None  # for people alone


@dataclass(frozen=True)
class Protocol:
    """What the numbers of a results folder depend on, besides environment, setting and seed."""

    timesteps: int = 1_000_000
    """Steps asked for per run (section 6.1); a run ends with the first whole rollout that reaches them."""
    hyperparameters: Hyperparameters = field(default_factory=Hyperparameters)
    environment_version: EnvironmentVersion = ENVIRONMENT_VERSION
    numerics: int = NUMERICS

    @property
    def updates(self) -> int:
        """Updates of a run: 489 for the paper's million steps."""
        return -(-self.timesteps // self.hyperparameters.horizon)

    @property
    def steps(self) -> int:
        """Environment steps that a run really takes."""
        return self.updates * self.hyperparameters.horizon

    @property
    def depends_on_length(self) -> bool:
        """Whether an update depends on the run's length, so that no run begins like a longer one."""
        return self.hyperparameters.choices.stepsize_schedule != "constant"

    def fields(self) -> dict[str, Any]:
        """All that the fingerprint stands for, as JSON has it.

        Choices count only where they are not the default, so that a choice which is added later leaves the
        fingerprints of finished results alone.
        """
        fields = json.loads(json.dumps(dataclasses.asdict(self)))
        del fields["hyperparameters"]["choices"]
        others = self.hyperparameters.choices.others()
        return {**fields, **({"choices": others} if others else {}), "constants": CONSTANTS}

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that change with any of the fields."""
        text = json.dumps(self.fields(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def as_json(self) -> dict[str, Any]:
        """The content of `protocol.json`: the fingerprint, the fields, and for people every choice.

        Where the protocol is not the default, what differs stands first, in words.
        """
        words = {"differs_from_default": self.in_words()} if self != DEFAULT else {}
        choices = describe_choices(self.hyperparameters.choices)
        return {**words, "fingerprint": self.fingerprint, **self.fields(), "choices": choices}

    def in_words(self) -> list[str]:
        """What differs from the default, each with the sentence of a choice or of the environments."""
        choices = describe_choices(self.hyperparameters.choices)
        sentences = {name: choice["sentence"] for name, choice in choices.items()}
        sentences["environment_version"] = VERSIONS[self.environment_version]
        return [
            f"{difference}. {sentences.get(difference.partition(' ')[0], '')}".strip()
            for difference in self.differences(DEFAULT)
        ]

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> "Protocol":
        """The protocol whose `as_json` this is.

        Raises:
            ValueError: naming what is unknown, missing or impossible.
        """
        stored = convert(record, _Stored)
        if stored.environment_version not in VERSIONS:
            raise ValueError(f"environment_version must be one of {', '.join(VERSIONS)}")
        numbers = msgspec.structs.asdict(convert(stored.hyperparameters, _Numbers))
        protocol = cls(
            timesteps=stored.timesteps,
            hyperparameters=Hyperparameters(**numbers, choices=read_choices(stored.choices)),
            environment_version=stored.environment_version,
            numerics=stored.numerics,
        )
        if protocol.fields()["constants"] != stored.constants:
            raise ValueError("its constants are not this version's")
        if protocol.fingerprint != stored.fingerprint:
            mine, stated = protocol.fingerprint, stored.fingerprint
            fields = ", ".join(protocol.differences(DEFAULT)) or "those of the default"
            raise ValueError(f"its fingerprint is {stated}, its fields give {mine} ({fields})")
        return protocol

    def differences(self, other: "Protocol") -> list[str]:
        """The fields in which it differs from another, such as `horizon 1024, not 2048`."""
        mine, others = self._flat(), other._flat()
        return [
            f"{name} {mine[name]}, not {others[name]}" for name in sorted(mine) if mine[name] != others[name]
        ]

    def _flat(self) -> dict[str, Any]:
        """All fields, those of the hyperparameters and every choice among them, by name."""
        outer = json.loads(json.dumps(dataclasses.asdict(self)))
        numbers = outer.pop("hyperparameters")
        return {**outer, **numbers.pop("choices"), **numbers}


# What is trained when nobody says otherwise.
DEFAULT = Protocol()
