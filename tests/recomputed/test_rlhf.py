"""`rlhf.csv` and `rlhf_models.csv`, computed again from the runs."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.recomputed.plain import (
    E7,
    RESULTS,
    SEEDS,
    agree,
    holm,
    interval,
    published,
    scores,
    welch,
)

pytestmark = pytest.mark.slow

TABLE = published("rlhf", "setting")
# The rollout from which changes count: the policy's first step, or the first line with a learned return.
BEGIN = {"rlhf": 30, "rlhf-no-penalty": 30, "preferences": 10}


def test_scores_and_differences() -> None:
    compared = []
    for setting in TABLE.index:
        line, groups = TABLE.loc[setting], scores(setting)
        assert line["runs"] == sum(map(len, groups))
        assert line["score"] == pytest.approx(np.mean([each.mean() for each in groups if len(each)]))
        fewest = min(map(len, groups))
        if fewest > 1:
            agree(line[["score", "ci_low", "ci_high"]], interval(groups, E7))
        else:
            assert line[["ci_low", "ci_high"]].isna().all()
        if setting == "clip-0.2" or not fewest:
            assert line[["difference", "p", "p_holm"]].isna().all()
        elif fewest > 1:
            compared.append(setting)
            both, factors = [*groups, *scores("clip-0.2")], [*E7, *(-each for each in E7)]
            agree(line[["difference", "low", "high"]], interval(both, factors))
            value, error, freedom = welch(both, factors)
            agree(line[["p"]], [2 * stats.t.sf(abs(value) / error, freedom)])
    agree(TABLE.loc[compared, "p_holm"], holm(TABLE.loc[compared, "p"].to_numpy()))


def test_models() -> None:
    table = published("rlhf_models", "setting", "environment")
    paths = [
        path
        for path in RESULTS.glob("runs/*/*/seed-*.csv")
        if path.parts[-2] in BEGIN and int(path.stem.removeprefix("seed-")) in SEEDS
    ]
    assert set(table.index) == {(path.parts[-2], path.parts[-3]) for path in paths}
    for setting, environment in table.index:
        lines = []
        for path in paths:
            if path.parts[-3:-1] == (environment, setting):
                log = pd.read_csv(path)
                last = log.iloc[-1]
                begin = log.set_index("timesteps").loc[BEGIN[setting] * 2048]
                changes = [last[name] - begin[name] for name in ("return_last100", "learned_return")]
                lines.append([last["agreement"], last["supervised_kl"], *changes])
        found, (*_, true, learned) = table.loc[(setting, environment)], np.transpose(lines)
        columns = ["agreement", "supervised_kl", "true_change", "learned_change"]
        agree(found[columns], np.mean(lines, axis=0))
        assert found["parted"] == sum((learned > 0) & (true < 0))
        assert found["runs"] == len(lines)
