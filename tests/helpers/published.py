"""A results folder of a few published runs, to change."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from bench.common.files import digest
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


def change_record(results: Results, run: Run, **fields: str) -> None:
    """Give fields of a run's JSON other values."""
    path = results.csv_path(run).with_suffix(".json")
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def change_last_digit(results: Results, run: Run) -> Path:
    """Damage a run's CSV, and return its path."""
    path = results.csv_path(run)
    text = path.read_text()
    path.write_text(text[:-2] + ("1" if text[-2] == "0" else "0") + "\n")
    return path


def record_content(results: Results, run: Run) -> None:
    """Write into a run's JSON that its CSV is what it should be."""
    change_record(results, run, csv_sha256=digest(results.csv_path(run).read_text()))
