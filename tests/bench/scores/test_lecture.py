"""What the lecture's methods did, by hand."""

import numpy as np
import pandas as pd

from bench.protocol.settings import LECTURE_SETTINGS, PAPER_SETTINGS, SETTINGS
from bench.scores.analysis import Analysis
from bench.scores.estimates import correct_by_holm, estimate_mean
from bench.scores.lecture import SHOWN, LectureTables
from bench.scores.pairs import compare_settings
from tests.helpers.scores import random_grid

RANDOM = pd.DataFrame(
    [("A", "uniform", 0.0, 1.0), ("A", "untrained", 0.0, 1.0)],
    columns=["environment", "policy", "score", "standard_error"],
)


def lines(
    setting: str, seed: int, returns: list[float], fractions: list[float] | None = None
) -> pd.DataFrame:
    """The log of a run with a KL of 0.1, 0.2, … ."""
    count = len(returns)
    columns = {"environment": "A", "setting": setting, "seed": seed, "return_last100": returns}
    log = pd.DataFrame(columns).assign(timesteps=np.arange(1, count + 1), episodes=1, diverged=False)
    return log.assign(kl=np.arange(1, count + 1) / 10, step_fraction=fractions or [np.nan] * count)


def tables_of(*logs: pd.DataFrame) -> LectureTables:
    # What scores 1 is a return of 100.
    paper = [lines(name, seed, [100.0, 100.0]) for name in PAPER_SETTINGS for seed in (0, 1)]
    runs = pd.concat([*paper, *logs], ignore_index=True)
    return LectureTables(Analysis(SETTINGS, runs, pd.DataFrame(), RANDOM, SHOWN))


def test_steps_are_counted_over_updates_and_falls_over_runs() -> None:
    tables = tables_of(
        lines("line-search", 0, [50, 20, 40], [1.0, 0.0, 0.5]),  # fell to below 25, and came back
        lines("line-search", 1, [8, 1, 60], [0.0, 0.25, 0.25]),  # a fall from below 10 is none
        lines("line-search", 2, [40, 90, 30], [0.0, 0.0, 1.0]),  # fell to below 45
    )
    table = tables.steps.set_index("setting")
    found = table.loc["line-search"]
    assert found[["rose", "fell", "down"]].tolist() == [3, 2, 1]
    np.testing.assert_allclose(found["step_fraction"], 3 / 9)
    np.testing.assert_allclose(found["no_step"], 4 / 9)
    # 0.1, 0.2 and 0.3, three times each.
    np.testing.assert_allclose([found["kl_median"], found["kl_95"], found["kl_largest"]], [0.2, 0.3, 0.3])
    assert np.isnan(table.loc["clip-0.2", "no_step"])


def test_the_comparison_is_with_clipping() -> None:
    tables = tables_of(lines("trpo-0.01", 0, [70]), lines("trpo-0.01", 1, [60]))
    table = tables.comparison.set_index("setting")
    assert table.index.tolist() == ["no-clip", "clip-0.2", "trpo-0.01"]
    # Welch's interval with one degree of freedom: Student's quantile is 12.706, the standard error 0.05.
    np.testing.assert_allclose(table.loc["trpo-0.01", "difference"], -0.35)
    np.testing.assert_allclose(table.loc["trpo-0.01", "low"], -0.35 - 12.7062 * 0.05, rtol=1e-5)
    assert np.isnan(table.loc["clip-0.2", "p"])


def test_differences_are_those_of_the_scores_and_corrected_for_these_pairs() -> None:
    grid = random_grid(4)
    pairs = [("clip-0.1", "clip-0.2"), ("no-clip", "clip-0.2"), ("clip-0.3", "fixed-kl-1")]
    table = compare_settings(grid, pairs)
    score = dict(zip(grid.settings, estimate_mean(grid.normalized()).value, strict=True))
    np.testing.assert_allclose(table["difference"], [score[one] - score[other] for one, other in pairs])
    np.testing.assert_array_equal(table["p_holm"], correct_by_holm(table["p"].to_numpy()))
    assert (table["low"] < table["difference"]).all()
    assert (table["difference"] < table["high"]).all()


def test_all_the_lecture_s_settings_are_shown_beside_two_of_the_paper_s() -> None:
    assert set(SHOWN) - set(PAPER_SETTINGS) == set(LECTURE_SETTINGS)
    assert len(SHOWN) == len(LECTURE_SETTINGS) + 2
