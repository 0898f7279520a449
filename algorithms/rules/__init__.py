"""Update rules, one a file, found by name: each improves the policy from a rollout.

A module of this folder defines `Rule`, a frozen dataclass whose fields are the rule's options. JAX compiles a
program for each rule and its options; a setting's numbers are data, so settings of one rule share a program.

How to add a rule:

1. Write a module here with a class `Rule(UpdateRule)`: how it starts and how it improves a policy. Its
   numbers, if it has any, are a `NamedTuple` of `algorithms/hyperparameters.py`, with their ranges.
2. Add settings that name the module as their rule, with its numbers: `bench/protocol/settings.py`.
3. Add one of them to `ONE_OF_EACH_RULE` of `tests/golden/make.py`, or give the rule a file of its own there,
   and store the golden run anew. The files of the other rules must come out as they were.
"""

from dataclasses import field
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Protocol, cast, runtime_checkable

from flax import struct
from jaxtyping import Array, Bool, Float, Key

from algorithms.hyperparameters import Hyperparameters
from algorithms.optimize import Context
from algorithms.rollout import ObservationStatistics, Rollout, Samples

Numbers = dict[str, Any]
"""A setting's numbers by name, such as ε: each a scalar, or an array with a leading axis `run`."""


@struct.dataclass
class Experience:
    """What an update rule improves a policy from.

    samples: of the rollout.
    old_log_std: of the policy before the update, `[action]`.
    rewards: `[time]`, which the rule learns from; scaled, and with γV at time limits, where the protocol says
        so.
    ends: `[time]`, of the rollout.
    values: `[time + 1]`, V of the rollout's observations under the filter that acted.
    """

    samples: Samples
    old_log_std: Float[Array, "action"]
    rewards: Float[Array, "time"]
    ends: Bool[Array, "time"]
    values: Float[Array, "_"]


@struct.dataclass
class Improvement:
    """What an update rule made of the parameters.

    losses: that were minimized, of any shape; the run diverges when one is not finite.
    value_losses: of the value network on the way, of any shape.
    diagnostics: the rule's own, by the names of its `columns`, each a scalar.
    """

    parameters: dict[str, Any]
    rule_state: Any
    losses: Float[Array, "..."]
    value_losses: Float[Array, "..."]
    diagnostics: dict[str, Float[Array, ""]] = field(default_factory=dict)


@runtime_checkable
class UpdateRule(Protocol):
    """An update rule. Frozen and hashable; all its functions are of one run.

    A rule that inherits from this class need only say how it starts and how it improves.
    """

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the rule's own diagnostics, in a run's CSV after those that all rules share."""
        return ()

    def initial(self, hyperparameters: Hyperparameters, parameters: dict[str, Any]) -> Any:
        """What the rule carries from one update to the next, before the first."""

    def improve(
        self,
        context: Context,
        parameters: dict[str, Any],
        rule_state: Any,
        numbers: Numbers,
        experience: Experience,
        key: Key[Array, ""],
    ) -> Improvement:
        """Better parameters of both networks. Consumes the key.

        numbers: of the setting, as this update uses them.
        """

    def adapt(self, numbers: Numbers, kl: Float[Array, ""]) -> Numbers:
        """Those of the setting's numbers that change after an update, as the next one uses them.

        kl: how far the update moved the policy, in nats.
        """
        return {}


@runtime_checkable
class FeedbackRule(UpdateRule, Protocol):
    """An update rule that may start from demonstrations, and learn from other rewards than the true ones."""

    @property
    def imitates(self) -> bool:
        """Whether a run starts from the supervised policy of demonstrations.

        Its observation filter is then that of the demonstrations, and stays so.
        """
        return False

    def with_time_limit(self, time_limit: int) -> "FeedbackRule":
        """The rule where a rollout has at most so many steps of one episode."""
        return self

    def replace_rewards(
        self,
        context: Context,
        parameters: dict[str, Any],
        rule_state: Any,
        numbers: Numbers,
        rollout: Rollout,
        statistics: ObservationStatistics,
        key: Key[Array, ""],
    ) -> tuple[Any, Float[Array, "time"]]:
        """What the rule carries, and the rewards that the run learns from.

        Nothing else of an update sees the environment's rewards.

        parameters: of both networks, as they acted.
        rollout: as the environment gave it.
        statistics: of the observation filter, as it acted.
        key: consumed by `improve`; fold something in before drawing from it.
        """
        return rule_state, rollout.rewards


def imitates(rule: UpdateRule) -> bool:
    """Whether a run of the rule starts from demonstrations."""
    return isinstance(rule, FeedbackRule) and rule.imitates


def find_rule(name: str, /, **options: Any) -> UpdateRule:
    """The rule of this name.

    Raises:
        KeyError: when there is none.
    """
    names = sorted(module.name for module in iter_modules(__path__))
    if name not in names:
        raise KeyError(f"unknown update rule '{name}'; choose from: {' '.join(names)}")
    return cast(UpdateRule, import_module(f"{__name__}.{name}").Rule(**options))
