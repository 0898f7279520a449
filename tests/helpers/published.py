"""A results folder of a few published runs, to change."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from bench.protocol.protocol import Run
from bench.results.folder import Results, open_results
from tests.helpers.processes import ROOT


def published_runs(folder: Path, runs: Iterable[Run]) -> Results:
    """Copy these runs, and the policies that are there, into a new folder."""
    results = open_results(ROOT / "results", None, create=False)
    folder.mkdir()
    shutil.copy(results.path / "protocol.json", folder)
    for run in runs:
        csv = results.csv_path(run)
        for path in (csv, csv.with_suffix(".json"), results.policy_path(run)):
            if path.exists():
                target = folder / path.relative_to(results.path)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target)
    return open_results(folder, None, create=False)
