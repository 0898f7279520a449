"""`checksums.sha256` of a results folder: the published data's, as `sha256sum --check` reads them."""

from bench.common.files import digest, write_whole
from bench.common.raw import read_whole
from bench.results import evaluations, random_scores
from bench.results.folder import PROTOCOL_FILE, Results

CHECKSUMS = "checksums.sha256"


def write_checksums(results: Results) -> None:
    """Write the checksums into the results folder."""
    write_whole(results.path / CHECKSUMS, checksums(results))


def checksums(results: Results) -> str:
    """Return a line a file, sorted: protocol, random scores, runs, policies of seed 0, and evaluations.

    Raises:
        UserError: when the folder can't be read.
    """
    paths = [results.path / name for name in (PROTOCOL_FILE, random_scores.FILE, evaluations.FILE)]
    for run in results.finished():
        paths += [results.csv_path(run), results.json_path(run)]
        if run.seed == 0:  # of the other seeds no policies are published
            paths.append(results.policy_path(run))
    return "".join(
        f"{digest(read_whole(path))}  {path.relative_to(results.path)}\n"
        for path in sorted(paths)
        if path.exists()
    )
