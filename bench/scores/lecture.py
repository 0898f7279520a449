"""The lecture's methods on the scale of Table 1, and what their steps did to the policy."""

from itertools import combinations

import numpy as np
import pandas as pd

from bench.protocol.settings import BASELINE, LECTURE_SETTINGS, SETTINGS, UNCONSTRAINED
from bench.results.reading import KEYS
from bench.scores.pairs import differences
from bench.scores.report import Report
from bench.scores.scale import normalize

# The lecture's settings, and those of the paper that they are held against: importance sampling without a
# constraint, and clipping.
SHOWN = (UNCONSTRAINED, BASELINE, *LECTURE_SETTINGS)
# One for each Ψ.
POLICY_GRADIENTS = tuple(name for name in LECTURE_SETTINGS if SETTINGS[name].rule == "policy_gradient")
# A run has risen when its score is at least a tenth, and fallen when it is below half of its highest before.
FALLEN, LEAST_HEIGHT = 0.5, 0.1


def comparison(report: Report) -> pd.DataFrame:
    """One line a setting: setting, score, ci_low, ci_high, runs, diverged; how it differs from clip-0.2.

    The difference's columns are those of `differences`, of the lecture's settings only.

    report: over `SHOWN`.
    """
    table = report.table[["setting", "score", "ci_low", "ci_high", "runs", "diverged"]]
    pairs = [(name, BASELINE) for name in table["setting"] if name in LECTURE_SETTINGS]
    return table.merge(differences(report.grid, pairs).drop(columns="other"), on="setting", how="left")


def between_estimators(report: Report) -> pd.DataFrame:
    """The differences between the policy gradient's settings, all pairs. report: over `SHOWN`."""
    return differences(report.grid, list(combinations(POLICY_GRADIENTS, 2)))


def steps(report: Report) -> pd.DataFrame:
    """One line a setting, over the logged updates of its runs: what the steps did to the policy.

    kl_median, kl_95, kl_largest: KL(π_old ‖ π) after the policy's step, nats. step_fraction: the mean share
    of the first step that a line search accepted. no_step: the share of updates without a step. rose: runs
    whose score was 0.1 or more at some time. fell: those of them whose score was later below half of its
    highest value until then. down: those that are so at the end.

    report: over `SHOWN`.
    """
    runs = report.runs
    fractions = runs.get("step_fraction", pd.Series(np.nan, runs.index))
    kl = runs.groupby("setting")["kl"]
    columns = {
        "kl_median": kl.median(),
        "kl_95": kl.quantile(0.95),
        "kl_largest": kl.max(),
        "step_fraction": fractions.groupby(runs["setting"]).mean(),
        "no_step": (fractions == 0).where(fractions.notna()).astype(float).groupby(runs["setting"]).mean(),
    }
    falls = _falls(report).groupby("setting")[["rose", "fell", "down"]].sum()
    return pd.DataFrame(columns).join(falls).loc[report.table["setting"]].reset_index()


def _falls(report: Report) -> pd.DataFrame:
    """One line a run: whether it rose, whether it then fell, and whether it was down at the end."""
    runs = report.runs
    scores = normalize(runs.set_index("environment")["return_last100"], report.grid.scale).to_numpy()
    lines = runs[list(KEYS)].assign(score=scores)
    highest = lines.groupby(list(KEYS))["score"].cummax()
    risen = highest >= LEAST_HEIGHT
    fallen = risen & (lines["score"] < FALLEN * highest)
    by_run = lines.assign(risen=risen, fallen=fallen).groupby(list(KEYS))
    columns = {
        "rose": by_run["risen"].any(),
        "fell": by_run["fallen"].any(),
        "down": by_run["fallen"].last(),
    }
    return pd.DataFrame(columns).reset_index()
