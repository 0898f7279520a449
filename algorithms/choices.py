"""What the paper leaves open, as fields: what is possible, what we do, where that comes from.

A choice is static: another value is another compiled program. This module imports no JAX.
"""

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal, get_args, get_type_hints


def _choice(default: str, source: str, sentence: str) -> Any:
    return field(default=default, metadata={"source": source, "sentence": sentence})


@dataclass(frozen=True)
class Choices:
    """The choices of a protocol. The type of a field lists the values that the code implements.

    Raises:
        ValueError: for a value that its choice does not allow.
    """

    observation_filter: Literal["running"] = _choice(
        "running",
        "ppo1",
        "Observations are clip((o - mean) / sqrt(max(variance, 0.01)), -5, 5). The statistics start at mean"
        " 0, std 1 and weight 0.01, run over the whole run, and take in each rollout after its advantages are"
        " computed and before its epochs.",
    )
    old_policy: Literal["recomputed"] = _choice(
        "recomputed",
        "ppo1",
        "The old policy is computed anew under the updated filter, so the first ratio is 1. Advantages keep"
        " the values computed under the filter that acted.",
    )
    advantages: Literal["standardized", "raw"] = _choice(
        "standardized",
        "ppo1",
        "Advantages are standardized over the samples of an update, or used as they are.",
    )
    value_loss: Literal["unclipped"] = _choice(
        "unclipped",
        "ppo1 from 2017-08-27",
        "The values minimize mean((V - target)^2), with target = advantage + V of the rollout. The release of"
        " July 2017 clipped the change of V, which broke MuJoCo results.",
    )
    optimizer: Literal["adam"] = _choice(
        "adam",
        "ppo1",
        "One Adam (0.9, 0.999) over both networks, without gradient clipping, in optax's form, which adds"
        " Adam's epsilon after the bias correction.",
    )
    stepsize_schedule: Literal["constant"] = _choice(
        "constant", "the paper states an annealed stepsize for Atari only", "The stepsize is constant."
    )
    initial_weights: Literal["normalized"] = _choice(
        "normalized",
        "ppo1",
        "Weights are Gaussian, each output's with norm 1 (policy mean 0.01). Biases and log std are 0.",
    )
    minibatches: Literal["reshuffled"] = _choice(
        "reshuffled", "ppo1", "Each epoch reshuffles the rollout into full minibatches."
    )
    time_limit: Literal["end", "bootstrap"] = _choice(
        "end",
        "ppo1",
        "A time limit ends the episode like any other end, without bootstrapping. Or the return goes on with"
        " V of the observation that the last step led to, under the filter that acted.",
    )
    actions: Literal["unclipped", "clipped"] = _choice(
        "unclipped",
        "ppo1",
        "Actions reach the environment unclipped and unsquashed. HalfCheetah's control cost acts on the raw"
        " action; the paper's row without clipping or penalty depends on it. Or they are clipped to the"
        " action space on their way, and the learner keeps the unclipped ones, as in Stable-Baselines3. The"
        " forces of the seven environments are bounded in any case: only control costs change.",
    )
    rewards: Literal["unscaled", "scaled"] = _choice(
        "unscaled",
        "ppo1",
        "Rewards are those that the environment gives. Or they are divided by the running standard deviation"
        " of the run's discounted returns, and clipped to [-10, 10], as by baselines' VecNormalize; what is"
        " logged are the environment's.",
    )
    kl_coefficient: Literal["per_update"] = _choice(
        "per_update",
        "section 4; the bounds are ours, because an unbounded coefficient can underflow to 0 for ever",
        "An adaptive coefficient starts at 1 and is halved or doubled once an update, within [2^-40, 2^40].",
    )
    score: Literal["last_100_episodes"] = _choice(
        "last_100_episodes",
        "section 6.1",
        "A run's score is the mean return of its last 100 training episodes. A run that diverges keeps the"
        " mean at that point.",
    )

    def __post_init__(self) -> None:
        for name, allowed in possible().items():
            value = getattr(self, name)
            if value not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {value}")

    def others(self) -> dict[str, str]:
        """The choices that are not the default."""
        return {
            each.name: getattr(self, each.name)
            for each in dataclasses.fields(self)
            if getattr(self, each.name) != each.default
        }

    def described(self) -> dict[str, dict[str, Any]]:
        """Every choice for people: its value, what is possible, the default's source and a sentence."""
        return {
            each.name: {
                "value": getattr(self, each.name),
                "possible": list(possible()[each.name]),
                **each.metadata,
            }
            for each in dataclasses.fields(self)
        }


def possible() -> dict[str, tuple[str, ...]]:
    """The values of each choice."""
    return {name: get_args(kind) for name, kind in get_type_hints(Choices).items()}
