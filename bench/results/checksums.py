"""`checksums.sha256`: of every file that a campaign wrote, as `sha256sum --check` reads it."""

import hashlib
from pathlib import Path

from bench.common.files import visible

CHECKSUMS = "checksums.sha256"
# What else is in a results folder is made from these.
MEASURED = ("protocol.json", "random.csv")
FOLDERS = ("runs", "policies")


def checksums(folder: Path) -> str:
    """A line a file, by path: of the protocol, the random policies' scores, the runs and their policies.

    Raises:
        UserError: when a folder can't be read.
    """
    environments = [each for name in FOLDERS for each in visible(folder / name)]
    settings = [each for environment in environments for each in visible(environment)]
    files = [each for setting in settings for each in visible(setting)]
    return "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n"
        for path in sorted([*(folder / name for name in MEASURED), *files])
    )
