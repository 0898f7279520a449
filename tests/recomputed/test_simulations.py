"""What is simulated for `results/*.csv`, simulated by other code and with other random numbers.

They agree within the error of simulation. What these files have besides is computed again exactly.
"""

import itertools
from functools import cache

import numpy as np
import pytest
from scipy import stats

from tests.recomputed.plain import (
    E7,
    PAPER,
    READINGS,
    SETTINGS,
    TEN,
    Floats,
    N,
    agree,
    as_of_three,
    best,
    cube,
    improvement_interval,
    interval,
    on_scale,
    published,
    shrunk,
    welch,
)

pytestmark = pytest.mark.soak


def measures(ours: Floats, paper: Floats) -> dict[str, float]:
    return {
        "mean absolute difference": float(abs(ours - paper).mean()),
        "Pearson's correlation": stats.pearsonr(ours, paper).statistic,
        "Spearman's rank correlation": stats.spearmanr(ours, paper).statistic,
    }


@cache
def three_new(policy: str, kind: str, urn: int) -> Floats:
    """Tables of three seeds on their own scales less their mean, `[table, setting]`.

    An urn of some of our runs, and three runs out of it.
    """
    random, tables = np.random.default_rng(16), []
    for _ in range(2000):
        urns = random.choice(N, size=(11, 7, urn))
        chosen = np.take_along_axis(urns, random.integers(urn, size=(11, 7, 3)), axis=2)
        part = np.take_along_axis(cube(), chosen, axis=2)
        tables.append(on_scale(part, policy, best(part, kind)).mean(axis=(1, 2)))
    return np.array(tables) - np.mean(tables, axis=0)


def test_predictions() -> None:
    table = published("predictions")
    for policy, kind in READINGS:
        found = table[table["reading"] == f"{policy}_{kind}"].set_index("setting").loc[SETTINGS]
        scores, paper = as_of_three(policy, kind)[0], np.array([*PAPER.values()])
        agree(found[["paper_score", "score_of_three"]], np.transpose([paper, scores]))
        new = three_new(policy, kind, (N - 1) // 2)
        # Shares, not ends: a rare run can make a gap where an end may lie anywhere. Of 2000 tables and the
        # published 5000 the standard error of such a share is 0.004.
        for name, share in (("low", 0.025), ("high", 0.975)):
            below = (new < (found[name] - scores).to_numpy()).mean(axis=0)
            assert (abs(below - share) < 0.0165).all()
        ends = np.percentile(new, [2.5, 97.5], axis=0)
        inside = ((ends[0] <= new) & (new <= ends[1]))[:, 1:].sum(axis=1)
        assert found["mean_inside"].to_numpy() == pytest.approx(inside.mean(), abs=0.05)
        assert abs(found["least_inside"].iloc[0] - np.percentile(inside, 5, method="lower")) <= 1
        assert found["inside"].tolist() == ((found["low"] <= paper) & (paper <= found["high"])).tolist()
    assert len(table) == 44


def test_agreement() -> None:
    table, paper = published("agreement", "reading", "measure"), np.array([PAPER[name] for name in TEN])
    assert len(table) == 12
    random, simulations = np.random.default_rng(12), 500
    for policy, kind in READINGS:
        scores = as_of_three(policy, kind)[0][1:]
        theirs = three_new(policy, kind, 2 * (N - 1))[:, 1:]
        truth, size = shrunk(paper, theirs.var(axis=1, ddof=1)), (3 / N) ** 0.5
        found = table.loc[f"{policy}_{kind}"]
        agree(found["ours"], [*map(measures(scores, paper).get, found.index)])
        noise = iter(random.permutation(theirs)[: 3 * simulations])
        simulated = [
            {
                "flat": measures(scores.mean() + size * next(noise), paper),
                "replication": measures(truth + size * next(noise), truth + next(noise)),
                "unrelated": measures(random.permutation(scores), paper),
            }
            for _ in range(simulations)
        ]
        for measure, line in found.iterrows():
            values = {name: [each[name][measure] for each in simulated] for name in simulated[0]}
            # The 5 % percentile of 500 has a standard error of about 2 σ / √500.
            for name, each in values.items():
                expected = np.percentile(each, [5, 50, 95])
                columns = [f"{name}_low", name, f"{name}_high"]
                agree(line[columns], expected, atol=0.4 * float(np.std(each)) + 1e-9, rtol=0)
            sign, end = (-1, "high") if measure == "mean absolute difference" else (1, "low")
            least = sign * line[f"replication_{end}"]
            assert line["passes"] == (sign * line["ours"] >= least)
            inside = np.mean([sign * each >= least for each in values["flat"]])
            # A share has a standard error of at most 0.5 / √500: five of them.
            assert inside == pytest.approx(line["flat_passes"], abs=2.5 / simulations**0.5)


def test_heterogeneity() -> None:
    table = published("heterogeneity", "table")
    scores, variance, freedom = (each[1:] for each in as_of_three("uniform", "run"))
    paper = np.array([PAPER[name] for name in TEN])
    for name, values, errors in (("paper", paper, variance / 3), ("ours", scores, variance / N)):
        weights = 1 / errors
        middle = np.average(values, weights=weights)
        uneven = sum((1 - w / weights.sum()) ** 2 / d for w, d in zip(weights, freedom, strict=True))
        f = (weights * (values - middle) ** 2).sum() / 9 / (1 + 2 * 8 / 99 * uneven)
        df2 = 99 / (3 * uneven)
        spread = [values.std(ddof=1), errors.mean() ** 0.5]
        true = max(0, spread[0] ** 2 - spread[1] ** 2) ** 0.5
        agree(table.loc[name], [*spread, true, f, 9, df2, stats.f.sf(f, 9, df2)])


@cache
def on_mean_scale_of_three() -> Floats:
    ones = [best(cube()[:, :, list(seeds)], "run") for seeds in itertools.combinations(range(N), 3)]
    return on_scale(cube(), one=np.mean(ones, axis=0))[1:]


def power_of(gap: float, seeds: int, alpha: float) -> float:
    """Of Welch's test, in experiments of Gaussian runs, over pairs of settings."""
    random, found = np.random.default_rng(17), []
    std = on_mean_scale_of_three().std(axis=2, ddof=1)[..., None]
    for a, b in itertools.combinations(std, 2):
        one, other = (random.normal(0, each, (200, 7, seeds)) for each in (a, b))
        difference = gap + (one.mean(axis=2) - other.mean(axis=2)).mean(axis=1)
        parts = np.concatenate([each.var(axis=2, ddof=1) / seeds / 49 for each in (one, other)], axis=1)
        freedom = parts.sum(axis=1) ** 2 / (parts**2 / (seeds - 1)).sum(axis=1)
        found.append(difference / parts.sum(axis=1) ** 0.5 > stats.t.ppf(1 - alpha / 2, freedom))
    return float(np.mean(found))


def test_power_and_seeds_needed() -> None:
    table, normalized = published("power"), on_mean_scale_of_three()
    parts = normalized.var(axis=2, ddof=1) / 49
    variance = parts.sum(axis=1).mean()
    freedom = (parts.sum(axis=1) ** 2 / (parts**2).sum(axis=1)).mean()
    assert {3, 5, 10, 21, N} <= set(table["seeds"])
    gaps = [round(abs(PAPER[a] - PAPER[b]), 2) for a, b in itertools.combinations(TEN, 2)]
    truth = np.sort(shrunk(as_of_three("uniform", "run")[0][1:], parts.sum(axis=1) / N))
    order = np.argsort(as_of_three("uniform", "run")[0][1:])
    noise = three_new("uniform", "run", 2 * (N - 1))[:, 1:][:, order]
    for row in table.itertuples():
        half = stats.t.ppf(0.975, freedom * (row.seeds - 1)) * (variance / row.seeds) ** 0.5
        assert row.half_width == pytest.approx(half)
        # A share of 9,000 has a standard error of 0.004.
        assert power_of(row.detectable, row.seeds, 0.05) == pytest.approx(0.8, abs=0.02)
        assert power_of(row.detectable_corrected, row.seeds, 0.05 / 55) == pytest.approx(0.8, abs=0.02)
        assert row.paper_gaps == sum(gap >= row.detectable for gap in gaps)
        first = ((truth + (3 / row.seeds) ** 0.5 * noise).argmax(axis=1) == 9).mean()
        assert first == pytest.approx(row.best_first, abs=0.06)
        assert row.lead == pytest.approx(truth[-1] - truth[-2])
    needed = published("seeds_needed")
    assert needed["gap"].tolist() == [0.02, 0.04, 0.06, 0.08, 0.1]
    for row in needed.itertuples():
        for count, alpha in ((row.seeds, 0.05), (row.seeds_corrected, 0.05 / 55)):
            assert power_of(row.gap, int(count), alpha) > 0.78
            assert count == 2 or power_of(row.gap, int(count) - 1, alpha) < 0.82


def test_new_tables() -> None:
    table = published("new_tables", "setting").loc[TEN]
    scores, variance = (each[1:] for each in as_of_three("uniform", "run")[:2])
    noise = three_new("uniform", "run", 2 * (N - 1))[:, 1:]
    tables, error = shrunk(scores, variance / N) + noise, noise.std(axis=0)
    # Five standard errors of 2000 tables.
    agree(table["first"], np.bincount(tables.argmax(axis=1), minlength=10) / 2000, atol=0.06, rtol=0)
    expected = np.percentile(tables, [5, 50, 95], axis=0).T
    agree(table[["low", "median", "high"]], expected, atol=0.15 * float(error.max()), rtol=0)


def simulated(kind: str, count: int, random: np.random.Generator) -> Floats:
    """`[setting, environment, experiment, seed]`."""
    normalized = on_scale(cube())
    mean, std = (each[..., None, None] for each in (normalized.mean(axis=2), normalized.std(axis=2, ddof=1)))
    shape = (*normalized.shape[:2], count, N)
    if kind == "skewed":
        moment = ((normalized - mean[..., 0]) ** 3).mean(axis=2)[..., None, None] / std**3
        skewness = np.maximum(abs(moment), 2)
        gamma = stats.gamma.rvs(4 / skewness**2, size=shape, random_state=random)
        return mean + np.where(moment > 0, 1, -1) * std * (gamma - 4 / skewness**2) * skewness / 2
    values = random.normal(mean, std, shape)
    return np.minimum(values, normalized.max(axis=(0, 2))[:, None, None]) if kind == "capped" else values


@pytest.mark.parametrize("kind", ["gaussian", "capped", "skewed"])
def test_coverage(kind: str) -> None:
    table = published("coverage")
    assert set(table["seeds"]) == {N}
    assert len(table) == 33
    table = table[table["runs"] == kind].set_index("setting").loc[SETTINGS]
    count = 200
    experiments = simulated(kind, count, np.random.default_rng(15))
    for setting, values in zip(SETTINGS, experiments.transpose(0, 2, 1, 3), strict=True):
        ends, cut = np.array([interval(list(one), E7) for one in values]), 7 * N // 4
        covered = {"score": (ends[:, 1] <= ends[:, 0].mean()) & (ends[:, 0].mean() <= ends[:, 2])}
        middles, halves = [], []
        for one in values:
            ordered = np.sort(one, axis=None)
            _, error, freedom = welch(list(np.clip(one, ordered[cut], ordered[-cut - 1])), E7)
            middles.append(ordered[cut : 7 * N - cut].mean())
            halves.append(stats.t.ppf(0.975, freedom) * error / (1 - 2 * cut / (7 * N)))
        covered["iqm"] = abs(np.array(middles) - np.mean(middles)) <= np.array(halves)
        if setting == "clip-0.2":
            assert np.isnan(table.loc[setting, "improvement"])
        else:
            others = experiments[1 + TEN.index("clip-0.2")].transpose(1, 0, 2)
            wins = (values[..., :, None] > others[..., None, :]).mean(axis=(2, 3))
            ties = (values[..., :, None] == others[..., None, :]).mean(axis=(2, 3))
            p = wins + ties / 2
            known = {value: improvement_interval(value) for value in np.unique(p)}
            low, high = np.moveaxis(np.array([[known[value] for value in line] for line in p]), -1, 0)
            middle = p.mean(axis=1)
            below, above = (((end - p) ** 2).sum(axis=1) ** 0.5 / 7 for end in (low, high))
            true = middle.mean()
            covered["improvement"] = (middle - below <= true) & (true <= middle + above)
        for name, right in covered.items():
            # Four standard errors of 200 experiments, at a coverage of 90 %.
            assert right.mean() == pytest.approx(table.loc[setting, name], abs=0.09)
