"""The options that commands share, and the results folder and the runs that these select."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console

from bench.common.errors import UserError, unknown
from bench.protocol.environments import environments_of
from bench.protocol.protocol import DEFAULT, Protocol, Run
from bench.protocol.selection import Selection, parse_seeds, parse_timesteps, seeds_present, select
from bench.protocol.settings import PAPER_SETTINGS, SETTINGS, Setting, in_table_order
from bench.protocol.variants import VARIANTS, folder_of
from bench.results.folder import Results, open_results


def option(metavar: str, default: str, name: str | None = None, help_: str | None = None) -> Any:
    """Configure an option.

    default: What its help says is meant where it is not given.
    help_: Its help where that is made; else the text below the option.
    """
    return tyro.conf.arg(name=name, metavar=metavar, help=help_, help_behavior_hint=f"(default: {default})")


class OnResults(ABC):
    """A command on part of a results folder."""

    @abstractmethod
    def open(self) -> tuple[Results, Selection]:
        """Open the folder, and select the command's part of it. Raises UserError if it can't be used."""

    @abstractmethod
    def run(self, results: Results, selection: Selection, console: Console) -> None:
        """Do what the command says."""

    def execute(self, console: Console) -> None:
        """Open the folder and run the command."""
        self.run(*self.open(), console)


@dataclass(frozen=True)
class OfProtocol:
    """The options of a command on the results of the default protocol or of a variant."""

    results: Annotated[Path, tyro.conf.arg(metavar="DIR")] = Path("results")
    """Folder of the results."""
    variant: Annotated[str | None, option("NAME", "the default protocol")] = None
    """A protocol other than the default, whose results are in `variants/NAME` of the folder."""


@dataclass(frozen=True)
class Options(OfProtocol):
    """The options of train, evaluate, table, curves and status."""

    seeds: Annotated[str | None, option("N or N-M", "those complete in the folder, or 3")] = None
    """How many seeds (3: seeds 0, 1, 2) or which (3-5)."""
    timesteps: Annotated[str | None, option("N", "those of the folder, or 1000000 if it is new")] = None
    """Environment steps of each run, which go up to the end of a rollout."""
    environments: Annotated[tuple[str, ...], option("ID [ID ...]", "the paper's seven")] = ()
    """Gymnasium environments, such as Hopper-v4, or others that are there: Ant-v4, Humanoid-v4."""
    settings: Annotated[
        tuple[str, ...],
        option("NAME [NAME ...]", "the paper's and your own: those of --own for train, else of the folder"),
    ] = ()
    """Settings, such as clip-0.2, or a group of them: paper, lecture, rlhf, successors, own."""

    def open(self) -> tuple[Results, Selection]:
        """Open the results folder, which must be there, and select the command's part of it.

        Raises:
            UserError: for an option or a folder that can't be used.
        """
        folder, _ = folder_and_protocol(self.results, self.variant)
        results = open_results(folder, parse_timesteps(self.timesteps), create=False)
        finished = results.finished()
        known = in_table_order({*SETTINGS, *(run.setting for run in finished)})
        return results, self.selected(results.protocol, finished, known)

    def selected(
        self, protocol: Protocol, finished: set[Run], known: Iterable[str], at_least: tuple[int, ...] = ()
    ) -> Selection:
        """Return the runs that the options choose; `select` explains the parameters."""
        seeds = None if self.seeds is None else parse_seeds(self.seeds)
        version = protocol.environment_version
        return select(self.environments, self.settings, seeds, finished, at_least, known, version)


def folder_and_protocol(results: Path, variant: str | None) -> tuple[Path, Protocol]:
    """Return the results folder and the protocol of a variant, or of the default where it is None.

    Raises:
        UserError: for an unknown variant, naming the valid ones.
    """
    if variant is None:
        return results, DEFAULT
    if variant not in VARIANTS:
        raise unknown("variant", variant, VARIANTS)
    return folder_of(results, variant), VARIANTS[variant]


def repetitions_of(results: Results, folder: Path, variant: str | None) -> Results:
    """Open the folder in which runs of `results` were trained again, by the same protocol and length.

    Raises:
        UserError: when it is another one, or can't be used.
    """
    there, _ = folder_and_protocol(folder, variant)
    protocol = results.protocol
    return open_results(there, protocol.timesteps, create=False, protocol=protocol)


def finished_of(results: Results, selection: Selection) -> set[Run]:
    """Return the selection's finished runs. Raises UserError when there is none."""
    finished = set(selection.runs) & results.finished()
    if not finished:
        others = describe_left_out(results, selection) or "train first"
        raise UserError(f"no run of this selection is finished in {results.path}: {others}")
    return finished


def describe_left_out(results: Results, selection: Selection) -> str:
    """Say which finished runs are left out because their environments are not named; "" where none are."""
    if selection.environments != environments_of(results.protocol.environment_version):
        return ""
    found = Counter(run.environment for run in results.finished())
    others = {name: count for name, count in sorted(found.items()) if name not in selection.environments}
    counts = ", ".join(f"{count} in {name}" for name, count in others.items())
    return f"runs left out unless named: {counts} (--environments {' '.join(others)})" if others else ""


def tell_left_out(results: Results, selection: Selection, console: Console) -> None:
    """Print what `describe_left_out` says, if anything."""
    if left_out := describe_left_out(results, selection):
        console.print(left_out, soft_wrap=True)


def is_written(selection: Selection, finished: set[Run]) -> bool:
    """Return whether the selection is the whole table, of all whole seeds. Only such a table is written."""
    paper = {run for run in selection.runs if run.setting in PAPER_SETTINGS}
    whole_seeds, _ = seeds_present(selection.environments, PAPER_SETTINGS, finished)
    return selection.is_whole_table and paper <= finished and set(whole_seeds) <= set(selection.seeds)


def require_undamaged(results: Results, selection: Selection) -> None:
    """Refuse to go on where finished runs of the selection are damaged. Raises UserError naming the first."""
    damaged = results.damaged(set(selection.runs) & results.finished())
    if damaged:
        others = f"; {len(damaged) - 1} more are damaged" if len(damaged) > 1 else ""
        raise UserError(next(iter(damaged.values())) + others)


def require_same(results: Results, settings: Iterable[Setting]) -> None:
    """Refuse to go on where finished runs define a setting differently. Raises UserError naming it."""
    named = {setting.name: setting.as_json() for setting in settings}
    recorded = results.settings(run for run in results.finished() if run.setting in named)
    for name, setting in recorded.items():
        if setting.as_json() != named[name]:
            kept = results.own_path(setting.own_sha256 or "")
            take = f", or take the file of its runs, {kept}" if kept.is_file() else ""
            raise UserError(
                f"{results.path}: {name} has runs of another file or other numbers;"
                f" give this setting another name{take}"
            )
