"""Our table beside the paper's: measures against SciPy, and tables of which the answer is known."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.protocol import PAPER_SEEDS
from bench.protocol.published import FIGURE_3
from bench.protocol.settings import PAPER_SETTINGS
from bench.scores.paper import (
    DIFFERENCE,
    apply_welch_test,
    compare_figure_3,
    correlate,
    correlate_ranks,
    find_heterogeneity,
    is_alike,
    measure_agreement,
    predict_tables,
)
from bench.scores.power import simulate_runs
from bench.scores.scale import READINGS
from bench.scores.three_seeds import CONSTRAINED, estimate_three_seeds, find_paper_scores, simulate_noise
from tests.helpers.scores import grid_of, random_grid

PAPER = find_paper_scores(PAPER_SETTINGS)
DEFAULT = "uniform_run"


def noise(size: float, seeds: int = 4) -> np.ndarray:
    shape = (len(PAPER_SETTINGS), len(ENVIRONMENTS), seeds)
    return np.random.default_rng(0).normal(0, size, shape)


def test_correlations_against_scipy() -> None:
    random = np.random.default_rng(0)
    tables, paper = random.normal(size=(5, 10)), np.round(random.normal(size=10), 1)
    for ours, theirs in ((correlate_ranks, stats.spearmanr), (correlate, stats.pearsonr)):
        expected = [theirs(table, paper).statistic for table in tables]
        assert ours(tables, paper) == pytest.approx(expected)
        assert ours(tables[0], paper) == pytest.approx(expected[0])


def test_welchs_test_of_two_is_the_t_test() -> None:
    a, b = np.array([1.0, 2.0, 4.0]), np.array([3.0, 9.0, 5.0, 8.0])
    variance = np.array([a.var(ddof=1) / 3, b.var(ddof=1) / 4])
    found = apply_welch_test(np.array([a.mean(), b.mean()]), variance, np.array([2.0, 3.0]))
    expected = stats.ttest_ind(a, b, equal_var=False)
    assert found["f"] == pytest.approx(expected.statistic**2)
    assert found["df1"] == 1
    assert found["df2"] == pytest.approx(expected.df)
    assert found["p"] == pytest.approx(expected.pvalue)


def test_a_table_like_the_papers_agrees_with_it_and_its_reverse_does_not() -> None:
    alike = measure_agreement(grid_of(PAPER[:, None, None] + noise(0.01))).set_index(["reading", "measure"])
    reverse = measure_agreement(grid_of(1 - PAPER[:, None, None] + noise(0.01))).set_index(
        ["reading", "measure"]
    )
    for measure in ("Pearson's correlation", "Spearman's rank correlation"):
        line = alike.loc[(DEFAULT, measure)]
        assert line["ours"] > 0.9
        assert line["flat_passes"] < 0.05
        assert line["passes"]
        assert not reverse.loc[(DEFAULT, measure), "passes"]
        # Of ten scores in any order: a correlation of 0, and one above 0.55 in a twentieth of cases.
        assert line["unrelated"] == pytest.approx(0, abs=0.05)
        assert line["unrelated_high"] == pytest.approx(0.55, abs=0.05)
        assert reverse.loc[(DEFAULT, measure), "ours"] < -0.9


def test_no_table_is_too_similar() -> None:
    """Of replications 0, 1, …, 100 a difference may be 95 at most, and a correlation must be 5 at least."""
    values, replications = np.array([-9.0, 4.9, 5.0, 95.0, 95.1, 999.0]), np.arange(101.0)
    correlated = is_alike("Pearson's correlation", values, replications)
    assert correlated.tolist() == [False, False, True, True, True, True]
    assert is_alike(DIFFERENCE, values, replications).tolist() == [True, True, True, True, False, False]


def test_replications_differ_as_two_noisy_tables_do() -> None:
    """Two tables of three seeds: the mean absolute difference is √(2/π) · √2 · the noise of one.

    The noise is that of simulated tables.
    """
    grid = grid_of(PAPER[:, None, None] + noise(0.05, seeds=3))
    ours, new = estimate_three_seeds(grid, CONSTRAINED)
    assert ours.variance == pytest.approx(new)
    line = (
        measure_agreement(grid).set_index(["reading", "measure"]).loc[(DEFAULT, "mean absolute difference")]
    )
    size = simulate_noise(grid, CONSTRAINED, READINGS[0], "theirs").std(axis=0)
    assert size.mean() > np.sqrt(new).mean()  # their scale is their own
    assert line["replication"] == pytest.approx(2 / np.sqrt(np.pi) * size.mean(), rel=0.1)


def test_noise_alone_is_not_heterogeneous_and_differences_are() -> None:
    flat = find_heterogeneity(grid_of(0.7 + noise(0.1))).set_index("table")
    steep = find_heterogeneity(grid_of(PAPER[:, None, None] + noise(0.05))).set_index("table")
    assert flat.loc["ours", "p"] > 0.01
    assert steep.loc["ours", "p"] < 0.001
    assert steep.loc["ours", "noise"] < steep.loc["paper", "noise"]  # four seeds, and three
    assert steep.loc["ours", "true_std"] < steep.loc["ours", "std"]


def test_the_unconstrained_setting_sets_the_scale_too() -> None:
    returns = PAPER[:, None, None] + noise(0.01)
    returns[PAPER_SETTINGS.index("no-clip"), :, 0] = 2.0
    grid = grid_of(returns)
    constrained, whole = (estimate_three_seeds(grid, names)[0] for names in (CONSTRAINED, PAPER_SETTINGS))
    assert constrained.value == pytest.approx(whole.value[1:])
    assert constrained.value.max() < 0.7


@pytest.mark.soak
def test_predictions_contain_new_tables() -> None:
    """Of tables of three seeds, each on its own scale, with runs no better than the best measured."""
    truth = random_grid(7)
    span = truth.scale["best_run"].to_numpy()  # random returns are 0
    experiments = next(simulate_runs(truth.normalized(), "capped", 10))[:60] * span[:, None]
    inside = []
    for ours, new in ((each[..., :7], each[..., 7:]) for each in experiments):
        table = predict_tables(dataclasses.replace(truth, returns=ours))
        table = table[table["reading"] == DEFAULT]
        scores = (new / new.max(axis=(0, 2))[:, None]).mean(axis=(1, 2))
        inside.append((table["low"] <= scores) & (scores <= table["high"]))
    assert len(PAPER_SEEDS) == 3
    assert np.mean(inside) == pytest.approx(0.95, abs=0.03)


def test_a_new_table_has_most_of_its_scores_inside_on_average() -> None:
    """Each interval contains 95 % of new tables; in some of them fewer scores lie inside than on average."""
    table = predict_tables(random_grid(7))
    assert table["mean_inside"].to_numpy() == pytest.approx(0.95 * len(CONSTRAINED), abs=0.02)
    assert (table["least_inside"] < table["mean_inside"]).all()
    assert (table["least_inside"] >= 5).all()
    assert table[["mean_inside", "least_inside"]].drop_duplicates().shape[0] <= len(READINGS)


def test_figure_3_by_hand() -> None:
    returns = np.ones((len(PAPER_SETTINGS), len(ENVIRONMENTS), 4))
    hopper = ENVIRONMENTS.index("Hopper-v4")
    returns[PAPER_SETTINGS.index("clip-0.2")] += np.array([-1.0, 0.0, 0.0, 1.0])
    returns[PAPER_SETTINGS.index("clip-0.2"), hopper] += FIGURE_3["Hopper"] - 1
    returns[PAPER_SETTINGS.index("clip-0.2"), ENVIRONMENTS.index("InvertedPendulum-v4")] = 1000.0
    table = compare_figure_3(grid_of(returns)).set_index("environment")
    # Without any spread there is no test.
    assert np.isnan(table.loc["InvertedPendulum-v4", ["t", "p", "p_holm"]].to_numpy(float)).all()
    assert table.loc["Hopper-v4", ["mean", "t", "p"]].tolist() == pytest.approx([2330, 0, 1])
    half = stats.t.ppf(0.975, 3) * np.sqrt(2 / 3) * np.sqrt(1 / 3 + 1 / 4)
    assert table.loc["Reacher-v4", ["low", "high"]].tolist() == pytest.approx([1 - half, 1 + half])
    assert table.loc["Reacher-v4", "t"] == pytest.approx(8 / np.sqrt(2 / 3) / np.sqrt(7 / 12))
