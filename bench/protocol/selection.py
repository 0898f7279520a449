"""Which part of the benchmark a command is about, and what of it is there."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.common.errors import UserError, unknown
from bench.protocol.environments import (
    ENVIRONMENT_VERSION,
    PAPER_ENVIRONMENTS,
    all_environments_of,
    environments_of,
    version_of,
    without_version,
)
from bench.protocol.protocol import PAPER_SEEDS, Run
from bench.protocol.settings import GROUPS, NAMED_ONLY, OWN, PAPER_SETTINGS, SETTINGS, by_default
from bench.protocol.variants import VARIANTS


@dataclass(frozen=True)
class Selection:
    """A grid of runs: every combination of these environments, settings and seeds."""

    environments: tuple[str, ...]
    settings: tuple[str, ...]
    seeds: tuple[int, ...]

    @property
    def runs(self) -> list[Run]:
        """The runs of the grid, seed by seed, so that a campaign completes one seed after the other."""
        return [
            Run(environment, setting, seed)
            for seed in self.seeds
            for environment in self.environments
            for setting in self.settings
        ]

    @property
    def is_whole_table(self) -> bool:
        """Whether it has all environments and rows of the paper, and no other environment or group."""
        has_the_papers = set(self.settings) >= set(PAPER_SETTINGS)
        has_others = not NAMED_ONLY.isdisjoint(self.settings)
        has_its_environments = set(map(without_version, self.environments)) == set(PAPER_ENVIRONMENTS)
        return has_the_papers and not has_others and has_its_environments


def select(
    environments: Sequence[str],
    settings: Sequence[str],
    seeds: tuple[int, ...] | None,
    finished: set[Run],
    at_least: tuple[int, ...] = (),
    known: Iterable[str] = SETTINGS,
    version: str = ENVIRONMENT_VERSION,
) -> Selection:
    """The grid asked for.

    environments: as asked for; none for the paper's seven of the version.

    settings: as asked for, each a setting or a group of them; none for the paper's and one's own.

    seeds: as asked for; None for the seeds that are complete among the finished runs, together with those of
        `at_least`. If this gives no seed, the paper's three are meant.

    Raises:
        UserError: for an unknown environment or setting.
    """
    available = all_environments_of(version)
    for name in environments:
        if name not in available and name in all_environments_of(version_of(name)):
            raise _of_another_version(name, version, available)
    chosen_environments = _known("environment", environments or environments_of(version), available)
    known = tuple(known)
    groups = {**GROUPS, OWN: tuple(name for name in known if name not in SETTINGS)}
    if OWN in settings and not groups[OWN]:
        raise UserError("there are no settings of your own: train and verify take their files by --own FILE")
    single = [name for asked in settings for name in groups.get(asked, (asked,))]
    chosen_settings = _known("setting", single or by_default(known), known, tuple(groups))
    if seeds is None:
        complete, _ = seeds_present(chosen_environments, chosen_settings, finished)
        seeds = tuple(sorted({*complete, *at_least})) or PAPER_SEEDS
    return Selection(chosen_environments, chosen_settings, seeds)


def seeds_present(
    environments: Sequence[str], settings: Sequence[str], finished: set[Run]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The seeds all of whose runs are finished, and those of which only some are.

    Settings that the paper doesn't have count only when no paper setting is given.
    """
    rows = tuple(name for name in settings if name in PAPER_SETTINGS) or tuple(settings)
    complete, incomplete = [], []
    for seed in sorted({run.seed for run in finished}):
        wanted = set(Selection(tuple(environments), rows, (seed,)).runs)
        if wanted <= finished:
            complete.append(seed)
        elif wanted & finished:
            incomplete.append(seed)
    return tuple(complete), tuple(incomplete)


def parse_seeds(text: str) -> tuple[int, ...]:
    """`3` means seeds 0, 1, 2; `3-5` means seeds 3, 4, 5. Raises UserError for anything else."""
    if match := re.fullmatch(r"([0-9]{1,4})-([0-9]{1,4})", text):
        first, last = int(match[1]), int(match[2])
        if first <= last:
            return tuple(range(first, last + 1))
    elif re.fullmatch(r"[0-9]{1,4}", text) and int(text) > 0:
        return tuple(range(int(text)))
    raise UserError(
        f"seeds must be a positive number (3: seeds 0, 1, 2) or a range (3-5) below 10000, not '{text}'"
    )


def parse_seed(text: str) -> tuple[int, ...]:
    """The one seed of a number. Raises UserError for anything else."""
    if re.fullmatch(r"[0-9]{1,4}", text):
        return (int(text),)
    raise UserError(f"the seed must be a number from 0 to 9999, not '{text}'")


def parse_timesteps(text: str | None) -> int | None:
    """A positive whole number; None where nothing is given. Raises UserError for anything else."""
    if text is None:
        return None
    if re.fullmatch(r"[0-9]{1,12}", text) and int(text) > 0:
        return int(text)
    raise UserError(f"timesteps must be a positive whole number of at most 12 digits, not '{text}'")


def ranges(seeds: Sequence[int]) -> str:
    """Growing numbers, such as 0-2, 5."""
    found: list[list[int]] = []
    for seed in seeds:
        if found and seed == found[-1][-1] + 1:
            found[-1].append(seed)
        else:
            found.append([seed])
    texts = (f"{part[0]}-{part[-1]}" if len(part) > 1 else str(part[0]) for part in found)
    return ", ".join(texts)


def _of_another_version(name: str, version: str, available: tuple[str, ...]) -> UserError:
    """The error for an environment of another version, with its sibling here and the protocol that has it."""
    sibling = f"{without_version(name)}-{version}"
    here = sibling if sibling in available else f"{version} environments"
    other = version_of(name)
    there = (
        f"; --variant {other} has {name}, or train --set environment_version={other}"
        if other in VARIANTS
        else ""
    )
    return UserError(f"{name} is of another protocol: this one has {here}{there}")


def _known(
    kind: str, names: Sequence[str], valid: tuple[str, ...], groups: tuple[str, ...] = ()
) -> tuple[str, ...]:
    choices = (*valid, *groups)
    for name in names:
        if name not in valid:
            raise unknown(kind, name, choices)
    return tuple(dict.fromkeys(names))
