"""Policies that run on their backs: the page's sentences by hand, and what is published."""

from pathlib import Path

import pandas as pd
import pytest

from bench.common.errors import DamagedError
from bench.report.postures import ON_ITS_BACK, POSTURES, describe_postures
from tests.helpers.processes import ROOT

COLUMNS = ["environment", "setting", "seed"]


def test_policies_are_told_apart_by_their_episodes(tmp_path: Path) -> None:
    shares = {"clip-0.1": (0.4, 0.0), "clip-0.2": (0.9, 0.1), "fixed-kl-3": (1.0, 0.6)}
    lines = [
        ("HalfCheetah-v4", setting, 0, episode, 100.0 * episode + 1000, share)
        for setting, pair in shares.items()
        for episode, share in enumerate(pair)
    ]
    table = pd.DataFrame(lines, columns=[*COLUMNS, "episode", "episode_return", "upside_down"])
    table.to_csv(tmp_path / POSTURES, index=False)
    scores = table[COLUMNS].drop_duplicates().assign(score=[900.0, 800.0, 700.0])
    text = describe_postures(scores, tmp_path)
    assert (
        "in all episodes of fixed-kl-3 (mean returns 1,050); in some episodes of clip-0.2 (mean returns"
        " 1,050); in no episode of clip-0.1 (mean returns 1,050)."
    ) in text
    assert "| Clipping, ε = 0.1 | 900 | 1,050 | 20 % | 0 of 2 |" in text
    assert "| Fixed KL, β = 3 | 700 | 1,050 | 80 % | 2 of 2 |" in text


def test_an_unknown_setting_is_refused(tmp_path: Path) -> None:
    heading = "environment,setting,seed,episode,episode_return,upside_down"
    (tmp_path / POSTURES).write_text(f"{heading}\nHalfCheetah-v4,mine,0,0,1,0.5\n")
    with pytest.raises(DamagedError, match=r"postures\.csv: mine is no setting of this version"):
        describe_postures(pd.DataFrame(columns=[*COLUMNS, "score"]), tmp_path)


def test_nothing_is_said_before_anybody_looked(tmp_path: Path) -> None:
    assert describe_postures(pd.DataFrame(), tmp_path) == ""


def test_the_policy_in_the_video_is_upside_down_the_most() -> None:
    episodes = pd.read_csv(ROOT / "results" / POSTURES)
    assert episodes.groupby("setting")["upside_down"].mean().idxmax() == ON_ITS_BACK
