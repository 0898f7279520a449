"""Tables are computed when they are asked for, and not where runs are too few."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.settings import PAPER_SETTINGS, SETTINGS
from bench.report.score_facts import describe_drawn_choices
from bench.scores.analysis import Analysis, save_tables
from bench.scores.power import COVERAGE_COLUMNS
from tests.helpers.scores import table_of


def analysis_of(seeds: int) -> Analysis:
    """An analysis of random scores, in runs of two lines."""
    scores, random_scores = table_of(np.random.default_rng(0).normal(70, 10, (11, 7, seeds)))
    lines = [scores.assign(timesteps=steps, episodes=steps, kl=0.0) for steps in (1000, 2000)]
    runs = pd.concat(lines).rename(columns={"score": "return_last100"})
    runs = runs.sort_values(["environment", "setting", "seed", "timesteps"], ignore_index=True)
    made = scores[["environment", "setting", "seed"]]
    return Analysis(SETTINGS, runs, made, random_scores, PAPER_SETTINGS)


def test_the_table_and_its_scale_simulate_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    analysis = analysis_of(3)
    monkeypatch.delattr(np.random, "default_rng")
    assert analysis.table["setting"].tolist() == list(PAPER_SETTINGS)
    assert set(analysis.scale.index) == set(ENVIRONMENTS)
    computed = vars(analysis).keys() - Analysis.__dataclass_fields__.keys()
    assert computed == {"all_scores", "scores", "grid", "table", "scale"}


def test_scores_as_of_three_by_drawn_choices_have_their_error_beside_them() -> None:
    """Beyond fifty seeds, and only where the best result is a setting's mean."""
    few, many = analysis_of(3), analysis_of(51)
    assert describe_drawn_choices(few) is None
    errors = [name for name in many.readings if name not in few.readings]
    assert errors == ["uniform_setting_mean_of_three_error", "untrained_setting_mean_of_three_error"]
    drawn = describe_drawn_choices(many)
    assert drawn is not None
    assert drawn["count"] > 18_000
    assert drawn["largest_error"] == many.readings[errors].max(axis=None) > 0


def test_tables_that_need_more_seeds_are_empty_and_not_written(tmp_path: Path) -> None:
    analysis = analysis_of(1)
    assert analysis.coverage.columns.tolist() == list(COVERAGE_COLUMNS)
    assert analysis.coverage.empty
    assert analysis.figure_3.empty
    assert analysis.robustness.empty
    assert analysis.unreliable == set()
    save_tables(analysis, tmp_path)
    written = {path.stem for path in tmp_path.iterdir()}
    assert written >= {"table1", "scale", "scores", "pairs", "coverage"}
    assert written.isdisjoint({"figure_3", "robustness", "seeds_left_out", "power", "predictions"})
