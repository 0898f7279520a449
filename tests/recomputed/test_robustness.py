"""The pairs tested in other ways, and the table without one seed, computed again from the runs."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.recomputed.plain import (
    E7,
    ENVIRONMENTS,
    READINGS,
    SEEDS,
    SETTINGS,
    Floats,
    N,
    agree,
    best,
    cube,
    holm,
    on_scale,
    published,
    welch,
)

pytestmark = pytest.mark.slow

PAIRS = [*itertools.combinations(range(11), 2)]
TABLE = published("robustness")
BOTH = ["score", "other_score"]
PERMUTATIONS = 4000


def lines(way: str) -> pd.DataFrame:
    """The published lines of a way, after a look at their names and their correction."""
    table = TABLE[TABLE["way"] == way]
    names = [(SETTINGS[a], SETTINGS[b]) for a, b in PAIRS]
    assert [*zip(table["setting"], table["other"], strict=True)] == names
    agree(table["p_holm"], holm(table["p"].to_numpy()))
    return table


def middle(runs: Floats) -> Floats:
    return np.asarray(stats.trim_mean(runs, 0.25, axis=-1))


@pytest.mark.parametrize(
    "way",
    [
        *(f"{policy}_{kind}" for policy, kind in READINGS),
        *("mean_over_time", "iqm_in_each_environment"),
        *(f"without_{name}" for name in ENVIRONMENTS),
    ],
)
def test_permutation_tests(way: str) -> None:
    runs, mean = on_scale(cube()), middle if way.startswith("iqm") else lambda runs: runs.mean(axis=-1)
    if way == "mean_over_time":
        runs = on_scale(cube("mean_return"))
    elif way.startswith("without"):
        runs = np.delete(runs, ENVIRONMENTS.index(way.removeprefix("without_")), axis=1)
    elif not way.startswith("iqm"):
        policy, kind = way.split("_", maxsplit=1)
        runs = on_scale(cube(), policy, best(cube(), kind))
    table, scores = lines(way), mean(runs).mean(axis=-1)
    agree(table[BOTH], [[scores[a], scores[b]] for a, b in PAIRS])
    order = np.random.default_rng(13).random((PERMUTATIONS, runs.shape[1], 2 * N)).argsort(axis=-1)
    # Some of the pairs: all would take half a minute.
    for (a, b), each in [*zip(PAIRS, table["p"], strict=True)][:: 1 + len(PAIRS) // 12]:
        pooled = np.broadcast_to(np.concatenate([runs[a], runs[b]], axis=1), order.shape)
        shuffled = np.take_along_axis(pooled, order, axis=-1)
        difference = (mean(shuffled[..., :N]) - mean(shuffled[..., N:])).mean(axis=-1)
        found = (1 + (abs(difference) >= abs(scores[a] - scores[b]) - 1e-9).sum()) / (1 + PERMUTATIONS)
        error = (each * (1 - each) * (1 / PERMUTATIONS + 1 / 199999)) ** 0.5
        assert found == pytest.approx(each, abs=4.5 * error + 2 / PERMUTATIONS)


def test_environments_at_random() -> None:
    table, means = lines("environments_at_random"), on_scale(cube()).mean(axis=-1)
    agree(table[BOTH], [[means[a].mean(), means[b].mean()] for a, b in PAIRS])
    agree(table["p"], [stats.ttest_rel(means[a], means[b]).pvalue for a, b in PAIRS])


def test_interquartile_mean_of_all_runs() -> None:
    table, runs, cut = lines("iqm_of_all_runs"), on_scale(cube()), 7 * N // 4
    means = [stats.trim_mean(row, 0.25, axis=None) for row in runs]
    agree(table[BOTH], [[means[a], means[b]] for a, b in PAIRS])
    ordered = [np.sort(row, axis=None) for row in runs]
    moved = [np.clip(row, low[cut], low[-cut - 1]) for row, low in zip(runs, ordered, strict=True)]
    expected = []
    for a, b in PAIRS:
        _, error, freedom = welch([*moved[a], *moved[b]], [*E7, *np.negative(E7)])
        kept = 1 - 2 * cut / (7 * N)
        expected.append(2 * stats.t.sf(abs(means[a] - means[b]) * kept / error, freedom))
    agree(table["p"], expected)


def test_every_way_is_recomputed() -> None:
    assert TABLE["way"].nunique() == 4 + 1 + 1 + 7 + 2


def test_seeds_left_out() -> None:
    table = published("seeds_left_out", "seed", "setting")
    for index, seed in enumerate(SEEDS):
        returns = np.delete(cube(), index, axis=2)
        scores = on_scale(returns, "uniform", best(returns, "run")).mean(axis=(1, 2))
        agree(table.loc[seed].loc[SETTINGS, "score"], scores)
        agree(table.loc[seed].loc[SETTINGS, "rank"], stats.rankdata(-scores))
    assert len(table) == 11 * N
