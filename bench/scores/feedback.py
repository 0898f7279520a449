"""PPO from human feedback on the scale of Table 1, and how learned returns and true returns part."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
import pandas as pd

from bench.protocol.protocol import LOG_INTERVAL
from bench.protocol.settings import BASELINE, RLHF_SETTINGS, SETTINGS
from bench.results.reading import KEYS
from bench.scores.analysis import Analysis
from bench.scores.estimates import RUNS_FOR_INTERVAL, Estimate, estimate_mean
from bench.scores.pairs import compare_beside, compare_settings

SUPERVISED, WHOLE, NO_PENALTY = "rlhf-supervised", "rlhf", "rlhf-no-penalty"
TRUE_REWARD, PREFERENCES = "rlhf-true-reward", "preferences"
# Of the plan in `results/studies.md`.
PLANNED_SEEDS = 5
# The settings of human feedback, and what they are held against.
SHOWN = (BASELINE, *RLHF_SETTINGS)
# Those that start from the supervised policy.
STARTED = (WHOLE, NO_PENALTY, TRUE_REWARD)
# What the page compares, besides each setting with clipping.
PAIRS = (
    (WHOLE, SUPERVISED),
    (WHOLE, NO_PENALTY),
    (WHOLE, TRUE_REWARD),
    (TRUE_REWARD, SUPERVISED),
    (PREFERENCES, WHOLE),
)


@dataclass(frozen=True)
class FeedbackTables:
    """What the runs of human feedback show, computed when asked for. analysis: over `SHOWN`."""

    analysis: Analysis

    @property
    def present(self) -> list[str]:
        """The settings of human feedback that have runs."""
        return [name for name in self.analysis.grid.settings if name in RLHF_SETTINGS]

    @property
    def compared(self) -> set[str]:
        """The settings that have two runs or more in every environment."""
        return self.analysis.grid.with_runs(RUNS_FOR_INTERVAL)

    @property
    def missing(self) -> dict[str, int]:
        """How many planned runs are missing, by setting; without those that have all."""
        planned = PLANNED_SEEDS * len(self.analysis.grid.environments)
        there = self.analysis.scores["setting"].value_counts().to_dict()
        lacks = {name: planned - there.get(name, 0) for name in RLHF_SETTINGS}
        return {name: count for name, count in lacks.items() if count > 0}

    @cached_property
    def comparison(self) -> pd.DataFrame:
        """One line a setting, as `compare_beside` has it."""
        return compare_beside(self.analysis.table, self.analysis.grid, RLHF_SETTINGS)

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """The pairs that the page compares, of `compared` settings, as `compare_settings` has them.

        Two columns more: environment, the one that moves the difference of scores most, and without_it, the
        difference over the others.
        """
        shown = [pair for pair in PAIRS if self.compared.issuperset(pair)]
        if not shown:
            return pd.DataFrame()
        table = compare_settings(self.analysis.grid, shown)
        differences, names = self._find_differences(shown).value, np.array(self.analysis.grid.environments)
        most = np.abs(differences - differences.mean(axis=1, keepdims=True)).argmax(axis=1)
        others = np.arange(len(names)) != most[:, None]
        return table.assign(environment=names[most], without_it=differences.mean(axis=1, where=others))

    @cached_property
    def improvements(self) -> pd.DataFrame:
        """The score in each environment less that of `rlhf-supervised`, for each of `STARTED` in `compared`.

        Columns setting, environment, difference, low, high (Welch's interval) and finding: improves, makes
        worse or undecided.
        """
        pairs = [(name, SUPERVISED) for name in STARTED if self.compared.issuperset((name, SUPERVISED))]
        if not pairs:
            return pd.DataFrame()
        lines = product([name for name, _ in pairs], self.analysis.grid.environments)
        columns = self._find_differences(pairs).as_columns("difference", ("low", "high"))
        table = pd.DataFrame(lines, columns=["setting", "environment"])
        table = table.assign(**{name: values.ravel() for name, values in columns.items()})
        conditions = [table["low"] > 0, table["high"] < 0]
        return table.assign(finding=np.select(conditions, ["improves", "makes worse"], "undecided"))

    def _find_differences(self, pairs: Sequence[tuple[str, str]]) -> Estimate:
        """Scores in each environment, of the first setting less the second, `[pair, environment]`."""
        one, other = (self.analysis.grid.only(names).normalized() for names in zip(*pairs, strict=True))
        return estimate_mean(one[:, :, None]) - estimate_mean(other[:, :, None])

    @cached_property
    def models(self) -> pd.DataFrame:
        """One line a setting with a reward model and environment: how good the model was, and what it led to.

        agreement: with the labeler on held-out comparisons, at the end. supervised_kl: KL(π ‖ π_supervised)
        at the end, nats. true_change, learned_change: of the true and of the learned return of the last 100
        episodes, from the policy's first step to the end. Where no learned return is logged before that step,
        from the first line that has one. parted: runs whose learned return rose while the
        true one fell. runs: their number. All but the last two are means over seeds.
        """
        lines = []
        for name in self.present:
            options = SETTINGS[name].options
            if not options.get("labels"):
                continue
            # Learned returns are counted after the label rollouts.
            begin = options["label_rollouts"] + max(options["value_rollouts"], LOG_INTERVAL)
            runs = self.analysis.runs[self.analysis.runs["setting"] == name]
            lines.append(_summarize(runs, begin))
        return pd.concat(lines) if lines else pd.DataFrame()


def _summarize(runs: pd.DataFrame, begin: int) -> pd.DataFrame:
    """The lines of `FeedbackTables.models` of one setting. begin: the rollout from which changes count."""
    # Steps of a rollout: a run's first line is that of rollout `LOG_INTERVAL`.
    steps = runs["timesteps"].min() // LOG_INTERVAL
    last, first = (
        lines.drop_duplicates(list(KEYS), keep="last").set_index(list(KEYS))
        for lines in (runs, runs[runs["timesteps"] <= begin * steps])
    )
    true = last["return_last100"] - first["return_last100"]
    learned = last["learned_return"] - first["learned_return"]
    parted = (learned > 0) & (true < 0)
    table = last.assign(true_change=true, learned_change=learned, parted=parted, runs=1)
    means = ("agreement", "supervised_kl", "true_change", "learned_change")
    columns = {name: (name, "mean") for name in means} | {name: (name, "sum") for name in ("parted", "runs")}
    return table.groupby(["setting", "environment"], sort=False).agg(**columns).reset_index()
