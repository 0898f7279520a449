"""The settings: rows of the table, the paper's eleven and your own."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.protocol.environments import ENVIRONMENT_VERSION

# Allowed in file names on every system, and never mistaken for a command-line option.
SETTING_NAME = r"[A-Za-z0-9][A-Za-z0-9._+-]*"


@dataclass(frozen=True)
class Setting:
    """A row of the table: an update rule with its numbers and options.

    name: as in file names and on the command line.
    label: as printed.
    family: settings of one family share a colour.
    numbers: by name, as the rule's file has them; data of one compiled program.
    rule: a file of `algorithms/rules`.
    options: of the rule; other options are another compiled program.
    paper_score: as published; None for a row that the paper doesn't have.
    own_sha256: of the file that defines it, where that is not part of this package.

    Raises:
        ValueError: for a name that does not match `SETTING_NAME`, or a value that is not a number.
    """

    name: str
    label: str
    family: str
    numbers: Mapping[str, float]
    rule: str = "ppo"
    options: Mapping[str, Any] = field(default_factory=dict)
    paper_score: float | None = None
    own_sha256: str | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(SETTING_NAME, self.name):
            raise ValueError(
                f"'{self.name}' can't be the name of a setting: letters, digits, '.', '_', '+', '-'"
            )
        for name, value in self.numbers.items():
            if not isinstance(value, int | float) or math.isnan(value):
                raise ValueError(f"{name} of {self.name} must be a number, not {value}")

    def as_json(self) -> dict[str, Any]:
        """What a run's JSON tells of its setting, ∞ as null."""
        numbers = {name: _finite(value) for name, value in self.numbers.items()}
        own = {} if self.own_sha256 is None else {"own_sha256": self.own_sha256}
        return {
            "label": self.label,
            "family": self.family,
            "rule": self.rule,
            "numbers": numbers,
            "options": dict(self.options),
            **own,
        }

    @classmethod
    def from_json(cls, name: str, record: Mapping[str, Any]) -> "Setting":
        """The setting that a run's JSON tells of. Raises KeyError where something is missing."""
        numbers = {key: math.inf if value is None else value for key, value in record["numbers"].items()}
        return cls(
            name,
            record["label"],
            record["family"],
            numbers,
            record["rule"],
            record["options"],
            own_sha256=record.get("own_sha256"),
        )


def _require_positive(name: str, value: float) -> None:
    if not value > 0:
        raise ValueError(f"{name} must be positive, not {value}")


def no_clipping() -> dict[str, float]:
    """PPO's numbers for the unconstrained importance-weighted objective (section 3, equation 6)."""
    return {"clip_range": math.inf, "kl_coefficient": 0.0, "kl_target": math.inf}


def clipping(clip_range: float) -> dict[str, float]:
    """PPO's numbers for the clipped surrogate objective (section 3, equation 7).

    Raises:
        ValueError: unless 0 < ε.
    """
    _require_positive("the clip range ε", clip_range)
    return {**no_clipping(), "clip_range": clip_range}


def fixed_kl(kl_coefficient: float) -> dict[str, float]:
    """PPO's numbers for the KL-penalized objective with constant β (section 4, equation 8).

    Raises:
        ValueError: unless 0 < β.
    """
    _require_positive("the KL coefficient β", kl_coefficient)
    return {**no_clipping(), "kl_coefficient": kl_coefficient}


def adaptive_kl(kl_target: float) -> dict[str, float]:
    """PPO's numbers for the KL-penalized objective whose β starts at 1 and adapts (section 4).

    Raises:
        ValueError: unless 0 < d_targ.
    """
    _require_positive("the KL target d_targ", kl_target)
    return {**no_clipping(), "kl_coefficient": 1.0, "kl_target": kl_target}


SETTINGS: dict[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting("no-clip", "No clipping or penalty", "no-clip", no_clipping(), paper_score=-0.39),
        Setting("clip-0.1", "Clipping, ε = 0.1", "clip", clipping(0.1), paper_score=0.76),
        Setting("clip-0.2", "Clipping, ε = 0.2", "clip", clipping(0.2), paper_score=0.82),
        Setting("clip-0.3", "Clipping, ε = 0.3", "clip", clipping(0.3), paper_score=0.70),
        *(
            Setting(
                f"adaptive-kl-{target:g}",
                f"Adaptive KL, d_targ = {target:g}",
                "adaptive-kl",
                adaptive_kl(target),
                paper_score=score,
            )
            for target, score in ((0.003, 0.68), (0.01, 0.74), (0.03, 0.71))
        ),
        Setting("fixed-kl-0.3", "Fixed KL, β = 0.3", "fixed-kl", fixed_kl(0.3), paper_score=0.62),
        Setting("fixed-kl-1", "Fixed KL, β = 1", "fixed-kl", fixed_kl(1.0), paper_score=0.71),
        Setting("fixed-kl-3", "Fixed KL, β = 3", "fixed-kl", fixed_kl(3.0), paper_score=0.72),
        Setting("fixed-kl-10", "Fixed KL, β = 10", "fixed-kl", fixed_kl(10.0), paper_score=0.69),
    )
}

FIGURE_3: dict[str, float] = {
    f"{name}-{ENVIRONMENT_VERSION}": value
    for name, value in (
        ("HalfCheetah", 1800.0),
        ("Hopper", 2330.0),
        ("InvertedDoublePendulum", 8000.0),
        ("InvertedPendulum", 1000.0),
        ("Reacher", -7.0),
        ("Swimmer", 108.0),
        ("Walker2d", 3460.0),
    )
}
"""Returns of "PPO (Clip)", which is ε = 0.2, where its curves in the PPO paper's Figure 3 end, at one million
timesteps of the `v1` environments. Read off the figure, with an error of a percent or two of its height."""

# The setting that collapses, in some environments far below all others.
UNCONSTRAINED = "no-clip"
# The setting that others are compared with.
BASELINE = "clip-0.2"

# The paper's settings: they alone set the scale, and a seed is complete when their runs are finished.
PAPER_SETTINGS = tuple(name for name, setting in SETTINGS.items() if setting.paper_score is not None)


def in_table_order(names: Iterable[str]) -> list[str]:
    """Settings in the order of the table's rows, each once: the paper's, then all others by name."""
    present = set(names)
    return [name for name in SETTINGS if name in present] + sorted(present - SETTINGS.keys())


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
