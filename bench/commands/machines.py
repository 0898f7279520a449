"""What is measured and drawn on this machine: speed and videos."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console

from bench.common.files import inner_folder
from bench.options import option
from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.selection import select
from bench.results.folder import open_results
from bench.training.determinism import pin


@dataclass(frozen=True)
class Speed:
    """Measure training beside bare physics and other libraries.

    In turns on one core, for half an hour.

    The libraries are those of the extra `peers` that are installed.
    """

    results: Annotated[Path, tyro.conf.arg(metavar="DIR")] = Path("results")
    """Where `speed/` is written, when all environments are measured."""
    environments: Annotated[tuple[str, ...], option("ID [ID ...]", "the paper's seven")] = ENVIRONMENTS
    """Gymnasium environments, such as Hopper-v4."""

    def execute(self, console: Console) -> None:
        """Measure, print and write."""
        pin()
        from bench.speed import measure, page, scaling

        chosen = select(self.environments, (), None, set()).environments
        results = open_results(self.results, None, create=True)
        libraries = measure.installed_peers()
        for library in sorted(measure.PEERS.keys() - set(libraries)):
            install = ".venv/bin/pip install --constraint requirements.lock --editable '.[peers]'"
            console.print(f"without {library}, which is not installed: {install}", soft_wrap=True)
        costs = measure.measure_costs(chosen, libraries, console)
        page.print_costs(costs, console)
        if set(chosen) == set(ENVIRONMENTS):
            folder = inner_folder(results.path, "speed")
            written = page.write_costs(costs, measure.versions(libraries), folder)
            growth = scaling.measure_scaling(console)
            page.print_scaling(growth, console)
            written += [*page.write_scaling(growth, folder), page.write_page(folder)]
            console.print(f"written: {' '.join(written)}", soft_wrap=True)


@dataclass(frozen=True)
class Videos:
    """Draw films of the policies of seed 0 into videos/.

    An animated WebP an environment, in the results folder.
    """

    results: Annotated[Path, tyro.conf.arg(metavar="DIR")] = Path("results")
    """Folder of the results."""
    environments: Annotated[tuple[str, ...], option("ID [ID ...]", "the paper's seven")] = ENVIRONMENTS
    """Gymnasium environments, such as Hopper-v4."""

    def execute(self, console: Console) -> None:
        """Draw and write."""
        from bench.videos.gl import require_gl

        chosen = select(self.environments, (), None, set()).environments
        results = open_results(self.results, None, create=False)
        require_gl()
        from bench.videos.postures import save_postures
        from bench.videos.videos import save_video

        for environment in chosen:
            paths = [save_video(results, environment), *save_postures(results, environment)]
            console.print(f"written: {' '.join(map(str, paths))}", soft_wrap=True)
