"""Making demonstrations on the workers of a campaign."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.campaign.jobs import Job
from bench.common.files import json_text, write_whole
from bench.protocol.protocol import Protocol, Run
from bench.protocol.settings import BASELINE
from bench.results.demonstrations import StoredDemonstrations, path_of
from bench.results.folder import Results


@dataclass(frozen=True)
class DemonstrationJob(Job):
    """Training the demonstrator of an environment, and recording its episodes."""

    environment: str

    def __str__(self) -> str:
        return f"{self.environment} demonstrations"

    @property
    def runs(self) -> tuple[Run, ...]:  # type: ignore[override]
        """The demonstrator's, which is stopped early."""
        from bench.training.demonstrations import SEED

        return (Run(self.environment, BASELINE, SEED),)

    def size(self, protocol: Protocol) -> int:
        """Return the demonstrator's environment steps."""
        from bench.training.demonstrations import UPDATES

        return UPDATES * protocol.hyperparameters.horizon

    def do(
        self, protocol: Protocol, seconds: float, report: Callable[[int], None]
    ) -> tuple[StoredDemonstrations, dict[str, Any]]:
        """Return the demonstrations and their JSON. It takes about half a minute of a core."""
        from bench.training.demonstrations import demonstrate

        return demonstrate(self.environment, report)

    def write_files(self, results: Results, done: tuple[StoredDemonstrations, dict[str, Any]]) -> None:
        """Write the arrays' file last: it is not there without its JSON."""
        path, (demonstrations, described) = path_of(self.environment), done
        write_whole(path.with_suffix(".json"), json_text(described))
        write_whole(path, demonstrations.to_bytes())
