"""The lecture's methods on the scale of Table 1, and what their steps did to the policy."""

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import pandas as pd

from bench.protocol.settings import BASELINE, LECTURE_SETTINGS, SETTINGS, UNCONSTRAINED
from bench.results.reading import KEYS
from bench.scores.analysis import Analysis
from bench.scores.estimates import ALPHA, estimate_improvement
from bench.scores.pairs import compare_beside, compare_settings
from bench.scores.scale import normalize

# The lecture's settings, and those of the paper that they are held against: importance sampling without a
# constraint, and clipping.
SHOWN = (UNCONSTRAINED, BASELINE, *LECTURE_SETTINGS)
# One for each Ψ.
POLICY_GRADIENTS = tuple(name for name in LECTURE_SETTINGS if SETTINGS[name].rule == "policy_gradient")
LINE_SEARCH, TRUST_REGION = "line-search", "trpo-0.01"
# A run has risen when its score is at least a tenth, and fallen when it is below half of its highest before.
FALLEN, LEAST_HEIGHT = 0.5, 0.1


@dataclass(frozen=True)
class LectureTables:
    """What the runs of the lecture's settings show, computed when asked for. analysis: over `SHOWN`."""

    analysis: Analysis

    @cached_property
    def comparison(self) -> pd.DataFrame:
        """One line a setting, as `compare_beside` has it."""
        return compare_beside(self.analysis.table, self.analysis.grid, LECTURE_SETTINGS)

    @cached_property
    def steps(self) -> pd.DataFrame:
        """One line a setting, over the logged updates of its runs: what the steps did to the policy.

        kl_median, kl_95, kl_largest: KL(π_old ‖ π) after the policy's step, nats. step_fraction: the mean
        share of the first step that a line search accepted. no_step: the share of updates without a step.
        rose: runs whose score was 0.1 or more at some time. fell: those of them whose score was later below
        half of its highest value until then. down: those that are so at the end.
        """
        runs, scale = self.analysis.runs, self.analysis.grid.scale
        if "step_fraction" not in runs:
            runs = runs.assign(step_fraction=np.nan)
        score = normalize(runs.set_index("environment")["return_last100"], scale).to_numpy()
        no_step = (runs["step_fraction"] == 0).astype(float).where(runs["step_fraction"].notna())
        runs = runs.assign(score=score, no_step=no_step)
        highest = runs.groupby(list(KEYS))["score"].cummax()
        risen = highest >= LEAST_HEIGHT
        runs = runs.assign(risen=risen, fallen=risen & (runs["score"] < FALLEN * highest))
        updates = runs.groupby("setting")
        columns = {
            "kl_median": updates["kl"].median(),
            "kl_95": updates["kl"].quantile(0.95),
            "kl_largest": updates["kl"].max(),
            "step_fraction": updates["step_fraction"].mean(),
            "no_step": updates["no_step"].mean(),
        }
        falls = {"rose": ("risen", "any"), "fell": ("fallen", "any"), "down": ("fallen", "last")}
        counts = runs.groupby(list(KEYS)).agg(**falls).groupby("setting").sum()
        return pd.DataFrame(columns).join(counts).loc[self.analysis.table["setting"]].reset_index()

    @property
    def estimator_seeds(self) -> int:
        """How many seeds the policy gradient's settings have."""
        scores = self.analysis.scores
        return int(scores["seed"][scores["setting"].isin(POLICY_GRADIENTS)].nunique())

    @property
    def widest_estimators(self) -> "pd.Series[float]":
        """The lowest and the highest (min, max) of the policy gradient's mean scores in an environment.

        They are of the environment, which is the series' name, where they are furthest apart.
        """
        table = self.analysis.returns
        chosen = table[table["setting"].isin(POLICY_GRADIENTS)]
        ends = chosen.groupby("environment")["normalized"].agg(["min", "max"])
        return ends.loc[(ends["max"] - ends["min"]).idxmax()]

    @cached_property
    def estimators(self) -> pd.DataFrame:
        """The differences between the scores of the policy gradient's settings, all pairs of them."""
        return compare_settings(self.analysis.grid, list(combinations(POLICY_GRADIENTS, 2)))

    @property
    def different_estimators(self) -> pd.DataFrame:
        """Those that are significant, with the setting that is ahead and the one that is behind."""
        found = self.estimators[self.estimators["p_holm"] < ALPHA]
        first, setting, other = found["difference"] > 0, found["setting"], found["other"]
        return found.assign(ahead=setting.where(first, other), behind=other.where(first, setting))

    @cached_property
    def line_search(self) -> pd.Series:
        """The score of the line search less that of TRPO, as `compare_settings` has it."""
        return compare_settings(self.analysis.grid, [(LINE_SEARCH, TRUST_REGION)]).iloc[0]

    @property
    def lost_environments(self) -> int:
        """In how many environments every run of the line search is below every run of TRPO."""
        mine, theirs = (self.analysis.grid.only([name]).returns for name in (LINE_SEARCH, TRUST_REGION))
        _, (beats, _, _) = estimate_improvement(mine, theirs)
        return int((beats == 0).sum())
