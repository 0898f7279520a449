"""PPO from human feedback on the scale of Table 1, and how learned returns and true returns part."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from bench.protocol.protocol import LOG_INTERVAL
from bench.protocol.settings import BASELINE, RLHF_SETTINGS, SETTINGS
from bench.results.reading import KEYS
from bench.scores.analysis import Analysis
from bench.scores.estimates import LEAST_RUNS, estimate_mean
from bench.scores.pairs import compare_beside, compare_settings

SUPERVISED, WHOLE, NO_PENALTY = "rlhf-supervised", "rlhf", "rlhf-no-penalty"
TRUE_REWARD, PREFERENCES = "rlhf-true-reward", "preferences"
# Of the plan in `results/studies.md`.
PLANNED_SEEDS = 5
# The settings of human feedback, and what they are held against.
SHOWN = (BASELINE, *RLHF_SETTINGS)
# Those that start from the supervised policy, and what may be said of a significant difference from it.
IMPROVED = (WHOLE, NO_PENALTY, TRUE_REWARD)
FINDINGS = ("improves", "makes worse")
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
    def compared(self) -> list[str]:
        """The settings of human feedback that have two runs or more in every environment."""
        least = self.analysis.grid.fewest_runs
        return [name for name in self.present if least[name] >= LEAST_RUNS]

    @property
    def missing(self) -> dict[str, int]:
        """How many of its planned runs a setting lacks, by its name; without settings that lack none."""
        planned = PLANNED_SEEDS * len(self.analysis.grid.environments)
        grid = self.analysis.grid.only(self.present)
        there = dict(zip(grid.settings, np.isfinite(grid.returns).sum(axis=(1, 2)).tolist(), strict=True))
        lacks = {name: planned - there.get(name, 0) for name in RLHF_SETTINGS}
        return {name: count for name, count in lacks.items() if count > 0}

    @cached_property
    def comparison(self) -> pd.DataFrame:
        """One line a setting, as `compare_beside` has it."""
        return compare_beside(self.analysis.table, self.analysis.grid, RLHF_SETTINGS)

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """The pairs that the page compares, of `compared` settings, as `compare_settings` has them."""
        shown = [pair for pair in PAIRS if set(pair) <= set(self.compared)]
        return compare_settings(self.analysis.grid, shown)

    @cached_property
    def improvements(self) -> pd.DataFrame:
        """What PPO adds to the supervised policy in each environment, by each of `IMPROVED` of `compared`.

        Columns setting, environment, difference (the score less that of `rlhf-supervised`), low, high
        (Welch's interval) and finding: improves, makes worse or undecided.
        """
        grid, tables = self.analysis.grid, []
        if SUPERVISED not in self.compared:
            return pd.DataFrame()
        for setting in IMPROVED:
            if setting in self.compared:
                first, second = (grid.only([name]).normalized()[0][:, None] for name in (setting, SUPERVISED))
                difference = estimate_mean(first) - estimate_mean(second)
                columns = difference.as_columns("difference", ("low", "high"))
                line = {"setting": setting, "environment": grid.environments, **columns}
                finding = np.select([columns["low"] > 0, columns["high"] < 0], FINDINGS, "undecided")
                tables.append(pd.DataFrame({**line, "finding": finding}))
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()

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
            counted = options["label_rollouts"] + LOG_INTERVAL
            begin = max(options["label_rollouts"] + options["value_rollouts"], counted)
            runs = self.analysis.runs[self.analysis.runs["setting"] == name]
            lines.append(_summarize(runs, begin))
        columns = ["setting", "environment", "agreement", "supervised_kl", "true_change", "learned_change"]
        return pd.concat(lines) if lines else pd.DataFrame(columns=[*columns, "parted", "runs"])


def _summarize(runs: pd.DataFrame, begin: int) -> pd.DataFrame:
    """The lines of `FeedbackTables.models` of one setting. begin: the rollout from which changes count."""
    last = runs.groupby(list(KEYS), sort=False).last()
    # A run's first line is after as many rollouts.
    steps = runs["timesteps"].min() // LOG_INTERVAL
    before = runs[runs["timesteps"] <= begin * steps]
    first = before.groupby(list(KEYS), sort=False).last()
    true = last["return_last100"] - first["return_last100"]
    learned = last["learned_return"] - first["learned_return"]
    parted = (learned > 0) & (true < 0)
    table = last[["agreement", "supervised_kl"]].assign(
        true_change=true, learned_change=learned, parted=parted, runs=1
    )
    by_environment = table.groupby(["setting", "environment"], sort=False)
    means = by_environment[["agreement", "supervised_kl", "true_change", "learned_change"]].mean()
    return means.join(by_environment[["parted", "runs"]].sum()).reset_index()
