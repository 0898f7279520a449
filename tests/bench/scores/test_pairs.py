"""Permutation tests by enumeration, Holm's correction by hand, and who is compared with whom."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from bench.scores.grid import Grid
from bench.scores.pairs import PERMUTATIONS, holm, pairs, permutation_test
from bench.scores.scale import scale_of
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


def test_against_all_relabellings() -> None:
    random = np.random.default_rng(0)
    a, b = random.normal(size=(6, 1, 4)), random.normal(1, 1, size=(6, 1, 4))
    a[3:, :, 3] = NAN  # of other sizes
    b[5] = a[5] + 2.0**-10  # all but equal, so that most relabellings are further
    found = permutation_test(a, b)
    for p, one, other in zip(found, a[:, 0], b[:, 0], strict=True):
        expected = enumerated(*(runs[np.isfinite(runs)] for runs in (one, other)))
        assert p == pytest.approx(expected, abs=4 * np.sqrt(expected / PERMUTATIONS))


def test_significance_is_counted_over_readings() -> None:
    """Two runs far ahead of others in every reading; and the count is of corrected p."""
    returns = 50 + np.random.default_rng(0).normal(size=(11, 7, 4))
    returns[1] += 40
    table = pairs(grid_of(returns)).set_index(["setting", "other"])
    assert (table.loc["clip-0.1", "significant_readings"] == 4).all()
    assert table.loc[("no-clip", "clip-0.1"), "significant_readings"] == 4
    others = table[~(table.reset_index()[["setting", "other"]] == "clip-0.1").any(axis=1).to_numpy()]
    assert (others["significant_readings"] > 0).mean() < 0.05
    assert ((table["p_holm"] < 0.05) <= (table["significant_readings"] > 0)).all()


def test_environments_are_strata() -> None:
    """In two environments of two runs each, all ahead: two of 36 relabellings are as far."""
    a, b = np.array([[[3.0, 4.0], [30.0, 40.0]]]), np.array([[[1.0, 2.0], [10.0, 20.0]]])
    assert permutation_test(a, b)[0] == pytest.approx(2 / 36, abs=0.006)


def test_one_run_each_is_tested_and_none_is_not() -> None:
    a = np.array([[[1.0], [2.0], [3.0]]])
    assert permutation_test(a, a - 1)[0] == pytest.approx(2 / 8, abs=0.02)
    assert np.isnan(permutation_test(np.array([[[1.0], [NAN]]]), np.array([[[1.0], [2.0]]]))).all()


def test_equal_settings_are_never_told_apart() -> None:
    runs = np.random.default_rng(0).normal(size=(1, 7, 5))
    assert permutation_test(runs, runs)[0] == 1


def test_p_is_uniform_where_nothing_differs() -> None:
    random = np.random.default_rng(0)
    p = permutation_test(*random.normal(size=(2, 400, 7, 3)))
    assert np.mean(p < 0.05) == pytest.approx(0.05, abs=0.04)
    assert np.mean(p < 0.5) == pytest.approx(0.5, abs=0.1)


def test_holm_by_hand() -> None:
    # Sorted 0.01, 0.02, 0.03, 0.04 times 4, 3, 2, 1: 0.04, 0.06, 0.06, 0.06. NaN is no test.
    p = np.array([0.04, 0.01, NAN, 0.03, 0.02])
    np.testing.assert_allclose(holm(p), [0.06, 0.04, NAN, 0.06, 0.06])
    assert holm(np.array([0.5, 0.9])).tolist() == [1, 1]


def test_further_settings_are_compared_with_the_papers_and_move_no_other_number() -> None:
    whole = random_grid(3)
    table, random = table_of(whole.returns)
    mine = {(e, "mine", seed): 60.0 + seed for e in whole.environments for seed in range(2)}
    both = pd.concat([table, scores(mine)])
    alone, more = pairs(whole), pairs(Grid.of(both, scale_of(both, random)))
    assert len(alone) == 55
    pd.testing.assert_frame_equal(more[:55], alone)
    own = more[55:]
    assert own["setting"].tolist() == ["mine"] * 11
    assert own["other"].tolist() == list(whole.settings)
    assert own["paper_difference"].isna().all()
    assert own["p_holm"].to_numpy() == pytest.approx(holm(own["p"].to_numpy()))


def test_the_correction_of_55_pairs_can_reach_its_level() -> None:
    assert 55 / (1 + PERMUTATIONS) < 0.05 / 10
    assert np.sqrt(0.05 * 55 / PERMUTATIONS) < 0.0041
