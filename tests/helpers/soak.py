"""Values of a test's parameter that are tried by `make soak` alone."""

from collections.abc import Iterable
from typing import Any

import pytest


def mark_soak(values: Iterable[Any]) -> list[Any]:
    """Mark each of the values."""
    return [pytest.param(value, marks=pytest.mark.soak) for value in values]
