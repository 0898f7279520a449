"""Update rules, one a file, found by name: each improves the policy from a rollout.

A module of this folder defines `Rule`, a frozen dataclass whose fields are the rule's options. JAX compiles a
program for each rule and its options; a setting's numbers are data, so settings of one rule share a program.

How to add a rule:

1. Write a module here with a class `Rule(UpdateRule)`: how it starts and how it improves a policy.
2. Add settings that name the module as their rule, with its numbers: `bench/protocol/settings.py`.
3. Add one of them to `ONE_OF_EACH_RULE` of `tests/golden/make.py`, and store the golden run anew.
   The files of the other rules must come out as they were.
"""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Protocol, cast, runtime_checkable

from jaxtyping import Array, Float, Key

from algorithms.gaussian import DiagonalGaussian
from algorithms.hyperparameters import Hyperparameters
from algorithms.types import Experience, Improvement, Numbers


@runtime_checkable
class UpdateRule(Protocol):
    """An update rule. Frozen and hashable; all its functions are of one run.

    Its own diagnostics stand in a run's CSV after those that all rules share. A rule that inherits from this
    class need only say how it starts and how it improves.
    """

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the rule's own diagnostics; none unless a rule says otherwise."""
        return ()

    def initial(self, hyperparameters: Hyperparameters, parameters: dict[str, Any]) -> Any:
        """What the rule carries from one update to the next, before the first."""

    def improve(
        self,
        hyperparameters: Hyperparameters,
        parameters: dict[str, Any],
        rule_state: Any,
        numbers: Numbers,
        experience: Experience,
        key: Key[Array, ""],
    ) -> Improvement:
        """Better parameters of both networks. Consumes the key.

        numbers: of the setting, as this update uses them (`algorithms.schedules`).
        """

    def diagnose(
        self,
        numbers: Numbers,
        old: DiagonalGaussian,
        new: DiagonalGaussian,
        actions: Float[Array, "sample action"],
    ) -> tuple[Float[Array, ""], ...]:
        """Those of the rule's own diagnostics that take both policies, in the order of `columns`."""
        return ()

    def adapted(self, numbers: Numbers, kl: Float[Array, ""]) -> Numbers:
        """The numbers that the next update uses, after one that moved the policy by `kl`, in nats."""
        return numbers


def names() -> list[str]:
    """The rules that there are."""
    return sorted(module.name for module in iter_modules(__path__))


def rule(name: str, **options: Any) -> UpdateRule:
    """The rule of this name.

    Raises:
        KeyError: when there is none.
    """
    if name not in names():
        raise KeyError(f"unknown update rule '{name}'; choose from: {' '.join(names())}")
    return cast(UpdateRule, import_module(f"{__name__}.{name}").Rule(**options))
