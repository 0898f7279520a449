"""The settings: the table's eleven rows, the groups beside it, and what makes one of your own."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from algorithms.hyperparameters import ANY, NUMBER_RANGES

# Allowed in file names on every system, and never mistaken for a command-line option.
SETTING_NAME = r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}"
# What Markdown, HTML, LaTeX and the figures would take for commands.
NOT_IN_LABELS = r"|$\{}~^`<>[]"
LONGEST_LABEL = 100


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
        ValueError: for a name or a family that does not match `SETTING_NAME`, a label that is not one line of
            `LONGEST_LABEL` characters at most, a value that is not a number, or one that its name does not
            allow.
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
        for kind, name in (("name", self.name), ("family", self.family)):
            if not re.fullmatch(SETTING_NAME, name):
                raise ValueError(
                    f"'{name}' can't be the {kind} of a setting: letters, digits, '.', '_', '+', '-',"
                    " 100 of them at most"
                )
        # Matplotlib leaves a label that begins with _ out of legends.
        is_line = self.label.strip() and self.label.isprintable() and not self.label.startswith("_")
        if not is_line or set(self.label) & set(NOT_IN_LABELS):
            commands = " ".join(NOT_IN_LABELS)
            raise ValueError(f"the label of {self.name} must be a line without {commands} and _ at its start")
        if len(self.label) > LONGEST_LABEL:
            raise ValueError(f"the label of {self.name} must have {LONGEST_LABEL} characters at most")
        for name, value in self.numbers.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
                raise ValueError(f"{name} of {self.name} must be a number, not {value}")
            if isinstance(value, int) and abs(value) > 2**53:
                raise ValueError(f"{name} of {self.name} is too large for a whole number: give it a point")
            if value not in NUMBER_RANGES.get(name, ANY):
                raise ValueError(f"{name} of {self.name} is out of range: {value}")

    @property
    def depends_on_length(self) -> bool:
        """Whether an update depends on the run's length, so that no run begins like a longer one."""
        return self.rule == "preferences"

    def as_json(self) -> dict[str, Any]:
        """What a run's JSON tells of its setting, ∞ as null."""
        numbers = {name: None if math.isinf(value) else float(value) for name, value in self.numbers.items()}
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


def no_clipping() -> dict[str, float]:
    """PPO's numbers for the unconstrained importance-weighted objective (section 3, equation 6)."""
    return {"clip_range": math.inf, "kl_coefficient": 0.0, "kl_target": math.inf}


def clipping(clip_range: float) -> dict[str, float]:
    """PPO's numbers for the clipped surrogate objective (section 3, equation 7)."""
    return {**no_clipping(), "clip_range": clip_range}


def fixed_kl(kl_coefficient: float) -> dict[str, float]:
    """PPO's numbers for the KL-penalized objective with constant β (section 4, equation 8)."""
    return {**no_clipping(), "kl_coefficient": kl_coefficient}


def adaptive_kl(kl_target: float) -> dict[str, float]:
    """PPO's numbers for the KL-penalized objective whose β starts at 1 and adapts (section 4)."""
    return {**no_clipping(), "kl_coefficient": 1.0, "kl_target": kl_target}


# How the lecture's methods fit V, but for Algorithm 1: as baselines' `trpo_mpi` on MuJoCo.
VALUE_FIT = {"value_epochs": 5, "value_stepsize": 1e-3}


def policy_gradient(psi: str, label: str) -> Setting:
    """The policy gradient with one of the lecture's six Ψ; see `algorithms/rules/policy_gradient.py`."""
    options = {"psi": psi, "discounted_states": False, **VALUE_FIT}
    name = f"pg-{psi.replace('_', '-')}"
    return Setting(name, f"Policy gradient, Ψ = {label}", "pg", {}, "policy_gradient", options)


def trpo(kl_radius: float) -> Setting:
    """TRPO with δ in nats; see `algorithms/rules/trpo.py`."""
    numbers = {"kl_radius": kl_radius, "kl_tolerance": 1.5, "damping": 0.1}
    options = {"cg_steps": 10, "trials": 10, **VALUE_FIT}
    return Setting(f"trpo-{kl_radius:g}", f"TRPO, δ = {kl_radius:g}", "trpo", numbers, "trpo", options)


def successor(name: str, label: str, family: str, file: str | None = None, **numbers: float) -> Setting:
    """An objective of `algorithms/objectives`. file: that has it; None for that of the setting's name."""
    options = {"name": file or name.replace("-", "_")}
    return Setting(name, label, family, numbers, "named_objective", options)


def feedback(name: str, label: str, supervised_coefficient: float = 0.0, **options: Any) -> Setting:
    """PPO from human feedback, clipped at ε = 0.2; see `algorithms/rules/rlhf.py`."""
    numbers = {
        **clipping(0.2),
        "supervised_coefficient": supervised_coefficient,
        "mistake_chance": 0.0,
    }
    rule = "rlhf" if options["demonstrations"] else "preferences"
    return Setting(name, label, "rlhf", numbers, rule, options)


# How the reward model is made: of 1,400 comparisons, as in Figure 2 of Christiano et al. 2017.
LABELS = {"labels": 1400, "window": 50}
SUPERVISED_START = {"demonstrations": True, "value_rollouts": 10}
MODEL_BEFORE = {**LABELS, "label_rollouts": 20, "model_epochs": 20}
MODEL_THROUGHOUT = {**LABELS, "label_rollouts": 5, "model_epochs": 1}


# The rows of the table.
PAPER = (
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

# The lecture's other methods.
LECTURE = (
    policy_gradient("total_reward", "total reward"),
    policy_gradient("action_value", "action value"),
    policy_gradient("reward_to_go", "reward-to-go"),
    policy_gradient("baseline", "reward-to-go minus baseline"),
    policy_gradient("advantage", "advantage"),
    policy_gradient("td_residual", "TD residual"),
    Setting(
        "line-search",
        "Line search",
        "line-search",
        {"first_step": 1.0},
        "line_search",
        {"trials": 10, **VALUE_FIT},
    ),
    trpo(0.01),
    Setting(
        "ppo-clip-algorithm-1",
        "PPO-Clip, Algorithm 1, ε = 0.2",
        "ppo-algorithm-1",
        clipping(0.2),
        "ppo_algorithm_1",
    ),
)

# PPO from human feedback, the lecture's last page.
FEEDBACK = (
    Setting("rlhf-supervised", "Supervised policy alone", "rlhf", {}, "supervised"),
    feedback("rlhf", "PPO from human feedback", 0.05, **SUPERVISED_START, **MODEL_BEFORE),
    feedback("rlhf-no-penalty", "Without penalty", **SUPERVISED_START, **MODEL_BEFORE),
    feedback("rlhf-true-reward", "On the true reward", 0.05, **SUPERVISED_START),
    feedback(
        "preferences",
        "From preferences alone",
        demonstrations=False,
        value_rollouts=0,
        **MODEL_THROUGHOUT,
    ),
)

# Objectives that came after the paper, each with its source's numbers.
SUCCESSORS = (
    successor("truly-ppo", "Truly PPO", "divergence", kl_radius=0.03, kl_coefficient=5.0),
    successor("clip-higher", "Clip-Higher", "ratio", epsilon_low=0.2, epsilon_high=0.28),
    successor("spo-0.2", "SPO, ε = 0.2", "ratio", "spo", epsilon=0.2),
    successor("sapo", "SAPO", "ratio", tau_positive=1.0, tau_negative=1.05),
    successor("cispo", "CISPO", "ratio", epsilon=0.28),
    successor("reverse-kl-1", "Reverse KL, β = 1", "divergence", "reverse_kl", kl_coefficient=1.0),
    successor("discovered", "Discovered", "discovered", a=2.0, b=0.6),
)

# The groups, by the name that stands for their settings on the command line, also where a setting has it. A
# command without `--settings` means the first alone, and one's own.
GROUPED = {"paper": PAPER, "lecture": LECTURE, "rlhf": FEEDBACK, "successors": SUCCESSORS}
GROUPS = {group: tuple(setting.name for setting in settings) for group, settings in GROUPED.items()}

SETTINGS = {setting.name: setting for settings in GROUPED.values() for setting in settings}

# The setting that collapses, in some environments far below all others.
UNCONSTRAINED = "no-clip"
# The setting that others are compared with.
BASELINE = "clip-0.2"

# The paper's settings: they alone set the scale, and a seed is complete when their runs are finished.
PAPER_SETTINGS = GROUPS["paper"]
LECTURE_SETTINGS = GROUPS["lecture"]
RLHF_SETTINGS = GROUPS["rlhf"]
SUCCESSOR_SETTINGS = GROUPS["successors"]
# No rows of the table, and trained only when they are asked for.
NAMED_ONLY = frozenset(name for group, names in GROUPS.items() if group != "paper" for name in names)
# The word for the settings that are known and not of this package.
OWN = "own"


def by_default(names: Iterable[str]) -> tuple[str, ...]:
    """Those of the settings that a command means when it is given none: the paper's, and one's own."""
    return tuple(name for name in names if name not in NAMED_ONLY)


def in_table_order(names: Iterable[str]) -> list[str]:
    """Settings in the table's order, each once: those of the groups, then all others by name."""
    present = set(names)
    return [name for name in SETTINGS if name in present] + sorted(present - SETTINGS.keys())
