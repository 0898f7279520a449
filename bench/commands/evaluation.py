"""What final policies return: evaluate."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console

from bench.common.errors import UserError
from bench.options import OnResults, Options, option, repetitions_of, tell_left_out
from bench.protocol.selection import Selection
from bench.results.folder import Results
from bench.training.determinism import pin


@dataclass(frozen=True)
class Evaluate(Options, OnResults):
    """Play episodes of the final policies, into policies.csv.

    What the file has already is not played again.
    """

    episodes: Annotated[str, tyro.conf.arg(metavar="N")] = "100"
    """Episodes of each policy by sampled and by mean actions. No training saw their starts, which both kinds
    of actions and all settings share."""
    repeated: Annotated[Path | None, option("DIR", "those of the folder itself")] = None
    """Another results folder, in which the same runs were trained again: take their policies. A run whose CSV
    is not the same there, byte for byte, is left out."""
    scheduler: Annotated[str | None, option("ADDRESS", "the cores of this machine")] = None
    """A Dask cluster, as for train."""

    def run(self, results: Results, selection: Selection, console: Console) -> None:
        """Evaluate the selection's policies."""
        if not re.fullmatch(r"[0-9]{1,4}", self.episodes) or int(self.episodes) < 2:
            raise UserError(f"episodes must be a whole number from 2 to 9999, not '{self.episodes}'")
        repeated = results if self.repeated is None else repetitions_of(results, self.repeated, self.variant)
        tell_left_out(results, selection, console)
        pin()
        from bench.campaign.evaluation import evaluate

        evaluate(results, repeated, selection, int(self.episodes), console, self.scheduler)
