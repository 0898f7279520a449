"""`lecture.csv`, computed again from the runs."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.recomputed.plain import (
    E7,
    ENVIRONMENTS,
    HIGH,
    LOW,
    RESULTS,
    SEEDS,
    agree,
    all_runs,
    holm,
    interval,
    published,
    scores,
    welch,
)

pytestmark = pytest.mark.slow

TABLE = published("lecture", "setting")
LECTURE = list(TABLE.index[2:])


def test_scores_and_differences() -> None:
    for setting in TABLE.index:
        line = TABLE.loc[setting]
        agree(line[["score", "ci_low", "ci_high"]], interval(scores(setting), E7))
        assert line["runs"] == sum(map(len, scores(setting)))
        if setting in LECTURE:
            groups, factors = [*scores(setting), *scores("clip-0.2")], [*E7, *(-each for each in E7)]
            agree(line[["difference", "low", "high"]], interval(groups, factors))
            value, error, freedom = welch(groups, factors)
            agree(line[["p"]], [2 * stats.t.sf(abs(value) / error, freedom)])
    agree(TABLE.loc[LECTURE, "p_holm"], holm(TABLE.loc[LECTURE, "p"].to_numpy()))


def test_steps() -> None:
    for setting in TABLE.index:
        line, logs, rose, fell, down = TABLE.loc[setting], [], 0, 0, 0
        for path in sorted(RESULTS.glob(f"runs/*/{setting}/seed-*.csv")):
            if int(path.stem.removeprefix("seed-")) not in SEEDS:
                continue
            log, index = pd.read_csv(path), ENVIRONMENTS.index(path.parts[-3])
            logs.append(log)
            highest, fallen = -np.inf, [False]
            for value in (log["return_last100"] - LOW[index]) / (HIGH[index] - LOW[index]):
                highest = max(highest, value)
                fallen.append(highest >= 0.1 and value < highest / 2)
            rose, fell, down = rose + (highest >= 0.1), fell + any(fallen), down + fallen[-1]
        assert line[["rose", "fell", "down"]].tolist() == [rose, fell, down]
        log = pd.concat(logs)
        quantiles = [log["kl"].median(), np.nanquantile(log["kl"], 0.95), log["kl"].max()]
        agree(line[["kl_median", "kl_95", "kl_largest"]], quantiles)
        if "step_fraction" in log:
            agree(
                line[["step_fraction", "no_step"]],
                [log["step_fraction"].mean(), (log["step_fraction"] == 0).mean()],
            )
        else:
            assert np.isnan(line["step_fraction"])


@pytest.mark.parametrize(("environment", "least"), [("InvertedPendulum-v4", 800), ("Hopper-v4", 1200)])
def test_trpo_learns(environment: str, least: float) -> None:
    runs = all_runs()[(all_runs()["setting"] == "trpo-0.01") & (all_runs()["environment"] == environment)]
    assert len(runs) == 3
    assert runs["score"].mean() > least
