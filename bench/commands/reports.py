"""What people read of the runs: table, curves, page and variants."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console

from bench.common.errors import UserError
from bench.common.files import inner_folder
from bench.common.terminal import stage, warn
from bench.options import OfProtocol, OnResults, Options, finished_of, is_written, option, tell_left_out
from bench.protocol.environments import environments_of
from bench.protocol.selection import Selection, ranges, seeds_present
from bench.protocol.settings import PAPER_SETTINGS, in_table_order
from bench.results.folder import PROTOCOL_FILE, Results


@dataclass(frozen=True)
class Table(Options, OnResults):
    """Print the table, and write it if it is whole.

    --output writes files of any selection.
    """

    output: Annotated[Path | None, option("DIR", "none")] = None
    """A folder for files of whatever is selected: scores, their table, all differences with p corrected for
    their number, mean returns, and learning curves."""

    def run(self, results: Results, selection: Selection, console: Console) -> None:
        """Print the selection's table, and write it when it is the whole of what the folder has."""
        if self.output is not None and (self.output / PROTOCOL_FILE).exists():
            raise UserError(f"{self.output} is a results folder: choose another for --output")
        finished = results.finished()
        present = finished_of(results, selection)
        tell_left_out(results, selection, console)
        from bench.report.tables import find_warnings
        from bench.report.terminal import show_differences, show_returns, show_table
        from bench.scores.analysis import analyze

        seven = environments_of(results.protocol.environment_version)
        whole_seeds, begun_seeds = seeds_present(seven, PAPER_SETTINGS, finished)
        with stage(console, "reading the runs"):
            analysis = analyze(results, selection)
        if analysis.paper.settings:
            show_table(analysis, console)
        else:
            show_returns(analysis, console)
        for warning in find_warnings(analysis):
            warn(console, warning)
        with stage(console, "permuting runs to test differences"):
            show_differences(analysis, console)
        if self.output is not None:
            from bench.report.saving import write_comparison

            with stage(console, "writing and drawing the comparison"):
                written = write_comparison(analysis, self.output)
            console.print(written, soft_wrap=True)
        elif is_written(selection, finished):
            from bench.report.saving import write_report

            console.print(write_report(analysis, results, selection, console), soft_wrap=True)
            for setting in in_table_order(run.setting for run in set(selection.runs) - present):
                warn(console, f"{setting} is not complete: its score is over fewer runs")
        else:
            environments, settings, seeds = (
                {getattr(run, field) for run in present} for field in ("environment", "setting", "seed")
            )
            others = "".join(f" and {name}" for name in sorted(environments.difference(seven)))
            console.print(
                "printed only (--output DIR writes files of these runs and all their differences), because"
                f" the folder's own files are of a whole table: all {len(seven)} environments,"
                f" the paper's {len(PAPER_SETTINGS)} settings and all whole seeds; this is over"
                f" {len(present)} of the {len(selection.runs)} chosen runs,"
                f" {len(environments.intersection(seven))} of {len(seven)} environments{others},"
                f" {len(settings)} settings and seeds {ranges(sorted(seeds))};"
                f" whole seeds in {results.path}: {ranges(whole_seeds) or 'none'}",
                soft_wrap=True,
            )
        if left_out := set(begun_seeds) - set(selection.seeds):
            warn(console, f"left out, because runs of them are missing: seeds {ranges(sorted(left_out))}")


@dataclass(frozen=True)
class Curves(Options, OnResults):
    """Plot the learning curves into figures/."""

    def run(self, results: Results, selection: Selection, console: Console) -> None:
        """Plot the selection's finished runs."""
        from bench.report.curves import draw_learning_curves
        from bench.report.figures import save_figure
        from bench.results.reading import runs_table
        from bench.scores.scale import select_uniform

        present = finished_of(results, selection)
        tell_left_out(results, selection, console)
        with stage(console, "reading the runs"):
            runs = runs_table(results, present)
        # A part of the table gets a file of its own.
        name = "learning_curves" if is_written(selection, results.finished()) else "learning_curves_selection"
        with stage(console, "drawing"):
            figure = draw_learning_curves(
                runs, select_uniform(results.random_scores()), results.settings(present)
            )
            paths = save_figure(figure, inner_folder(results.path, "figures"), name)
        console.print(f"written: {' '.join(paths)}", soft_wrap=True)


@dataclass(frozen=True)
class Page(OfProtocol, OnResults):
    """Write index.html, to explore all finished runs in a browser.

    The pages of the folder are written as HTML beside it.
    """

    def open(self) -> tuple[Results, Selection]:
        """Open the results folder, and select the runs of Table 1, as `table` does by default."""
        return Options(self.results, self.variant).open()

    def run(self, results: Results, selection: Selection, console: Console) -> None:
        """Write the page."""
        from bench.report.explorer.html import write_page

        with stage(console, "reading the runs and writing the page"):
            path = write_page(results, selection)
        console.print(f"written: {path}", soft_wrap=True)


@dataclass(frozen=True)
class Variants(OnResults):
    """Write variants/README.md: what variants of the protocol move."""

    results: Annotated[Path, tyro.conf.arg(metavar="DIR")] = Path("results")
    """Folder of the default's results; the variants' are below it."""

    def open(self) -> tuple[Results, Selection]:
        """Open the results folder, and select the runs of Table 1, which set the scale."""
        return Options(self.results).open()

    def run(self, results: Results, selection: Selection, console: Console) -> None:
        """Write the page, its tables and its figure."""
        from bench.report.factorial import write_checksums_of_cells, write_factorial
        from bench.report.leads import write_leads
        from bench.report.variants import write_variants
        from bench.scores.analysis import analyze
        from bench.scores.factorial import read_factorial
        from bench.scores.fitting import read_fitting
        from bench.scores.leads import read_leads
        from bench.scores.variants import read_variants

        finished_of(results, selection)
        with stage(console, "reading the runs"):
            default = analyze(results, selection)
            variants, leads = read_variants(results, default), read_leads(results, default)
            factorial = read_factorial(results)
            fitting = read_fitting(results, default.grid, factorial.criteria) if factorial else None
        for line in variants.left_out:
            warn(console, line)
        with stage(console, "testing, drawing and writing the page"):
            written = [write_variants(variants, results.path)]
            written += [write_leads(leads, results.path)] if leads else []
            written += [write_factorial(factorial, fitting, results.path)] if factorial else []
            write_checksums_of_cells(results)
        console.print(f"written: {' '.join(map(str, written))}", soft_wrap=True)
