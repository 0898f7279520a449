"""Former names, until all use the new ones."""

from functools import cached_property

import pandas as pd

from bench.protocol.selection import Selection
from bench.results.folder import Results
from bench.scores.analysis import LEAST_COVERAGE as LEAST_COVERAGE
from bench.scores.analysis import UNTRAINED_READING as UNTRAINED_READING
from bench.scores.analysis import Analysis, analyze, save_tables

WHOLE = "figure_3 robustness seeds_left_out power seeds_needed predictions agreement heterogeneity new_tables"


class Report(Analysis):
    """Former name."""

    @cached_property
    def comparisons(self) -> dict[str, pd.DataFrame]:
        """Former name."""
        return {name: table for name in WHOLE.split() if not (table := getattr(self, name)).empty}

    @property
    def doubtful(self) -> frozenset[str]:
        """Former name."""
        return self.unreliable


def report(results: Results, selection: Selection) -> Report:
    """Former name."""
    made = analyze(results, selection)
    return Report(made.settings, made.all_runs, made.made, made.random_scores, made.shown)


save = save_tables
