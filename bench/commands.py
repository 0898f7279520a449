"""The commands: what each opens and runs. Their fields are the options of the command line."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from rich.console import Console

from bench.common.errors import DamagedError
from bench.options import Options, finished_of, option, place_of, require_undamaged, timesteps_of
from bench.protocol.environments import ENVIRONMENTS, environments_of
from bench.protocol.protocol import PAPER_SEEDS
from bench.protocol.selection import Selection, parse_seed, ranges, seeds_present, select
from bench.protocol.settings import PAPER_SETTINGS, SETTINGS, Setting, in_table_order
from bench.results.folder import Results, open_results
from bench.training.determinism import CACHE, pin

if TYPE_CHECKING:
    from bench.training.own import OwnFile

# Each command imports what it alone needs, so that starting stays quick.


@dataclass(frozen=True)
class Train(Options):
    """Train the runs that are missing from the results folder, one process a core."""

    own: Annotated[Path | None, option("FILE", "none")] = None
    """A Python file of your own settings, which `--settings` may then name."""
    repair: tyro.conf.FlagCreatePairsOff[bool] = False
    """Move damaged runs to `damaged/` of the folder, and train them again."""
    scheduler: Annotated[str | None, option("ADDRESS", "the cores of this machine")] = None
    """A Dask cluster to train on, such as tcp://host:8786, or tls:// with certificates that Dask's
    configuration names."""

    def open(self) -> tuple[Results, Selection]:
        """The results folder, made if it is not there, and what to train."""
        folder, protocol = self.place
        self.selected(protocol, set(), self.known)  # before a folder is made
        results = open_results(folder, timesteps_of(self.timesteps), create=True, protocol=protocol)
        # At least the paper's seeds: an interrupted campaign goes on even if one of them is complete.
        return results, self.selected(protocol, results.finished(), self.known, PAPER_SEEDS)

    @cached_property
    def own_file(self) -> "OwnFile | None":
        """The file of one's own settings, if there is one, checked. It is read once."""
        if self.own is None:
            return None
        pin()
        from bench.training.own import read_own

        return read_own(self.own)

    @property
    def known(self) -> dict[str, Setting]:
        """The settings of this package and of one's own file."""
        return SETTINGS if self.own_file is None else {**SETTINGS, **self.own_file.settings}

    def run(self, results: Results, selection: Selection, console: Console) -> None:
        """Train what is missing of the selection."""
        from bench.campaign.jobs import missing_jobs
        from bench.training.checkpoints import CheckpointFolder

        known = self.known
        if self.repair:
            _set_damaged_aside(results, selection, console)
        require_undamaged(results, selection)
        results.require_same([known[name] for name in selection.settings])
        checkpoints, refused = CheckpointFolder(results).load(known)
        for line in refused:
            _warn(console, line)
        jobs = missing_jobs(results, selection.runs, checkpoints, self.own_file)
        if not jobs:
            message = f"nothing to train: all {len(selection.runs)} runs are in {results.path}"
            console.print(message, soft_wrap=True)
            return
        if not pin():
            _warn(console, f"{CACHE} can't be written: every process compiles anew")
        from bench.campaign.campaign import run_campaign

        def stopped() -> str:
            wanted, finished = set(selection.runs), results.finished()
            kept = {run for checkpoint in CheckpointFolder(results).load()[0] for run in checkpoint.runs}
            begun = len((kept & wanted) - finished)
            return (
                f"stopped: {len(wanted & finished)} of {len(selection.runs)} runs are finished and kept in"
                f" {results.path}, and the checkpoints of {begun}; the same command goes on from there"
            )

        run_campaign(results, jobs, console, self.scheduler, stopped)


def _warn(console: Console, line: str) -> None:
    console.print(line, style="yellow", soft_wrap=True)


def _set_damaged_aside(results: Results, selection: Selection, console: Console) -> None:
    """Move what is damaged of the selection out of the way, so that it is made again."""
    with results.locked():
        for run, reason in results.damaged(set(selection.runs) & results.finished()).items():
            results.set_aside(run)
            _warn(console, f"{run} is kept aside: {reason}")
        try:
            results.random_scores()
        except DamagedError as error:
            results.set_aside_random_scores()
            _warn(console, f"the random policies' scores are kept aside: {error}")


@dataclass(frozen=True)
class Table(Options):
    """Print the table; write it when the selection is complete."""

    def run(self, results: Results, selection: Selection, console: Console) -> None:
        """Print the selection's table, and write it when it is the whole of what the folder has."""
        finished = results.finished()
        present = finished_of(results, selection)
        if not any(run.setting in PAPER_SETTINGS for run in finished):
            from bench.report.raw_returns import show_returns

            show_returns(results, present, console)
            return
        from bench.report import tables
        from bench.scores import report

        seven = environments_of(results.protocol.environment_version)
        whole_seeds, begun_seeds = seeds_present(seven, PAPER_SETTINGS, finished)
        found = report.report(results, selection)
        tables.show(found, console)
        missing = set(selection.runs) - present
        complete = selection.is_whole_table and not any(run.setting in PAPER_SETTINGS for run in missing)
        if complete and set(whole_seeds) <= set(selection.seeds):
            from bench.report.saving import save

            console.print(save(found, results, selection), soft_wrap=True)
            for setting in in_table_order(run.setting for run in missing):
                _warn(console, f"{setting} is not complete: its score is over fewer runs")
        else:
            environments, settings, seeds = (
                {getattr(run, field) for run in present} for field in ("environment", "setting", "seed")
            )
            console.print(
                f"not written, because it is not the whole table: it is over {len(present)} of the"
                f" {len(selection.runs)} chosen runs, {len(environments)} of {len(seven)}"
                f" environments, {len(settings)} settings and seeds {ranges(sorted(seeds))};"
                f" whole seeds in {results.path}: {ranges(whole_seeds) or 'none'}",
                soft_wrap=True,
            )
        if begun_seeds:
            _warn(console, f"left out, because runs of them are missing: seeds {ranges(begun_seeds)}")


@dataclass(frozen=True)
class Curves(Options):
    """Plot the learning curves into figures/ of the results folder."""

    def run(self, results: Results, selection: Selection, console: Console) -> None:
        """Plot the selection's finished runs."""
        from bench.report.curves import learning_curves
        from bench.report.figures import save_figure
        from bench.results.reading import runs_table
        from bench.scores.scale import uniform_scores

        present = finished_of(results, selection)
        runs = runs_table(results, present)
        # A part of the table gets a file of its own.
        name = "learning_curves" if selection.is_whole_table else "learning_curves_selection"
        figure = learning_curves(runs, uniform_scores(results.random_scores()), results.settings(present))
        paths = save_figure(figure, results.path / "figures", name)
        console.print(f"written: {' '.join(paths)}", soft_wrap=True)


@dataclass(frozen=True)
class Page:
    """Write index.html into the results folder: a page to explore all finished runs in a browser."""

    results: Annotated[Path, tyro.conf.arg(metavar="DIR")] = Path("results")
    """Folder of the results."""
    variant: Annotated[str | None, option("NAME", "the default protocol")] = None
    """A protocol other than the default, whose results are in `variants/NAME` of the folder."""

    def open(self) -> tuple[Results, Selection]:
        """The results folder, and the runs of Table 1, which are those that `table` means by default."""
        return Options(self.results, self.variant).open()

    def run(self, results: Results, selection: Selection, console: Console) -> None:
        """Write the page."""
        from bench.report.explorer.html import save

        console.print(f"written: {save(results, selection)}", soft_wrap=True)


@dataclass(frozen=True)
class Status(Options):
    """Say what is done, missing and diverged, and how long the rest will take."""

    def run(self, results: Results, selection: Selection, console: Console) -> None:
        """Print the state of the selection."""
        from bench.campaign.status import show_status

        show_status(results, selection, console)


@dataclass(frozen=True)
class Verify:
    """Repeat finished runs and compare: on the kind of processor that made them all bits must agree."""

    environment: Annotated[str | None, tyro.conf.Positional, option("ENVIRONMENT", "all")] = None
    """The environment whose runs to repeat."""
    results: Annotated[Path, tyro.conf.arg(metavar="DIR")] = Path("results")
    """Folder of the results."""
    variant: Annotated[str | None, option("NAME", "the default protocol")] = None
    """A protocol other than the default, whose results are in `variants/NAME` of the folder."""
    seed: Annotated[str, tyro.conf.arg(metavar="N")] = "0"
    """The seed whose runs to repeat."""
    timesteps: Annotated[str | None, option("N", "all of it")] = None
    """How much of each run to repeat."""
    record: tyro.conf.FlagCreatePairsOff[bool] = False
    """Keep in `verified.csv` of the folder what was repeated, where, and with what outcome."""

    def open(self) -> tuple[Results, Selection]:
        """The results folder, and the runs to repeat."""
        environments = () if self.environment is None else (self.environment,)
        seeds = parse_seed(self.seed)
        timesteps_of(self.timesteps)
        # The timesteps of a prefix are not those of the folder.
        results = open_results(place_of(self.results, self.variant)[0], None, create=False)
        version = results.protocol.environment_version
        return results, select(environments, tuple(SETTINGS), seeds, results.finished(), version=version)

    def run(self, results: Results, selection: Selection, console: Console) -> None:
        """Repeat the selection's finished runs."""
        from bench.campaign.verify import verify

        pin()
        verify(results, selection, timesteps_of(self.timesteps), console, record=self.record)


@dataclass(frozen=True)
class Speed:
    """Measure training beside bare physics and other libraries, in turns on one core, for half an hour.

    The libraries are those of the extra `peers` that are installed.
    """

    results: Annotated[Path, tyro.conf.arg(metavar="DIR")] = Path("results")
    """Where `speed/` is written, when all environments are measured."""
    environments: Annotated[tuple[str, ...], option("ID [ID ...]", "all seven")] = ENVIRONMENTS
    """Gymnasium environments, such as Hopper-v4."""

    def measure(self, console: Console) -> None:
        """Measure, print and write."""
        pin()
        from bench.speed import measure, page, report, scaling

        chosen = select(self.environments, (), None, set()).environments
        libraries = measure.installed_peers()
        for library in sorted(measure.PEERS.keys() - set(libraries)):
            install = ".venv/bin/pip install --constraint requirements.lock --editable '.[peers]'"
            console.print(f"without {library}, which is not installed: {install}", soft_wrap=True)
        measured = measure.measure(chosen, libraries, console)
        report.show(measured, console)
        if set(chosen) == set(ENVIRONMENTS):
            written = report.save(measured, measure.versions(libraries), self.results / "speed")
            growth = scaling.measure(console)
            report.show_scaling(growth, console)
            written += report.save_scaling(growth, self.results / "speed")
            written.append(page.save(self.results / "speed"))
            console.print(f"written: {' '.join(written)}", soft_wrap=True)


@dataclass(frozen=True)
class Videos:
    """Draw the policies of seed 0 into videos/ of the results folder: an animated WebP an environment."""

    results: Annotated[Path, tyro.conf.arg(metavar="DIR")] = Path("results")
    """Folder of the results."""
    environments: Annotated[tuple[str, ...], option("ID [ID ...]", "all seven")] = ENVIRONMENTS
    """Gymnasium environments, such as Hopper-v4."""

    def draw(self, console: Console) -> None:
        """Draw and write."""
        from bench.videos.gl import require_gl

        chosen = select(self.environments, (), None, set()).environments
        results = open_results(self.results, None, create=False)
        require_gl()
        from bench.videos.videos import save_video

        for environment in chosen:
            console.print(f"written: {save_video(results, environment)}", soft_wrap=True)
