"""The tables of `factorial/` that show whole tables of two protocols, computed again from the runs."""

import numpy as np
import pytest
from scipy import stats

from tests.recomputed.plain import (
    E7,
    ENVIRONMENTS,
    SETTINGS,
    Floats,
    agree,
    best,
    cube,
    interval,
    published,
    zero,
)
from tests.recomputed.test_factorial import CRITERIA, TWO, finals, random_policies, ten

pytestmark = pytest.mark.slow

SCORES = published("factorial/scores", "protocol", "random", "setting")
REASONS = published("factorial/reasons", "protocol", "random")
RETURNS = published("factorial/returns", "protocol", "setting", "environment")


def scores(cell: str, setting: str, policy: str) -> list[Floats]:
    """By environment; 0 is the protocol's own policy, and 1 the default's best run."""
    zeros, one = random_policies(cell).loc[policy, "score"], best(cube(), "run")
    own = zeros.loc[ENVIRONMENTS] if policy == "untrained" else zero("uniform")
    return [
        (np.array(list(finals(cell, setting, name).values())) - low) / (high - low)
        for name, low, high in zip(ENVIRONMENTS, own, one, strict=True)
    ]


def test_scores_of_the_whole_tables() -> None:
    for (cell, policy, setting), line in SCORES.iterrows():
        mine, theirs = scores(cell, setting, policy), scores("default", setting, policy)
        agree(line[["score", "low", "high"]], interval(mine, E7))
        assert line["default_score"] == pytest.approx(np.mean([each.mean() for each in theirs]))
        both, factors = [*mine, *theirs], [*E7, *(-each for each in E7)]
        agree(line[["change", "change_low", "change_high"]], interval(both, factors))
    for (cell, setting, name), line in RETURNS.iterrows():
        runs = np.array(list(finals(cell, setting, name).values()))
        default = cube()[SETTINGS.index(setting), ENVIRONMENTS.index(name)]
        agree(
            line[["mean", "standard_error", "default_mean"]], [runs.mean(), stats.sem(runs), default.mean()]
        )


def test_reasons() -> None:
    for (cell, policy), line in REASONS.iterrows():
        runs = scores(cell, "no-clip", policy)
        cheetah = ENVIRONMENTS.index(TWO[0])
        others = [each for index, each in enumerate(runs) if index != cheetah]
        ends = []
        for name, groups in (("score", runs), ("alone", [runs[cheetah]]), ("others", others)):
            ends.append(interval(groups, [1 / len(groups)] * len(groups)))
            agree(line[[name, f"{name}_low", f"{name}_high"]], ends[-1])
        (score, _, score_high), (alone, _, alone_high), (mean, low, _) = ends
        assert line["reason"] == (score < 0 and alone < 0 and mean >= 0)
        assert line["shown"] == (score_high < 0 and alone_high < 0 and low >= 0)
        assert line["fits"] == CRITERIA.loc[cell, f"fits_{policy}"]
        if not (line["reason"] and line["fits"]):
            assert line["finding"] == "no reason"
        elif abs(line["change"]) <= 0.1:
            assert line["finding"] == "explains"
        else:
            assert line["finding"] == ("costs" if line["change"] < 0 else "undecided")


def test_seeds_that_chose_the_protocol() -> None:
    for (cell, name), line in published("factorial/seeds", "protocol", "environment").iterrows():
        runs = finals(cell, "no-clip", name)
        others = [value for seed, value in runs.items() if not 3 <= seed < 13]
        agree(line[["chose", "others"]], [ten(cell, name).mean(), np.mean(others)])
