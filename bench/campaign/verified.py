"""`verified.csv` of a results folder: which runs were repeated, where, by what, and with what outcome."""

import csv
import fcntl
import io
import os
from collections.abc import Mapping

from bench.common.files import read_text, write_whole
from bench.common.provenance import processor_of, provenance
from bench.protocol.protocol import Run
from bench.results.folder import PROTOCOL_FILE, Results

# What tells one repetition from another.
KEYS = ("environment", "setting", "seed", "timesteps", "repeated_on", "repeated_by")
COLUMNS = (
    *KEYS,
    *("outcome", "made_on", "made_by", "python", "libc", "jax", "jaxlib", "mujoco", "gymnasium", "numpy"),
)


def record(results: Results, timesteps: int, outcomes: Mapping[Run, str]) -> None:
    """Add what was repeated on this machine; a repetition of the same kind takes the earlier one's place.

    timesteps: of the repeated prefixes.
    outcomes: of the runs, as `bench.campaign.verify.Outcome` has them.

    Raises:
        UserError: when the file can't be read or written.
    """
    path = results.path / "verified.csv"
    made = [_line(results, run, timesteps, outcome) for run, outcome in outcomes.items()]
    with (results.path / PROTOCOL_FILE).open() as lock:
        # Several verifications may end at once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = csv.DictReader(io.StringIO(read_text(path))) if os.path.lexists(path) else ()
        by_key = {tuple(line[key] for key in KEYS): line for line in (*known, *made)}
        file = io.StringIO()
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(by_key[key] for key in sorted(by_key))
        write_whole(path, file.getvalue())


def _line(results: Results, run: Run, timesteps: int, outcome: str) -> dict[str, str]:
    made, here = results.provenance(run), provenance()
    return {
        "environment": run.environment,
        "setting": run.setting,
        "seed": str(run.seed),
        "timesteps": str(timesteps),
        "repeated_on": processor_of(here),
        "repeated_by": str(here["git_commit"]),
        "outcome": outcome,
        "made_on": processor_of(made),
        "made_by": str(made.get("git_commit")),
        **{name: version for name, version in here["versions"].items() if name in COLUMNS},
    }
