"""The published runs, and the statistics of the tables, written plainly and with nothing of `bench`."""

import itertools
import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize, stats

RESULTS = Path(__file__).parents[2] / "results"
PAPER = {
    "no-clip": -0.39,
    "clip-0.1": 0.76,
    "clip-0.2": 0.82,
    "clip-0.3": 0.70,
    "adaptive-kl-0.003": 0.68,
    "adaptive-kl-0.01": 0.74,
    "adaptive-kl-0.03": 0.71,
    "fixed-kl-0.3": 0.62,
    "fixed-kl-1": 0.71,
    "fixed-kl-3": 0.72,
    "fixed-kl-10": 0.69,
}
FIGURE_3 = {
    "HalfCheetah-v4": 1800,
    "Hopper-v4": 2330,
    "InvertedDoublePendulum-v4": 8000,
    "InvertedPendulum-v4": 1000,
    "Reacher-v4": -7,
    "Swimmer-v4": 108,
    "Walker2d-v4": 3460,
}
SETTINGS, ENVIRONMENTS, TEN = list(PAPER), list(FIGURE_3), list(PAPER)[1:]
READINGS = list(itertools.product(("uniform", "untrained"), ("run", "setting_mean")))
END = 489 * 2048
Floats = NDArray[np.float64]


def published(name: str, *index: str) -> pd.DataFrame:
    table = pd.read_csv(RESULTS / f"{name}.csv")
    return table.set_index(list(index)) if index else table


def agree(found: pd.DataFrame | pd.Series, expected: object, rtol: float = 1e-7, atol: float = 1e-9) -> None:
    np.testing.assert_allclose(found.to_numpy(float), np.asarray(expected, float), rtol=rtol, atol=atol)


def runs() -> pd.DataFrame:
    """Those of the paper's settings."""
    return all_runs()[all_runs()["setting"].isin(SETTINGS)].reset_index(drop=True)


@cache
def all_runs() -> pd.DataFrame:
    """Those of the seeds that have all of the paper's settings in all environments."""
    lines = []
    for path in sorted(RESULTS.glob("runs/*/*/seed-*.csv")):
        run = pd.read_csv(path)
        last = run.iloc[-1]
        # A run that diverged keeps its last value to the end.
        values = [*run["return_last100"], last["return_last100"]]
        area = float(np.dot(values, np.diff([*run["timesteps"], END], prepend=0)) / END)
        key = (path.parts[-3], path.parts[-2], int(path.stem.removeprefix("seed-")))
        diverged = json.loads(path.with_suffix(".json").read_text())["diverged_at"] is not None
        lines.append((*key, last["return_last100"], area, last["episodes"], diverged))
    columns = ["environment", "setting", "seed", "score", "mean_return", "episodes", "diverged"]
    table = pd.DataFrame(lines, columns=columns)
    counts = table["seed"][table["setting"].isin(SETTINGS)].value_counts()
    whole = counts.index[counts == len(SETTINGS) * len(ENVIRONMENTS)]
    return table[table["seed"].isin(whole)].reset_index(drop=True)


SEEDS = sorted(runs()["seed"].unique())
N = len(SEEDS)


@cache
def cube(column: str = "score") -> Floats:
    """`[setting, environment, seed]`."""
    table = runs().pivot(index=["setting", "environment"], columns="seed", values=column)
    index = pd.MultiIndex.from_product([SETTINGS, ENVIRONMENTS])
    return table.loc[index].to_numpy().reshape(len(SETTINGS), len(ENVIRONMENTS), N)


@cache
def zero(policy: str) -> Floats:
    random = pd.read_csv(RESULTS / "random.csv").set_index(["policy", "environment"])["score"]
    return random.loc[policy].loc[ENVIRONMENTS].to_numpy()


def best(returns: Floats, kind: str) -> Floats:
    return returns.max(axis=(0, 2)) if kind == "run" else returns.mean(axis=2).max(axis=0)


# What scores 0 and 1 in each environment.
LOW, HIGH = zero("uniform"), best(cube(), "run")


def on_scale(returns: Floats, policy: str = "uniform", one: Floats | None = None) -> Floats:
    low, high = zero(policy), best(cube(), "run") if one is None else one
    return (returns - low[:, None]) / (high - low)[:, None]


def scores(setting: str) -> list[Floats]:
    """Of all runs of a setting, by environment; where there is none, empty."""
    runs = all_runs()[all_runs()["setting"] == setting]
    return [
        ((runs["score"][runs["environment"] == environment] - low) / (high - low)).to_numpy()
        for environment, low, high in zip(ENVIRONMENTS, LOW, HIGH, strict=True)
    ]


def welch(groups: list[Floats], factors: list[float]) -> tuple[float, float, float]:
    """Value, standard error and degrees of freedom of a weighted sum of means."""
    value = sum(f * group.mean() for f, group in zip(factors, groups, strict=True))
    parts = [f**2 * group.var(ddof=1) / len(group) for f, group in zip(factors, groups, strict=True)]
    squares = sum(part**2 / (len(group) - 1) for part, group in zip(parts, groups, strict=True))
    return value, sum(parts) ** 0.5, sum(parts) ** 2 / squares


def interval(groups: list[Floats], factors: list[float]) -> tuple[float, float, float]:
    value, error, freedom = welch(groups, factors)
    half = stats.t.ppf(0.975, freedom) * error
    return value, value - half, value + half


def holm(p: Floats) -> list[float]:
    """The largest of (m - k) p over all p that are no larger."""
    ordered = sorted(p)
    return [min(1, max((len(p) - k) * q for k, q in enumerate(ordered) if q <= each)) for each in p]


E7 = [1 / 7] * 7


@cache
def as_of_three(policy: str, kind: str) -> tuple[Floats, Floats, Floats]:
    """Scores; variance and degrees of freedom of one run an environment, on the mean scale of three."""
    tables, ones = [], []
    for seeds in itertools.combinations(range(N), 3):
        part = cube()[:, :, list(seeds)]
        ones.append(best(part, kind))
        tables.append(on_scale(part, policy, ones[-1]).mean(axis=2))
    normalized = on_scale(cube(), policy, np.mean(ones, axis=0))
    fits = [welch(list(row), E7) for row in normalized]
    variance = np.array([error**2 * N for _, error, _ in fits])
    return np.mean(tables, axis=0).mean(axis=1), variance, np.array([freedom for *_, freedom in fits])


def improvement_interval(p: float) -> tuple[float, float]:
    """Newcombe's, from its equation."""

    def excess(q: float) -> float:
        variance = q * (1 - q) / N**2 * (1 + (N - 1) * ((1 - q) / (2 - q) + q / (1 + q)))
        return (q - p) ** 2 - stats.norm.ppf(0.975) ** 2 * variance

    low = 0.0 if p == 0 else optimize.brentq(excess, 1e-12, p - 1e-9, xtol=1e-13)
    high = 1.0 if p == 1 else optimize.brentq(excess, p + 1e-9, 1 - 1e-12, xtol=1e-13)
    return low, high


def shrunk(scores: Floats, variance: Floats) -> Floats:
    share = max(0.0, 1 - float(np.mean(variance) / np.var(scores, ddof=1)))
    return np.mean(scores) + (scores - np.mean(scores)) * np.sqrt(share)
