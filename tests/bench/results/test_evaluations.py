"""`policies.csv`: worked by hand, written, read back with suspicion."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.common.errors import DamagedError
from bench.common.files import digest
from bench.protocol.protocol import Run
from bench.results import evaluations
from bench.results.evaluations import find_evaluated, read, record, summarize
from bench.results.policies import load_policy
from tests.helpers.processes import ROOT

RUN = Run("Reacher-v4", "clip-0.2", 0)
POLICY = load_policy(ROOT / "results" / "policies" / "Reacher-v4" / "clip-0.2" / "seed-00.npz")
# Standard deviations of 1 and 2.
STORED = dataclasses.replace(POLICY, log_std=np.log(np.array([1, 2], np.float32))).to_bytes()


def lines(run: Run = RUN, mean: float = 3.0) -> pd.DataFrame:
    """Returns 1, 2 and 6 by sampled actions, and `mean` three times by mean ones."""
    return summarize(run, STORED, np.array([[1.0, 2, 6], [mean] * 3]), np.array([[50, 50, 20], [50] * 3]))


def test_the_lines_are_what_they_are_by_hand() -> None:
    sampled, mean = lines().to_dict("records")
    entropy = 2 * 0.5 * math.log(2 * math.pi * math.e) + math.log(2)
    both = {
        **dataclasses.asdict(RUN),
        "episodes": 3,
        "action_std": pytest.approx(1.5, rel=1e-7),
        "entropy": pytest.approx(entropy, rel=1e-7),
        "policy_sha256": digest(STORED),
    }
    # The deviations of 1, 2 and 6 from 3 have the squares 4, 1 and 9.
    error = pytest.approx(math.sqrt(14 / 2 / 3))
    assert sampled == {
        **both,
        "mode": "sampled",
        "mean_return": 3,
        "standard_error": error,
        "mean_length": 40,
    }
    assert mean == {**both, "mode": "mean", "mean_return": 3, "standard_error": 0, "mean_length": 50}


def test_the_sum_does_not_depend_on_an_order() -> None:
    returns, lengths = np.array([[1e16, 1, -1e16, 2]] * 2), np.full((2, 4), 5)
    assert summarize(RUN, STORED, returns, lengths)["mean_return"].tolist() == [0.75, 0.75]


def test_a_file_is_sorted_and_later_lines_take_the_place_of_earlier_ones(tmp_path: Path) -> None:
    assert read(tmp_path).empty
    other = dataclasses.replace(RUN, seed=12)
    for run, mean in ((other, 1.5), (RUN, 2.0), (other, 1 / 3)):
        record(tmp_path, lines(run, mean))
    table = read(tmp_path)
    assert list(table) == list(evaluations.COLUMNS)
    assert table[["seed", "mode", "mean_return"]].to_numpy().tolist() == [
        [0, "mean", 2],
        [0, "sampled", 3],
        [12, "mean", 0.333333333],
        [12, "sampled", 3],
    ]
    text = (tmp_path / "policies.csv").read_text()
    record(tmp_path, table)
    assert (tmp_path / "policies.csv").read_text() == text


def test_a_run_is_there_with_both_modes_of_the_same_policy_over_as_many_episodes() -> None:
    found = lines()
    assert find_evaluated(found, {RUN: STORED}, 3) == {RUN}
    assert find_evaluated(found, {RUN: STORED}, 4) == set()
    assert find_evaluated(found, {RUN: POLICY.to_bytes()}, 3) == set()
    assert find_evaluated(found[:1], {RUN: STORED}, 3) == set()
    assert find_evaluated(found[:0], {RUN: STORED}, 3) == set()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("mean_length", "length"), "its first line must be environment,setting,seed,mode,episodes,"),
        (("Reacher-v4,clip-0.2,0,mean", "Reacher-v4,clip-0.2,0"), "line 2 has 10 fields instead of 11"),
        (("0,mean", "0,median"), "line 2: Invalid enum value 'median' - at `$.mode`"),
        (("0,mean", "-1,mean"), "line 2: Expected `int` >= 0 - at `$.seed`"),
        (("0,mean,3,3", "0,mean,3,nan"), "line 2: Expected `float` >= "),
        (("0,mean,3,3", "0,mean,3,inf"), "line 2: Expected `float` <= "),
        (("0,mean,3,3", "0,mean,3,1e999"), "line 2: Number out of range - at `$.mean_return`"),
        (("0,mean,3,3", "0,mean,3,1_0"), "line 2: Expected `float`, got `str` - at `$.mean_return`"),
        (("sampled,3", "sampled,three"), "line 3: Expected `int`, got `str` - at `$.episodes`"),
        (("Reacher-v4", "../v4"), "line 2: Expected `str` matching regex"),
        (("sampled", "mean"), "two lines are of one run and mode"),
        ((digest(STORED), "0" * 63), "line 2: Expected `str` matching regex "),
    ],
)
def test_what_is_not_written_so_is_refused_in_one_line(
    change: tuple[str, str], reason: str, tmp_path: Path
) -> None:
    record(tmp_path, lines())
    path = tmp_path / "policies.csv"
    path.write_text(path.read_text().replace(*change))
    with pytest.raises(DamagedError) as error:
        read(tmp_path)
    message = str(error.value)
    assert message.startswith(f"{path}: {reason}")
    assert "\n" not in message
    with pytest.raises(DamagedError):
        record(tmp_path, lines())
