"""Returns, scores and lines of a run, by hand."""

import numpy as np
import pytest

from algorithms.rules.ppo import Rule
from bench.results.schema import COLUMNS, DIAGNOSTICS
from bench.training.runlog import RunLog

OF_PPO = Rule().columns


def diagnostics(value_loss: float = 2.0) -> dict[str, float]:
    return dict(zip((*DIAGNOSTICS, *OF_PPO), (0.01, 0.5, value_loss, -1.0, 1.0, 0.25), strict=True))


def steps(log: RunLog, rewards: list[float], ends: list[int]) -> None:
    log.steps(np.array(rewards), np.isin(np.arange(len(rewards)), ends))


def test_the_columns_are_in_the_order_of_the_files() -> None:
    assert ",".join([*COLUMNS, *OF_PPO]) == (
        "timesteps,episodes,return_last100,return_std_last100,length_last100,"
        "kl,policy_std,value_loss,explained_variance,kl_coefficient,clip_fraction"
    )


def test_returns_and_lengths_run_over_rollouts() -> None:
    log = RunLog(columns=list(OF_PPO))
    steps(log, [1, 2, 3, 4], ends=[1])
    log.write(diagnostics())
    steps(log, [5, 6], ends=[0])
    log.write(diagnostics())
    assert log.csv == (
        ",".join([*COLUMNS, *OF_PPO])
        + "\n4,1,3,0,2,0.01,0.5,2,-1,1,0.25\n6,2,7.5,4.5,2.5,0.01,0.5,2,-1,1,0.25\n"
    )  # episodes: 1 + 2 and 3 + 4 + 5


def test_the_score_is_the_mean_of_the_last_100_episodes() -> None:
    log = RunLog(columns=list(OF_PPO))
    steps(log, [float(t) for t in range(250)], ends=list(range(250)))
    log.write(diagnostics())
    # The standard deviation of the numbers from 150 to 249 is sqrt((100² - 1) / 12).
    assert log.csv.splitlines()[-1].startswith("250,250,199.5,28.86607,1,")


def test_a_run_that_diverges_keeps_its_score() -> None:
    log = RunLog(columns=list(OF_PPO))
    steps(log, [1, 2, 3], ends=[1])
    log.diverge()
    assert not log.active
    assert log.diverged_at == 3
    assert log.csv.splitlines()[-1] == "3,1,3,0,2,,,,,,"


def test_a_run_that_diverges_in_its_first_episode_scores_its_unfinished_return() -> None:
    log = RunLog(columns=list(OF_PPO))
    steps(log, [1, 2], ends=[])
    log.diverge()
    assert log.csv.splitlines()[-1] == "2,0,3,0,2,,,,,,"


def test_divergence_right_after_a_line_adds_none() -> None:
    log = RunLog(columns=list(OF_PPO))
    steps(log, [1, 2], ends=[1])
    log.write(diagnostics())
    steps(log, [], ends=[])
    log.diverge()
    assert log.diverged_at == 2
    assert len(log.csv.splitlines()) == 2


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_a_diagnostic_that_is_not_a_number_is_left_empty(value: float) -> None:
    log = RunLog(columns=list(OF_PPO))
    steps(log, [1], ends=[0])
    log.write(diagnostics(value_loss=value))
    assert log.csv.splitlines()[-1] == "1,1,1,0,1,0.01,0.5,,-1,1,0.25"


def test_huge_returns_are_results() -> None:
    log = RunLog(columns=list(OF_PPO))
    steps(log, [-1e60, 1e160], ends=[0, 1])
    log.write(diagnostics())
    # Their spread is beyond 64 bits.
    assert log.csv.splitlines()[-1].startswith("2,2,5e+159,,1,")
