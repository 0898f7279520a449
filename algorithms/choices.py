"""What the paper leaves open, as fields: what is possible, what we do, where that comes from.

A choice is static: another value is another compiled program. This module imports no JAX.

How to add a choice of your own:

1. Add its value here: to the `Literal` of a field, with its source and its sentence. Or add a field whose
   default is what the code does now.
2. Find the function that takes `choices` and matches the field's values, and add a branch. For a new field,
   write such a function in the file whose subject it is. mypy names a `match` that lacks a value.
3. Name it in `bench/protocol/variants.py`. Then `--variant NAME` trains it in a results folder of its own.

Nothing else changes. A choice is no part of the default's fingerprint, so finished results stay valid.
"""

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal, get_args, get_type_hints


def _choice(default: str, source: str, sentence: str, **others: tuple[str, str]) -> Any:
    """A field with this default.

    source, sentence: of the default.
    others: the other values, each with its source and sentence.
    """
    return field(default=default, metadata={default: (source, sentence), **others})


@dataclass(frozen=True)
class Choices:
    """The choices of a protocol. The type of a field lists the values that the code implements.

    Raises:
        ValueError: for a value that its choice does not allow.
    """

    observation_filter: Literal["running", "none"] = _choice(
        "running",
        "ppo1",
        "Observations are clip((o - mean) / sqrt(max(variance, 0.01)), -5, 5). The statistics start at mean"
        " 0, std 1 and weight 0.01, run over the whole run, and take in each rollout after its advantages are"
        " computed and before its epochs.",
        none=("ours", "The networks see the observations as the environment gives them."),
    )
    old_policy: Literal["recomputed"] = _choice(
        "recomputed",
        "ppo1",
        "The old policy is computed anew under the updated filter, so the first ratio is 1. Advantages keep"
        " the values computed under the filter that acted.",
    )
    advantages: Literal["standardized", "raw", "minibatch"] = _choice(
        "standardized",
        "ppo1",
        "Advantages are standardized over the rollout. The policy gradient uses its estimates as they are.",
        raw=("ours", "Advantages are used as they are."),
        minibatch=(
            "baselines' ppo2, CleanRL, Stable-Baselines3",
            "Advantages are standardized over each minibatch. The policy's steps of line search and TRPO take"
            " the whole rollout, and have them standardized over it. The policy gradient uses its estimates"
            " as they are.",
        ),
    )
    value_loss: Literal["unclipped", "clipped"] = _choice(
        "unclipped",
        "ppo1 from 2017-08-27",
        "The values minimize mean((V - target)^2), with target = advantage + V of the rollout. The release of"
        " July 2017 clipped the change of V, which broke MuJoCo results.",
        clipped=(
            "ppo1 of 2017-07-20; the 0.2 is its default clip range",
            "The values minimize 0.5 mean(max((V - target)^2, (V' - target)^2)), with V' = V_old + clip(V -"
            " V_old, -c, c) and V_old of the networks before the update, under the filter of the update. c is"
            " the setting's clip range, and 0.2 for a setting without one, also where V is fitted by itself.",
        ),
    )
    optimizer: Literal["adam"] = _choice(
        "adam",
        "ppo1",
        "One Adam (0.9, 0.999) over both networks, in optax's form, which adds Adam's epsilon after the bias"
        " correction.",
    )
    gradient_clipping: Literal["none", "global_norm"] = _choice(
        "none",
        "ppo1",
        "Adam gets the gradient as it is.",
        global_norm=(
            "CleanRL, Stable-Baselines3",
            "Where the norm of the gradient exceeds 0.5, the gradient is rescaled to this norm. The norm is"
            " over all parameters of one Adam: of both networks, or of each where V is fitted by itself. The"
            " policy's steps of line search and TRPO have no Adam and are not clipped.",
        ),
    )
    stepsize_schedule: Literal["constant", "linear", "linear_with_clip_range"] = _choice(
        "constant",
        "the paper states an annealed stepsize for Atari only",
        "The stepsize is constant.",
        linear=(
            "CleanRL",
            "Update k of n uses 1 - (k - 1)/n of Adam's stepsize. The policy's steps of line search and TRPO"
            " have no such stepsize; there only the fit of V is annealed.",
        ),
        linear_with_clip_range=(
            "ppo1 from 2017-08-27 to 2019, which counts the steps of ended episodes instead of updates",
            "Update k of n uses 1 - (k - 1)/n of Adam's stepsize and of the clip range, if there is one. The"
            " policy's steps of line search and TRPO have neither; there only the fit of V is annealed.",
        ),
    )
    early_stopping: Literal["none", "kl"] = _choice(
        "none",
        "ppo1",
        "All epochs of an update are made.",
        kl=(
            "the number is Spinning Up's, which looks before each gradient step and lets V go on; after whole"
            " epochs and for both networks as CleanRL",
            "After each epoch the mean KL(old policy, new policy) over the rollout is computed. If it exceeds"
            " 1.5 x 0.01, the update's other epochs are left out, of both networks. Where V is fitted by"
            " itself, its epochs are all made. The policy gradient, line search and TRPO make one step of the"
            " policy and have no epochs to stop.",
        ),
    )
    initial_weights: Literal["normalized", "orthogonal"] = _choice(
        "normalized",
        "ppo1",
        "Weights are Gaussian, each output's with norm 1 (policy mean 0.01). Biases and log std are 0.",
        orthogonal=(
            "CleanRL, Stable-Baselines3",
            "Weights are random orthogonal matrices times sqrt(2) (policy mean 0.01, values 1). Biases and"
            " log std are 0.",
        ),
    )
    minibatches: Literal["reshuffled"] = _choice(
        "reshuffled", "ppo1", "Each epoch reshuffles the rollout into full minibatches."
    )
    time_limit: Literal["end", "bootstrap"] = _choice(
        "end",
        "ppo1",
        "A time limit ends the episode like any other end, without bootstrapping.",
        bootstrap=(
            "Pardo et al. 2018",
            "After a time limit the return goes on with V of the observation that the last step led to, under"
            " the filter that acted.",
        ),
    )
    actions: Literal["unclipped", "clipped"] = _choice(
        "unclipped",
        "ppo1",
        "Actions reach the environment unclipped and unsquashed. HalfCheetah's control cost acts on the raw"
        " action; the paper's row without clipping or penalty depends on it.",
        clipped=(
            "Stable-Baselines3",
            "Actions are clipped to the action space on their way to the environment, and the learner keeps"
            " the unclipped ones. The forces of the seven environments are bounded in any case: only control"
            " costs change.",
        ),
    )
    rewards: Literal["unscaled", "scaled"] = _choice(
        "unscaled",
        "ppo1",
        "Rewards are those that the environment gives.",
        scaled=(
            "baselines' VecNormalize",
            "Rewards are divided by the running standard deviation of the run's discounted returns, and"
            " clipped to [-10, 10]. What is logged are the environment's.",
        ),
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
        """Every choice for people: its value, what is possible, and the value's source and sentence."""
        found = {}
        for each in dataclasses.fields(self):
            value = getattr(self, each.name)
            source, sentence = each.metadata[value]
            allowed = list(possible()[each.name])
            found[each.name] = {"value": value, "possible": allowed, "source": source, "sentence": sentence}
        return found


def possible() -> dict[str, tuple[str, ...]]:
    """The values of each choice."""
    return {name: get_args(kind) for name, kind in get_type_hints(Choices).items()}
