"""Our table beside the paper's: measures against scipy, verdicts and first places by hand."""

import dataclasses

import numpy as np
import pytest
from scipy.stats import spearmanr

from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.settings import PAPER_SETTINGS, SETTINGS
from bench.scores.comparison import (
    agreement,
    mean_absolute_difference,
    orderings,
    rank_correlation,
    three_seeds,
    without_noise,
)
from bench.scores.grid import Grid
from tests.helpers.scores import random_grid

PAPER = np.array([SETTINGS[name].paper_score for name in PAPER_SETTINGS], float)


def grid_of_means(means: np.ndarray, noise: float, seeds: int = 3) -> Grid:
    """A table whose rows score so much in every environment, but for noise."""
    random = np.random.default_rng(0)
    scores = means[None, :, None] + random.normal(0, noise, (seeds, len(PAPER_SETTINGS), len(ENVIRONMENTS)))
    return Grid(scores, np.zeros(len(ENVIRONMENTS)), tuple(range(seeds)), PAPER_SETTINGS, ENVIRONMENTS)


def test_measures_against_scipy() -> None:
    random = np.random.default_rng(0)
    tables, paper = random.normal(size=(5, 10)), np.round(random.normal(size=10), 1)
    expected = [spearmanr(table, paper).statistic for table in tables]
    assert rank_correlation(tables, paper) == pytest.approx(expected)
    assert rank_correlation(tables[0], paper) == pytest.approx(expected[0])
    assert rank_correlation(tables, tables[::-1])[2] == pytest.approx(1)
    assert mean_absolute_difference(paper + 0.25, paper) == pytest.approx(0.25)


def test_a_table_like_the_papers_agrees_with_it() -> None:
    table = agreement(grid_of_means(PAPER, 0.01)).set_index("measure")
    ranks = table.loc["Spearman's rank correlation"]
    assert ranks["ours"] > 0.95
    assert ranks["replication_low"] <= ranks["replication"] <= ranks["replication_high"] <= 1
    # Of ten rows in any order: a correlation of 0, and one above 0.56 in a twentieth of cases.
    assert ranks["unrelated"] == pytest.approx(0, abs=0.05)
    assert ranks["unrelated_high"] == pytest.approx(0.56, abs=0.05)
    reversed_ranks = agreement(grid_of_means(-PAPER, 0.01)).set_index("measure")
    assert reversed_ranks.loc["Spearman's rank correlation", "ours"] < -0.9


def test_more_noise_lets_a_replication_differ_more() -> None:
    quiet, noisy = (agreement(grid_of_means(PAPER, noise)).iloc[1] for noise in (0.01, 0.2))
    assert quiet["measure"] == noisy["measure"] == "mean absolute difference"
    assert quiet["replication_high"] < noisy["replication_low"]


def test_the_papers_own_orderings_are_supported_or_left_open() -> None:
    clear = orderings(grid_of_means(PAPER, 0.001))
    # Eleven scores, two of them equal (0.71).
    assert len(clear) == 54
    assert set(clear["verdict"]) == {"supported"}
    assert (clear["paper_difference"] > 0).all()
    assert clear.iloc[0][["better", "worse"]].tolist() == ["clip-0.2", "no-clip"]
    assert set(orderings(grid_of_means(-PAPER, 0.001))["verdict"]) == {"contradicted"}
    assert "open" in set(orderings(grid_of_means(PAPER, 1.0))["verdict"])


def test_what_noise_adds_to_the_spread_is_taken_away() -> None:
    random = np.random.default_rng(0)
    noise = random.normal(size=(50_000, 10)) + random.normal(size=(50_000, 1))  # what is common moves no row
    scores = np.arange(10.0)
    truth = without_noise(scores, noise)
    assert truth.mean() == pytest.approx(4.5)
    assert truth.var(ddof=1) + 1 == pytest.approx(scores.var(ddof=1), rel=0.01)
    assert without_noise(scores / 100, noise) == pytest.approx(0.045)


def test_replications_differ_as_two_noisy_tables_do() -> None:
    """The mean absolute difference of two tables of equal noise is 2 / √π of its standard deviation."""
    table = agreement(grid_of_means(PAPER, 0.05)).set_index("measure")
    # The best of 33 runs of about 0.82 ± 0.05, and 21 runs a row.
    noise = 0.05 / 0.9 / np.sqrt(21)
    expected = table.loc["mean absolute difference", "replication"]
    assert expected == pytest.approx(2 / np.sqrt(np.pi) * noise, rel=0.3)


def test_who_comes_first_among_choices_of_three_seeds() -> None:
    means = np.full(len(PAPER_SETTINGS), 0.5)
    grid = grid_of_means(means, 0.0, seeds=4)
    scores = grid.scores.copy()
    # In one environment clip-0.1 is ahead wherever seed 0 is chosen, clip-0.2 in the one choice without it.
    scores[0, 1, 0], scores[1:, 2, 0] = 10.0, 0.6
    table = three_seeds(dataclasses.replace(grid, scores=scores)).set_index("setting")
    assert table.loc["clip-0.1", "first"] == pytest.approx(0.75, abs=0.03)
    assert table.loc["clip-0.2", "first"] == pytest.approx(0.25, abs=0.03)
    assert table["first"].sum() == 1
    assert (table["low"] <= table["median"]).all()
    assert (table["median"] <= table["high"]).all()


def test_three_seeds_leave_no_choice() -> None:
    assert three_seeds(random_grid(3)).empty
