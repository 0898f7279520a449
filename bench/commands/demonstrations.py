"""What the settings of human feedback start from: demonstrate."""

from dataclasses import dataclass
from typing import Annotated

from rich.console import Console

from bench.options import option
from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.selection import select
from bench.results.demonstrations import FOLDER, path_of
from bench.results.folder import open_results
from bench.training.determinism import pin


@dataclass(frozen=True)
class Demonstrate:
    """Make the demonstrations that are missing.

    The demonstrator is trained for 204,800 steps.

    They are part of this checkout, in results/demonstrations/.

    To repeat one, move its file away.
    """

    environments: Annotated[tuple[str, ...], option("ID [ID ...]", "the paper's seven")] = ENVIRONMENTS
    """Gymnasium environments, such as Hopper-v4."""

    def execute(self, console: Console) -> None:
        """Train the demonstrators, and write their episodes."""
        chosen = select(self.environments, (), None, set()).environments
        missing = [environment for environment in chosen if not path_of(environment).exists()]
        if not missing:
            console.print(f"nothing to make: {' '.join(chosen)} are in {FOLDER}", soft_wrap=True)
            return
        pin()
        from bench.campaign.campaign import run_campaign
        from bench.campaign.demonstrations import DemonstrationJob

        results = open_results(FOLDER.parent, None, create=True)
        jobs = [DemonstrationJob(environment) for environment in missing]
        kept = f"stopped: what is done is kept in {FOLDER}"
        run_campaign(results, jobs, console, stopped=lambda: kept, activity="demonstrating")
        console.print(f"written: {' '.join(str(path_of(each)) for each in missing)}", soft_wrap=True)
