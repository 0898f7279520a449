"""Every number of `results/*.csv` that is not simulated, computed again from the runs; and p values."""

import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.recomputed.plain import (
    E7,
    ENVIRONMENTS,
    FIGURE_3,
    PAPER,
    READINGS,
    RESULTS,
    SEEDS,
    SETTINGS,
    N,
    agree,
    as_of_three,
    best,
    cube,
    holm,
    improvement_interval,
    interval,
    on_scale,
    published,
    runs,
    welch,
    zero,
)


@pytest.mark.slow
def test_scores() -> None:
    table = published("scores", "environment", "setting", "seed")
    expected = runs().set_index(["environment", "setting", "seed"]).loc[table.index]
    columns = ["score", "mean_return", "episodes", "diverged"]
    agree(table[columns], expected[columns])
    indices = [(SETTINGS.index(s), ENVIRONMENTS.index(e), SEEDS.index(n)) for e, s, n in table.index]
    agree(table["normalized"], [on_scale(cube())[index] for index in indices])
    assert len(table) == len(runs())


def test_made() -> None:
    table = published("made", "environment", "setting", "seed")
    assert len(table) == len(runs())
    for environment, setting, seed in table.index[::7]:
        path = RESULTS / "runs" / environment / setting / f"seed-{seed:02d}.json"
        record, line = json.loads(path.read_text()), table.loc[(environment, setting, seed)]
        assert line["seconds"] == pytest.approx(record["job_seconds"] / record["job_runs"])
        assert line["commit"] == record["git_commit"]
        assert line["processor"].startswith(record["processor"]["name"])
        assert line["physics_warnings"] == record["physics_warnings"]
        assert np.isnan(line["diverged_at"]) == (record["diverged_at"] is None)


def test_scale() -> None:
    table = published("scale", "environment").loc[ENVIRONMENTS]
    random = published("random", "environment", "policy")
    for policy in ("uniform", "untrained"):
        agree(table[f"random_{policy}"], zero(policy))
        errors = random.xs(policy, level="policy").loc[ENVIRONMENTS, "standard_error"]
        agree(table[f"random_{policy}_error"], errors)
    agree(table["best_run"], best(cube(), "run"))
    agree(table["best_setting_mean"], best(cube(), "setting_mean"))
    ones = [best(cube()[:, :, list(s)], "run") for s in itertools.combinations(range(N), 3)]
    agree(table["best_run_of_three"], np.mean(ones, axis=0))
    agree(table["best_run_of_three_low"], np.percentile(ones, 5, axis=0))
    agree(table["best_run_of_three_high"], np.percentile(ones, 95, axis=0))
    scores = runs().reset_index().set_index("environment")
    for environment, line in table.iterrows():
        of_environment = scores.loc[environment].sort_values("score")
        assert line["second_best_run"] == pytest.approx(of_environment["score"].iloc[-2])
        keys = of_environment["setting"], of_environment["seed"]
        chosen = (keys[0] == line["best_run_setting"]) & (keys[1] == line["best_run_seed"])
        assert of_environment["score"][chosen].tolist() == pytest.approx([line["best_run"]])
    assert table.shape[1] == 12


@pytest.mark.slow
def test_table_and_readings() -> None:
    table, readings = published("table1", "setting"), published("readings", "setting")
    assert table.index.tolist() == readings.index.tolist() == SETTINGS
    agree(table["paper_score"], list(PAPER.values()))
    agree(table[["score", "ci_low", "ci_high"]], [interval(list(row), E7) for row in on_scale(cube())])
    for policy, kind in READINGS:
        name, scores = f"{policy}_{kind}", on_scale(cube(), policy, best(cube(), kind))
        agree(readings[[name, f"{name}_low", f"{name}_high"]], [interval(list(row), E7) for row in scores])
        agree(readings[f"{name}_of_three"], as_of_three(policy, kind)[0])
    agree(table["untrained_score"], readings["untrained_run"])
    agree(table["score_of_three"], readings["uniform_run_of_three"])
    assert set(table["runs"]) == {7 * N}
    agree(table["diverged"], runs().groupby("setting")["diverged"].sum()[SETTINGS])


def test_returns() -> None:
    table = published("returns", "setting", "environment")
    assert len(table) == 77
    normalized = on_scale(cube())
    variances = normalized.var(axis=2, ddof=1)
    for (setting, environment), row in table.iterrows():
        s, e = SETTINGS.index(setting), ENVIRONMENTS.index(environment)
        others = np.delete(normalized[s], e, axis=0)
        values = cube()[s, e]
        share = variances[s, e] / variances[s].sum()
        expected = [N, values.mean(), values.std(ddof=1), normalized[s, e].mean(), share, others.mean()]
        agree(row, expected)


def test_outcomes() -> None:
    table, normalized = published("outcomes", "setting").loc[SETTINGS], on_scale(cube())
    agree(table["median"], np.median(normalized, axis=(1, 2)))
    agree(table["iqm"], [stats.trim_mean(row, 0.25, axis=None) for row in normalized])
    for row, (_, line) in zip(normalized, table.iterrows(), strict=True):
        ordered = np.sort(row, axis=None)
        cut = len(ordered) // 4
        moved = [np.clip(group, ordered[cut], ordered[-cut - 1]) for group in row]
        _, error, freedom = welch(moved, E7)
        half = stats.t.ppf(0.975, freedom) * error / (1 - 2 * cut / len(ordered))
        agree(line[["iqm_low", "iqm_high"]], [line["iqm"] - half, line["iqm"] + half])
    area = [interval(list(row), E7) for row in on_scale(cube("mean_return"))]
    agree(table[["area", "area_low", "area_high"]], area)


def test_improvement() -> None:
    table = published("improvement", "setting", "environment")
    assert len(table) == 10 * 8
    for setting in table.index.unique("setting"):
        a, b = cube()[SETTINGS.index(setting)], cube()[SETTINGS.index("clip-0.2")]
        wins = [stats.mannwhitneyu(x, y).statistic / N**2 for x, y in zip(a, b, strict=True)]
        ends = np.array([improvement_interval(p) for p in wins])
        for p, end, environment in zip(wins, ends, ENVIRONMENTS, strict=True):
            agree(table.loc[(setting, environment)], [p, *end], atol=1e-8)
        middle, (low, high) = np.mean(wins), np.sqrt(((ends.T - wins) ** 2).sum(axis=1)) / 7
        agree(table.loc[(setting, "all")], [middle, middle - low, middle + high], atol=1e-8)


def test_pairs() -> None:
    table, normalized = published("pairs"), on_scale(cube())
    assert [*zip(table["setting"], table["other"], strict=True)] == [*itertools.combinations(SETTINGS, 2)]
    random, permutations = np.random.default_rng(11), 4000
    for row in table.itertuples():
        a, b = (normalized[SETTINGS.index(str(name))] for name in (row.setting, row.other))
        value = interval([*a, *b], [*E7, *np.negative(E7)])
        agree(pd.Series([row.difference, row.ci_low, row.ci_high]), value)
        assert row.paper_difference == pytest.approx(PAPER[str(row.setting)] - PAPER[str(row.other)])
        pooled = np.tile(np.concatenate([a, b], axis=1), (permutations, 1, 1))
        shuffled = random.permuted(pooled, axis=2)
        differences = (shuffled[..., :N].mean(axis=2) - shuffled[..., N:].mean(axis=2)).mean(axis=1)
        p = (1 + (abs(differences) >= abs(value[0]) - 1e-9).sum()) / (1 + permutations)
        error = (row.p * (1 - row.p) * (1 / permutations + 1 / 199999)) ** 0.5
        assert p == pytest.approx(row.p, abs=4.5 * error + 2 / permutations)
    agree(table["p_holm"], holm(table["p"].to_numpy()))
    assert table["significant_readings"].between(table["p_holm"] < 0.05, 4 - (table["p_holm"] >= 0.05)).all()


def test_figure_3() -> None:
    table, clip = published("figure_3"), cube()[SETTINGS.index("clip-0.2")]
    assert table["environment"].tolist() == ENVIRONMENTS
    paper, mean, std = np.array([*FIGURE_3.values()]), clip.mean(axis=1), clip.std(axis=1, ddof=1)
    error = std * (1 / 3 + 1 / N) ** 0.5
    half, t = stats.t.ppf(0.975, N - 1) * error, (mean - paper) / error
    p = 2 * stats.t.sf(abs(t), N - 1)
    columns = [paper, mean, std, np.full(7, N), mean - half, mean + half, t, p, holm(p)]
    agree(table.drop(columns="environment"), np.transpose(columns))


def test_gaps() -> None:
    table = published("gaps", "setting", "environment")
    assert len(table) == 77
    random, least = np.random.default_rng(14), -(-N // 5)
    even = np.sort(random.random((20_000, N)))
    widest = np.diff(even)[:, least - 1 : N - least].max(axis=1) / (even[:, -1] - even[:, 0])
    for (setting, environment), line in table.iterrows():
        values = np.sort(cube()[SETTINGS.index(setting), ENVIRONMENTS.index(environment)])
        below = max(range(least, N - least + 1), key=lambda index: values[index] - values[index - 1])
        share = (values[below] - values[below - 1]) / (values[-1] - values[0])
        columns = ["below", "above", "low", "high", "share"]
        agree(line[columns], [below, N - below, values[below - 1], values[below], share])
        # Five standard errors of 20,000 samples, and five samples.
        error = 5 * (line["p"] * (1 - line["p"]) / 20_000) ** 0.5 + 5 / 20_000
        assert (widest > share).mean() == pytest.approx(line["p"], abs=error)
        if line["p"] < 0.05:
            logs = [
                pd.read_csv(path, index_col="timesteps")["return_last100"]
                for path in sorted(RESULTS.glob(f"runs/{environment}/{setting}/seed-*.csv"))[:N]
            ]
            ordered = pd.concat(sorted(logs, key=lambda log: log.iloc[-1]), axis=1).to_numpy()
            together = ordered[:, :below].max(axis=1) >= ordered[:, below:].min(axis=1)
            last = np.flatnonzero(together)[-1]
            assert line["apart_since"] == logs[0].index[last + 1]
    agree(table["p_holm"], holm(table["p"].to_numpy()))


def test_every_file_is_recomputed() -> None:
    source = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    # What was repeated, what policies return and how they run is measured, not computed from the runs.
    files = {path.stem for path in RESULTS.glob("*.csv")} - {"verified", "policies", "postures"}
    assert [name for name in files if f'published("{name}"' not in source] == []
