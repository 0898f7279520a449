"""What a finished run is: the columns of its CSV, and what is stored beside it."""

from dataclasses import dataclass

from bench.protocol.protocol import Run
from bench.protocol.settings import Setting
from bench.results.policies import Policy

# What every update rule tells of an update.
DIAGNOSTICS = ("kl", "policy_std", "value_loss", "explained_variance")

# What every run's CSV has, before the columns of its update rule.
COLUMNS = (
    *("timesteps", "episodes", "return_last100", "return_std_last100", "length_last100"),
    *DIAGNOSTICS,
)


@dataclass(frozen=True)
class RunResult:
    """What a run gave.

    setting: that of the run.
    csv: the content of its file, columns `COLUMNS` and those of its rule.
    diverged_at: the timestep at which it diverged, or None.
    physics_warnings: how often MuJoCo reported unstable physics.
    policy: its final policy; None for a run that diverged.
    """

    run: Run
    setting: Setting
    csv: str
    diverged_at: int | None
    physics_warnings: int
    policy: Policy | None = None
