"""Runs trained in the test's own process: to the bytes of a campaign, and without its processes."""

import math
from collections.abc import Iterable
from pathlib import Path

from bench.campaign.jobs import missing_jobs
from bench.protocol.protocol import Run
from bench.results.folder import Results, open_results
from bench.training.own import OwnFiles


def train_into(folder: Path, runs: Iterable[Run], timesteps: int, own: OwnFiles = ()) -> Results:
    """Train what is missing of these runs in a results folder, which is made where it is not there."""
    results = open_results(folder, timesteps, create=True)
    for job in missing_jobs(results, runs, own=own):
        job.write_files(results, job.do(results.protocol, math.inf, lambda steps: None))
    return results
