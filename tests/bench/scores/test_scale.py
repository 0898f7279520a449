"""Normalized scores by hand, and their properties."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.common.errors import UserError
from bench.protocol.settings import SETTINGS, Setting, fixed_kl
from bench.scores.scale import normalize, readings, references, returns, row_scores
from tests.helpers.scores import RANDOM, TWO_ROWS, scores


def test_by_hand() -> None:
    scale = references(TWO_ROWS, RANDOM)
    assert scale.loc["A"].tolist() == [10, 0, 110, 90]
    assert scale.loc["B"].tolist() == [-50, -150, 50, -40]
    table = row_scores(normalize(TWO_ROWS, scale))
    # clip-0.1: A 1, 0.5; B 0, 0.2. clip-0.2: A 0.7, 0.9; B 1, -1.
    assert table["score"].tolist() == pytest.approx([(1 + 0.5 + 0 + 0.2) / 4, (0.7 + 0.9 + 1 - 1) / 4])
    assert table["runs"].tolist() == [4, 4]


def test_all_four_readings() -> None:
    table = readings(TWO_ROWS, references(TWO_ROWS, RANDOM))
    clip = table.loc["clip-0.1"]
    assert clip["uniform_run"] == pytest.approx(1.7 / 4)
    assert clip["uniform_row_mean"] == pytest.approx((100 / 80 + 50 / 80 + 0 + 20 / 10) / 4)
    assert clip["untrained_run"] == pytest.approx((1 + 60 / 110 + 100 / 200 + 120 / 200) / 4)
    assert clip["untrained_row_mean"] == pytest.approx((110 / 90 + 60 / 90 + 100 / 110 + 120 / 110) / 4)


def test_random_scores_0_and_the_best_run_1() -> None:
    scale = references(TWO_ROWS, RANDOM)
    marks = scores({("A", "clip-0.1", 0): 10.0, ("A", "clip-0.1", 1): 110.0})
    assert normalize(marks, scale)["normalized"].tolist() == [0.0, 1.0]


@given(st.floats(0.1, 100), st.floats(-1000, 1000))
def test_units_of_reward_do_not_matter(factor: float, shift: float) -> None:
    moved = TWO_ROWS.assign(score=TWO_ROWS["score"] * factor + shift)
    random = RANDOM.assign(score=RANDOM["score"] * factor + shift)
    before = row_scores(normalize(TWO_ROWS, references(TWO_ROWS, RANDOM)))
    after = row_scores(normalize(moved, references(moved, random)))
    np.testing.assert_allclose(after["score"], before["score"], rtol=1e-6, atol=1e-6)


def test_a_row_of_ones_own_does_not_move_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SETTINGS, "mine", Setting("mine", "Mine", "mine", fixed_kl(2.0)))
    added = pd.concat([TWO_ROWS, scores({("A", "mine", 0): 1e6, ("B", "mine", 0): 1e6})])
    scale = references(added, RANDOM)
    assert scale.equals(references(TWO_ROWS, RANDOM))
    table = row_scores(normalize(added, scale))
    assert table.loc["clip-0.1", "score"] == pytest.approx(0.425)
    assert table.loc["mine", "score"] > 1000


def test_where_nothing_beats_random_more_is_still_better() -> None:
    poor = scores({("A", "clip-0.1", 0): -90.0, ("A", "clip-0.2", 0): -190.0})
    assert normalize(poor, references(poor, RANDOM))["normalized"].tolist() == [-1.0, -2.0]


def test_where_the_best_is_random_there_is_no_score() -> None:
    equal = scores({("A", "clip-0.1", 0): 10.0})
    assert normalize(equal, references(equal, RANDOM))["normalized"].isna().all()


def test_unmeasured_random_policies_are_refused() -> None:
    with pytest.raises(UserError, match="B cannot be normalized: no random_uniform"):
        references(TWO_ROWS, RANDOM[RANDOM["environment"] == "A"])


def test_diverged_runs_are_counted() -> None:
    flagged = TWO_ROWS.assign(diverged=TWO_ROWS["score"] < -100)
    table = row_scores(normalize(flagged, references(flagged, RANDOM)))
    assert table["diverged"].tolist() == [0, 1]


def test_returns_by_environment() -> None:
    table = returns(normalize(TWO_ROWS, references(TWO_ROWS, RANDOM))).set_index(["environment", "setting"])
    assert table.index.tolist() == [(e, s) for e in "AB" for s in ("clip-0.1", "clip-0.2")]
    first = table.loc[("A", "clip-0.1")]
    assert first.tolist() == pytest.approx([2, 85.0, 50 / math.sqrt(2), 0.75])
