"""Permutation tests by enumeration, who is compared with whom, and the pairs in other ways."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.scores.estimates import correct_by_holm
from bench.scores.pairs import (
    PERMUTATIONS,
    RANDOM,
    compare_in_other_ways,
    compare_pairs,
    find_fewest_permutable,
    omit_environment,
    permute_labels,
)
from bench.scores.scale import Grid, find_scale
from tests.helpers.scores import grid_of, random_grid, scores, table_of

NAN = np.nan


def enumerated(a: np.ndarray, b: np.ndarray) -> float:
    """The share of all relabellings that are as far from 0, of one environment."""
    pooled, size = np.concatenate([a, b]), len(a)
    observed, differences = abs(a.mean() - b.mean()), []
    for chosen in combinations(range(len(pooled)), size):
        rest = np.delete(pooled, chosen)
        differences.append(abs(pooled[list(chosen)].mean() - rest.mean()))
    return float(np.mean(np.array(differences) >= observed - 1e-12))


def test_p_against_all_relabellings() -> None:
    random = np.random.default_rng(0)
    a, b = random.normal(size=(6, 1, 4)), random.normal(1, 1, size=(6, 1, 4))
    a[3:, :, 3] = NAN  # of other sizes
    b[5] = a[5] + 2.0**-10  # all but equal, so that most relabellings are further
    found = permute_labels(a, b)
    for p, one, other in zip(found, a[:, 0], b[:, 0], strict=True):
        expected = enumerated(*(runs[np.isfinite(runs)] for runs in (one, other)))
        assert p == pytest.approx(expected, abs=4 * np.sqrt(expected / PERMUTATIONS))


def test_significance_is_counted_over_readings() -> None:
    """Two runs far ahead of others in every reading; and the count is of corrected p."""
    returns = 50 + np.random.default_rng(0).normal(size=(11, 7, 4))
    returns[1] += 40
    table = compare_pairs(grid_of(returns)).set_index(["setting", "other"])
    assert (table.loc["clip-0.1", "significant_readings"] == 4).all()
    assert table.loc[("no-clip", "clip-0.1"), "significant_readings"] == 4
    others = table[~(table.reset_index()[["setting", "other"]] == "clip-0.1").any(axis=1).to_numpy()]
    assert (others["significant_readings"] > 0).mean() < 0.05
    assert ((table["p_holm"] < 0.05) <= (table["significant_readings"] > 0)).all()


def test_environments_are_strata() -> None:
    """In two environments of two runs each, all ahead: two of 36 relabellings are as far."""
    a, b = np.array([[[3.0, 4.0], [30.0, 40.0]]]), np.array([[[1.0, 2.0], [10.0, 20.0]]])
    assert permute_labels(a, b)[0] == pytest.approx(2 / 36, abs=0.006)


def test_settings_of_one_run_are_tested_and_those_without_are_not() -> None:
    a = np.array([[[1.0], [2.0], [3.0]]])
    assert permute_labels(a, a - 1)[0] == pytest.approx(2 / 8, abs=0.02)
    assert np.isnan(permute_labels(np.array([[[1.0], [NAN]]]), np.array([[[1.0], [2.0]]]))).all()


def test_few_seeds_in_few_environments_can_show_nothing() -> None:
    assert [find_fewest_permutable(count) for count in (1, 2, 3, 5, 6)] == [4, 3, 2, 2, 1]
    for environments, seeds in ((1, 3), (1, 4), (2, 2), (2, 3)):
        runs = np.random.default_rng(0).normal(size=(1, environments, seeds))
        is_enough = seeds >= find_fewest_permutable(environments)
        assert (permute_labels(runs, runs + 100)[0] < 0.05) == is_enough


def test_equal_settings_are_never_told_apart() -> None:
    runs = np.random.default_rng(0).normal(size=(1, 7, 5))
    assert permute_labels(runs, runs)[0] == 1


def test_p_is_uniform_where_nothing_differs() -> None:
    random = np.random.default_rng(0)
    p = permute_labels(*random.normal(size=(2, 400, 7, 3)))
    assert np.mean(p < 0.05) == pytest.approx(0.05, abs=0.04)
    assert np.mean(p < 0.5) == pytest.approx(0.5, abs=0.1)


def test_further_settings_are_compared_with_the_papers_and_move_no_other_number() -> None:
    whole = random_grid(3)
    table, random = table_of(whole.returns)
    mine = {
        (e, name, seed): level + seed
        for name, level in (("mine", 60.0), ("yours", 61.0))
        for e in whole.environments
        for seed in range(2)
    }
    both = pd.concat([table, scores(mine)])
    alone, more = compare_pairs(whole), compare_pairs(Grid.of(both, find_scale(both, random)))
    assert len(alone) == 55
    pd.testing.assert_frame_equal(more[:55], alone)
    own = more[55:66]
    assert own["setting"].tolist() == ["mine"] * 11
    assert own["other"].tolist() == list(whole.settings)
    assert own["paper_difference"].isna().all()
    assert own["p_holm"].to_numpy() == pytest.approx(correct_by_holm(own["p"].to_numpy()))
    between = more.iloc[-1]
    assert (len(more), between["setting"], between["other"]) == (55 + 2 * 11 + 1, "mine", "yours")
    assert between["p"] == between["p_holm"] < 0.05


def test_the_correction_of_55_pairs_can_reach_its_level() -> None:
    assert 55 / (1 + PERMUTATIONS) < 0.05 / 10
    assert np.sqrt(0.05 * 55 / PERMUTATIONS) < 0.0041


@pytest.fixture(scope="module")
def grid() -> Grid:
    return random_grid(4)


@pytest.fixture(scope="module")
def table(grid: Grid) -> pd.DataFrame:
    return compare_in_other_ways(grid, grid)


def test_the_first_way_is_that_of_the_published_pairs(grid: Grid, table: pd.DataFrame) -> None:
    published = compare_pairs(grid)
    first = table[table["way"] == "uniform_run"].reset_index(drop=True)
    columns = ["setting", "other", "p", "p_holm"]
    pd.testing.assert_frame_equal(first[columns], published[columns])
    difference = first["score"] - first["other_score"]
    assert difference.to_numpy() == pytest.approx(published["difference"].to_numpy())


def test_every_way_has_every_pair(table: pd.DataFrame) -> None:
    # Four readings, mean over time, seven environments left out, two interquartile means, one at random.
    assert table["way"].nunique() == 15
    assert table.groupby("way").size().unique().tolist() == [55]
    assert table["p"].between(0, 1).all()
    assert (table["p"] <= table["p_holm"]).all()


def test_an_environment_left_out_has_no_weight() -> None:
    runs = np.array([[[1.0, 3.0], [10.0, 30.0], [7.0, 5.0]]])
    assert omit_environment(runs, 1).mean(axis=-1).mean() == pytest.approx((2 + 6) / 2)


def test_environments_at_random_are_the_runs_of_a_paired_test(grid: Grid, table: pd.DataFrame) -> None:
    means = grid.normalized().mean(axis=-1)
    expected = [stats.ttest_rel(one, other).pvalue for one, other in combinations(means, 2)]
    assert table.loc[table["way"] == RANDOM, "p"].to_numpy() == pytest.approx(expected)


def test_one_run_far_away_does_not_hide_a_difference_of_interquartile_means() -> None:
    random = np.random.default_rng(0)
    runs, others = random.normal(0, 1, (1, 3, 8)), random.normal(2, 1, (1, 3, 8))
    runs[0, 0, 0] = 1000.0
    assert permute_labels(runs, others, middle=True)[0] < 0.001 < permute_labels(runs, others)[0]
