"""A results folder of made-up runs."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from algorithms.rules import find_rule
from bench.common.provenance import provenance
from bench.protocol.environments import environments_of
from bench.protocol.protocol import DEFAULT, LOG_INTERVAL, UNIFORM, UNTRAINED, Protocol, Run
from bench.protocol.settings import SETTINGS
from bench.results.folder import Results, open_results
from bench.results.random_scores import COLUMNS as RANDOM_COLUMNS
from bench.results.schema import COLUMNS, RunResult


def synthetic_results(
    path: Path,
    timesteps: int | None,
    seeds: Iterable[int],
    settings: Iterable[str],
    protocol: Protocol = DEFAULT,
    environments: Sequence[str] = (),
) -> Results:
    """A results folder with whole seeds of made-up numbers, which may have other runs already.

    timesteps: the runs' length; None for the protocol's.
    environments: by their ids; none for the paper's seven.
    """
    results = open_results(path, timesteps, create=True, protocol=protocol)
    random = np.random.default_rng(0)
    source = {"job_seconds": 1.0, "job_runs": 1, **provenance()}
    last, horizon = results.protocol.updates, results.protocol.hyperparameters.horizon
    updates = np.append(np.arange(LOG_INTERVAL, last, LOG_INTERVAL), last)
    environments = environments or environments_of(protocol.environment_version)
    for run in (Run(e, s, seed) for e in environments for s in settings for seed in seeds):
        setting = SETTINGS[run.setting]
        columns = (*COLUMNS, *find_rule(setting.rule, **setting.options).columns)
        numbers = random.random((len(updates), len(columns) - 2)) + np.linspace(0, 9, len(updates))[:, None]
        lines = [
            ",".join([str(update * horizon), str(update), *(f"{value:.9g}" for value in row)])
            for update, row in zip(updates, numbers, strict=True)
        ]
        text = "\n".join([",".join(columns), *lines, ""])
        results.save_run(RunResult(run, setting, text, None, 0), source)
    policies = [(name, policy, 0.0, 0.1, 100) for name in environments for policy in (UNIFORM, UNTRAINED)]
    results.save_random_scores(pd.DataFrame(policies, columns=list(RANDOM_COLUMNS)))
    return results
