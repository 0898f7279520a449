"""`checksums.sha256`: of the data of a results folder that is published, as `sha256sum --check` reads it."""

from pathlib import Path

from bench.common.files import digest, visible
from bench.results import evaluations

CHECKSUMS = "checksums.sha256"
FILES = ("protocol.json", "random.csv", evaluations.FILE)
FOLDERS = ("runs", "policies")
# Of the policies only those of seed 0 are published.
PUBLISHED_POLICY = "seed-00.npz"


def checksums(folder: Path) -> str:
    """A line a file, by path: protocol, random policies' scores, runs, policies of seed 0, and evaluations.

    Raises:
        UserError: when a folder can't be read.
    """
    environments = [each for name in FOLDERS for each in visible(folder / name)]
    settings = [each for environment in environments for each in visible(environment)]
    files = [each for setting in settings for each in visible(setting)]
    files = [each for each in files if each.suffix != ".npz" or each.name == PUBLISHED_POLICY]
    # The JSON is written before the CSV, with which the run is finished.
    unfinished = {each for each in files if each.suffix == ".json"}
    unfinished -= {each.with_suffix(".json") for each in files if each.suffix == ".csv"}
    files = [each for each in files if each not in unfinished]
    files += [path for name in FILES if (path := folder / name).exists()]
    return "".join(f"{digest(path.read_bytes())}  {path.relative_to(folder)}\n" for path in sorted(files))
