"""A protocol of your own: a named one with some of its numbers and choices set otherwise.

    --set discount=0.999 --set advantages=minibatch

Named protocols are `bench.protocol.variants`.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_type_hints

from algorithms.hyperparameters import Choices, Hyperparameters, possible_choices
from bench.common.errors import UserError, unknown
from bench.protocol.environments import VERSIONS
from bench.protocol.protocol import DEFAULT, Protocol

NUMBERS = [each.name for each in dataclasses.fields(Hyperparameters) if each.name != "choices"]
VALUES: Mapping[str, tuple[str, ...]] = {**possible_choices(), "environment_version": tuple(VERSIONS)}
"""What can be set to one of several words: choices, and the version of the environments."""


def describe_names() -> str:
    """What `--set` takes, for its help: numbers with their defaults, and choices with their values."""
    numbers = (f"{name}={_format_number(getattr(DEFAULT.hyperparameters, name))}" for name in NUMBERS)
    words = (f"{name}={'|'.join(values)}" for name, values in VALUES.items())
    return (
        f"Numbers, with their defaults: {' '.join(numbers)}. Choices, the default first: {' '.join(words)}."
    )


def change_protocol(protocol: Protocol, changes: Iterable[str]) -> Protocol:
    """The protocol with these changes, each `name=value`.

    Raises:
        UserError: for a name or a value that there is not, and for a name that is set twice.
    """
    numbers: dict[str, Any] = {}
    words: dict[str, Any] = {}
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals:
            raise UserError(f"--set takes name=value, not {change}")
        if name in numbers or name in words:
            raise UserError(f"--set {name} is given twice")
        if name in NUMBERS:
            numbers[name] = _parse_number(name, value)
        elif name not in VALUES:
            raise unknown("name in --set", name, [*NUMBERS, *VALUES])
        elif value not in VALUES[name]:
            raise unknown(f"value of --set {name}", value, VALUES[name])
        else:
            words[name] = value
    version = words.pop("environment_version", protocol.environment_version)
    before = protocol.hyperparameters
    choices = Choices(**{**dataclasses.asdict(before.choices), **words})
    try:
        hyperparameters = replace(before, choices=choices, **numbers)
    except ValueError as error:
        raise UserError(f"--set: {error}") from error
    return replace(protocol, hyperparameters=hyperparameters, environment_version=version)


def find_changes(protocol: Protocol) -> list[str]:
    """What `change_protocol` makes a protocol of, from the default and but for its timesteps."""
    mine, default = _settable(protocol), _settable(DEFAULT)
    return [f"{name}={value}" for name, value in mine.items() if value != default[name]]


def holds_another_protocol(path: Path, recorded: Protocol, expected: Protocol) -> UserError:
    """The error for a folder of another protocol, with what differs and the `--set` that goes on with it."""
    changes = find_changes(recorded)
    return UserError(
        f"{path} holds results of protocol {recorded.fingerprint}, not of {expected.fingerprint}"
        f" ({', '.join(recorded.differences(expected))}): choose another results folder, or train this one"
        f" {' '.join(['with --set', *changes]) if changes else 'without --set'}"
    )


def _settable(protocol: Protocol) -> dict[str, str]:
    """All that can be set, as it is written."""
    hyperparameters = protocol.hyperparameters
    numbers = {name: _format_number(getattr(hyperparameters, name)) for name in NUMBERS}
    choices = dataclasses.asdict(hyperparameters.choices)
    return {**numbers, **choices, "environment_version": protocol.environment_version}


def _format_number(value: Any) -> str:
    """A hyperparameter as `_parse_number` takes it."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _parse_number(name: str, value: str) -> Any:
    """The value of a hyperparameter, by its type."""
    kind = get_type_hints(Hyperparameters)[name]
    try:
        if kind is int:
            return int(value)
        if kind is float:
            return float(value)
        return tuple(int(size) for size in value.split(","))
    except ValueError:
        words = {int: "a whole number", float: "a number"}.get(kind, "whole numbers such as 64,64")
        raise UserError(f"--set {name} must be {words}, not {value}") from None
