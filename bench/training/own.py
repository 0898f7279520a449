"""Your own settings: Python files outside this package, and how they become update rules.

A file has a list `SETTINGS`, and either functions that PPO maximizes in place of the paper's objective, or
an object `rule` (`algorithms.rules.UpdateRule`). A function's arguments are named as in
`algorithms.rules.own_objective.INPUTS`. A setting maximizes the function `objective`, or the one that its
options name: `options={"objective": "another"}`. The file is run on every worker that trains its settings.
"""

import sys
import traceback
import types
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from algorithms.alternatives import VALUE_CLIP_RANGE
from algorithms.demonstrations import Demonstrations
from algorithms.hyperparameters import Choices, Hyperparameters
from algorithms.rollout import Rollout
from algorithms.rules import UpdateRule, find_rule, imitates, own_objective
from algorithms.rules.own_objective import INPUTS, argument_names
from algorithms.update import initial_state, update
from bench.common.errors import UserError, one_line, unknown
from bench.common.files import digest, read_text
from bench.protocol.changes import NUMBERS, VALUES
from bench.protocol.protocol import Run
from bench.protocol.settings import GROUPS, OWN, SETTINGS, Setting
from bench.results.schema import COLUMNS, TAKEN

UPDATE_RULE_MEMBERS = ("columns", "initial", "improve", "adapt")
# What tables of runs have beside a rule's own columns, and what training keeps beside them.
TAKEN_COLUMNS = {*TAKEN, *COLUMNS, "finite"}
# What choices that use the number `clip_range` do with a setting that lacks it.
WITHOUT_CLIP_RANGE = {
    ("stepsize_schedule", "linear_with_clip_range"): "anneals the stepsize alone",
    ("value_loss", "clipped"): f"clips the values by {VALUE_CLIP_RANGE}",
}


@dataclass(frozen=True)
class OwnFile:
    """A file of one's own settings, as it was when it was read.

    name: of the file.
    source: its text.
    """

    name: str
    source: str

    @property
    def sha256(self) -> str:
        """The hash of its text."""
        return digest(self.source)

    @property
    def settings(self) -> dict[str, Setting]:
        """Its settings by name, each with the hash of the file, and as of a rule of its own if it has one."""
        module = _module(self)
        rule = "own" if hasattr(module, "rule") else Setting.rule
        return {each.name: replace(each, own_sha256=self.sha256, rule=rule) for each in module.SETTINGS}

    @property
    def depends_on_length(self) -> bool:
        """Whether an update may depend on how long the run is, so that no run begins like a longer one.

        It may where the file has the word that names the share of the run, or that of its stepsize, or the
        rule whose labels are spread over the run.
        """
        return any(word in self.source for word in ("progress", "stepsize_fraction", "preferences"))

    def defines_any(self, runs: Iterable[Run]) -> bool:
        """Whether a setting of one of these runs is its own."""
        return not self.settings.keys().isdisjoint(run.setting for run in runs)

    def rule_of(self, setting: Setting) -> UpdateRule:
        """The update rule of one of its settings."""
        return _rule(self, objective_name(setting))


OwnFiles = tuple[OwnFile, ...]
"""Files of one's own settings, of which no two define a setting of the same name differently."""


def read_own_files(paths: Iterable[Path]) -> OwnFiles:
    """The files at `paths`, each as `read_own` gives it.

    Raises:
        UserError: saying what is wrong with one of them, or which two define the same setting.
    """
    files = {path: read_own(path) for path in paths}
    for (one, first), (other, second) in combinations(files.items(), 2):
        if first.sha256 != second.sha256:
            for name in first.settings.keys() & second.settings.keys():
                raise UserError(
                    f"{one} and {other} both define {name}: give one of the settings another name"
                )
    return tuple(files.values())


def known_settings(own: OwnFiles) -> dict[str, Setting]:
    """The settings of this package and those of one's own files, by name."""
    return SETTINGS | {name: setting for file in own for name, setting in file.settings.items()}


def read_own(path: Path) -> OwnFile:
    """The file at `path`, run once to see that it can be used.

    Raises:
        UserError: saying what is wrong with it.
    """
    own = OwnFile(path.name, read_text(path))
    try:
        module = _module(own)
    except Exception as error:
        raise UserError(f"{path} does not run: {_describe_error(own, error)}") from error
    found = getattr(module, "SETTINGS", None)
    if not isinstance(found, list) or not found or not all(isinstance(each, Setting) for each in found):
        raise UserError(f"{path} has no list SETTINGS of Setting(...)")
    names = [setting.name for setting in found]
    for name in names:
        if name in (*SETTINGS, *GROUPS, OWN) or names.count(name) > 1:
            raise UserError(f"{path}: the name {name} is taken; choose another for this setting")
    for setting in found:
        _check_setting(path, setting, has_rule=hasattr(module, "rule"))
    if hasattr(module, "rule"):
        _check_rule(path, module.rule)
        for setting in own.settings.values():
            _check_update(path, own, setting)
    else:
        for setting in own.settings.values():
            _check_objective(path, own, setting)
    return own


def objective_name(setting: Setting) -> str:
    """The function of its file that a setting of one's own maximizes."""
    return str(setting.options.get("objective", "objective"))


def describe_without_clip_range(settings: Iterable[Setting], choices: Choices) -> list[str]:
    """What these choices do with settings that lack the number `clip_range`, a line a choice."""
    names = " ".join(each.name for each in settings if "clip_range" not in each.numbers)
    return [
        f"{choice}={value} {effect} of {names}, for want of a number clip_range"
        for (choice, value), effect in WITHOUT_CLIP_RANGE.items()
        if names and getattr(choices, choice) == value
    ]


def _check_setting(path: Path, setting: Setting, has_rule: bool) -> None:
    """Refuse what a setting of one's own file can't say."""
    for name in (*setting.numbers, *setting.options):
        if name in (*NUMBERS, *VALUES):
            raise UserError(
                f"{path}: {name} of {setting.name} would change nothing: it is the protocol's, the same for"
                f" all settings of a results folder; train --set {name}=VALUE sets it, in a folder of its own"
            )
    if setting.rule != Setting.rule or setting.options.keys() - (set() if has_rule else {"objective"}):
        raise UserError(
            f"{path}: {setting.name} takes its rule from this file: no rule=, and no options= but the name of"
            ' a function that it maximizes, {"objective": "another"}'
        )


def _check_rule(path: Path, rule: object) -> None:
    """Refuse what is no update rule, can't be hashed, which JAX needs, or has columns that are taken."""
    if isinstance(rule, type):
        raise UserError(f"{path}: rule must be an object, such as {rule.__name__}(), not a class")
    if not isinstance(rule, UpdateRule):
        missing = [name for name in UPDATE_RULE_MEMBERS if not hasattr(rule, name)]
        raise UserError(f"{path}: rule is without {', '.join(missing)}")
    try:
        hash(rule)
    except TypeError as error:
        raise UserError(f"{path}: rule must be hashable: make it a frozen dataclass") from error
    for number, column in enumerate(rule.columns):
        if not column.isidentifier() or column in TAKEN_COLUMNS or column in rule.columns[:number]:
            raise UserError(f"{path}: the rule's column {column!r} is taken, or no name")


def _check_update(path: Path, own: OwnFile, setting: Setting) -> None:
    """Refuse a rule that can't make an update with a setting's numbers, by a trace that computes nothing."""
    rule, small = own.rule_of(setting), Hyperparameters(64, epochs=1, minibatch_size=32, hidden_sizes=(4,))

    def make_update() -> Any:
        demonstrations = Demonstrations(jnp.zeros((64, 3)), jnp.zeros((64, 2))) if imitates(rule) else None
        state = initial_state(small, rule, 0, dict(setting.numbers), 3, 2, demonstrations)
        steps = jnp.zeros((small.horizon, 1))
        observations, actions = jnp.zeros((small.horizon + 1, 1, 3)), jnp.zeros((small.horizon, 1, 2))
        rollout = Rollout(observations, actions, rewards=steps, ends=steps > 0)
        _, diagnostics = update(small, rule, jax.tree.map(lambda leaf: leaf[None], state), rollout)
        return diagnostics

    try:
        jax.eval_shape(make_update)
    except Exception as error:
        raise _failure(path, own, "rule", setting, error) from error


def _check_objective(path: Path, own: OwnFile, setting: Setting) -> None:
    """Refuse an objective that is missing, takes other than `INPUTS`, or does not give a number a sample."""
    function = getattr(_module(own), objective_name(setting), None)
    if not callable(function):
        raise UserError(
            f"{path} has neither a function {objective_name(setting)} nor an update rule named rule"
        )
    try:
        names = argument_names(function)
    except (ValueError, TypeError) as error:
        raise UserError(
            f"{path}: {objective_name(setting)} must be a function whose arguments have names"
        ) from error
    for name in names:
        if name not in INPUTS:
            raise UserError(f"{path}: {unknown(f'argument of {objective_name(setting)}', name, INPUTS)}")
    samples = jnp.ones(64)
    numbers = {name: jnp.float32(number) for name, number in setting.numbers.items()}
    given = dict.fromkeys(INPUTS, samples) | {"numbers": numbers, "progress": jnp.float32(0)}
    try:
        found = jax.eval_shape(function, **{name: given[name] for name in names})
    except Exception as error:
        raise _failure(path, own, objective_name(setting), setting, error) from error
    if getattr(found, "shape", None) != samples.shape:
        raise UserError(
            f"{path}: {objective_name(setting)} must return an array of one number for each sample, of shape"
            f" [64] for 64 samples, not {getattr(found, 'shape', found)}"
        )


def _failure(path: Path, own: OwnFile, failing: str, setting: Setting, error: Exception) -> UserError:
    """The error for what fails with a setting's numbers, which are named where a key is missing."""
    numbers = f"; its numbers: {' '.join(setting.numbers)}" if isinstance(error, KeyError) else ""
    return UserError(f"{path}: {failing} fails for {setting.name}: {_describe_error(own, error)}{numbers}")


def _describe_error(own: OwnFile, error: Exception) -> str:
    """An error in one line, with the line of the file where it was raised."""
    frames = [each for each in traceback.extract_tb(error.__traceback__) if each.filename == own.name]
    return one_line(error) + (f" (line {frames[-1].lineno})" if frames else "")


def find_rule_of(setting: Setting, own: OwnFiles) -> UpdateRule:
    """The update rule of a setting, with its options. Raises KeyError where its own file is not given."""
    if setting.own_sha256 is None:
        return find_rule(setting.rule, **setting.options)
    return {file.sha256: file for file in own}[setting.own_sha256].rule_of(setting)


@cache
def _module(own: OwnFile) -> types.ModuleType:
    module = types.ModuleType(f"own_{own.sha256[:12]}")
    sys.modules[module.__name__] = module  # where dataclasses look for what their types name
    exec(compile(own.source, own.name, "exec"), module.__dict__)
    return module


@cache
def _rule(own: OwnFile, objective: str) -> UpdateRule:
    """One object for a file and an objective, so that JAX compiles its program once."""
    module = _module(own)
    return module.rule if hasattr(module, "rule") else own_objective.Rule(getattr(module, objective))
