"""Protocols for tests."""

import dataclasses

from bench.protocol.protocol import Protocol


def of_length(protocol: Protocol, updates: int) -> Protocol:
    """A protocol's runs of so many updates."""
    return dataclasses.replace(protocol, timesteps=updates * protocol.hyperparameters.horizon)
