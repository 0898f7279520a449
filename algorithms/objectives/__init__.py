"""Surrogate objectives that came after PPO's, one a file, found by name. Each is a value a sample.

A module of this folder defines `objective`, a function of what its arguments name, as
`algorithms.rules.own_objective.INPUTS` lists them. The rule `named_objective` maximizes its mean.

How to add one: write a module here, and a setting that names it (`bench/protocol/settings.py`),

    Setting(name, label, family, numbers, "named_objective", {"name": "truly_ppo"})
"""

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import Any


def objective_names() -> list[str]:
    """The names of all objectives."""
    return sorted(module.name for module in iter_modules(__path__))


def find_objective(name: str) -> Callable[..., Any]:
    """The objective of this name.

    Raises:
        KeyError: when there is none.
    """
    if name not in objective_names():
        raise KeyError(f"unknown objective '{name}'; choose from: {' '.join(objective_names())}")
    objective: Callable[..., Any] = import_module(f"{__name__}.{name}").objective
    return objective
