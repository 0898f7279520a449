"""The whole tables of the protocols that fit: scores by hand, what is concluded, and the folders read."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.common.errors import UserError
from bench.protocol.changes import change_protocol
from bench.protocol.environments import PAPER_ENVIRONMENTS
from bench.protocol.protocol import DEFAULT as PROTOCOL
from bench.protocol.selection import Selection
from bench.protocol.settings import PAPER_SETTINGS
from bench.report.factorial import render_factorial, write_factorial
from bench.scores.analysis import analyze
from bench.scores.factorial import FOLDER, LOW, NOT_LOW
from bench.scores.fitting import COMPARED, PROTOCOLS, FittingTables, read_fitting
from bench.scores.scale import Grid
from tests.bench.scores.test_factorial import made_up
from tests.helpers.made_up import synthetic_results

NAMES = tuple(sorted(f"{name}-v4" for name in PAPER_ENVIRONMENTS))
SEEDS = tuple(range(1, 5))  # of which 3 and 4 chose the protocols
# A return of 100 scores 1, and one of 0 scores 0; the untrained policy returns -100.
SCALE = pd.DataFrame({"random_uniform": 0.0, "random_untrained": -100.0, "best_run": 100.0}, index=NAMES)


def grid(means: dict[str, float], low: float | None = None) -> Grid:
    """Runs that return a setting's mean and up to 1.5 more or less, but `low` for no-clip in HalfCheetah."""
    returns = np.array(list(means.values()))[:, None, None] + np.zeros(len(NAMES))[:, None]
    if low is not None:
        returns[0, NAMES.index(LOW)] = low
    return Grid(returns + np.array([-1.5, -0.5, 0.5, 1.5]), SCALE, tuple(means), NAMES, SEEDS)


DEFAULT = grid({"no-clip": 20.0, "clip-0.2": 70.0, "fixed-kl-1": 60.0})


def tables(low: float, others: float, clipped: float | None, fits: bool = True) -> FittingTables:
    """One protocol with these returns of no-clip in HalfCheetah and in the others, and of clip-0.2.

    fits: whether it does by uniform actions; by the untrained policy it does not.
    """
    means = {"no-clip": others} if clipped is None else {"no-clip": others, "clip-0.2": clipped}
    criteria = made_up({} if fits else {PROTOCOLS[0]: 5.0}, {}).criteria
    return FittingTables(DEFAULT, {PROTOCOLS[0]: grid(means, low)}, criteria, 28 * len(means))


def test_scores_and_changes_are_those_worked_by_hand() -> None:
    found = tables(-500.0, 20.0, 65.0).scores.set_index(["random", "setting"])
    # (-5 + 6 x 0.2) / 7; with -100 at 0 it is ((-500 + 100) / 200 + 6 x 120 / 200) / 7.
    assert found.loc[("uniform", "no-clip"), "score"] == pytest.approx(-3.8 / 7)
    assert found.loc[("untrained", "no-clip"), "score"] == pytest.approx((-2 + 6 * 0.6) / 7)
    line = found.loc[("uniform", "clip-0.2")]
    assert line["default_score"] == pytest.approx(0.7)
    assert line["change"] == pytest.approx(-0.05)
    # Seven strata on either side, each with variance 5/3 of four runs, a hundredth of the return: 42 degrees.
    half = 2.01808 * np.sqrt(2 * 7 * (5 / 3) / 4) / 7 / 100
    assert line["change_high"] - line["change"] == pytest.approx(half, rel=1e-4)


@pytest.mark.parametrize(
    ("low", "others", "clipped", "finding", "said"),
    [
        (-500.0, 20.0, 65.0, "explains", "the intervals say so, too. The score of clip-0.2 changes by -0.05"),
        (-500.0, 20.0, 65.0, "explains", "These choices together can explain -0.39;"),
        (-500.0, 20.0, 59.0, "costs", "The sign can be had, and costs the table's other rows."),
        (-500.0, 20.0, 81.0, "undecided", "The score of clip-0.2 changes by 0.11 from the default's.\n"),
        (
            -500.0,
            20.0,
            None,
            "undecided",
            "By these means it is below 0 because of HalfCheetah; the intervals say so, too.\n",
        ),
        # Its sign is that of the others; HalfCheetah does not outweigh them; HalfCheetah is above 0.
        (-500.0, -1.0, 65.0, "no reason", "By these means it is not below 0 because of HalfCheetah."),
        (-100.0, 20.0, 65.0, "no reason", "By these means it is not below 0 because of HalfCheetah."),
        (50.0, -20.0, 65.0, "no reason", "By these means it is not below 0 because of HalfCheetah."),
    ],
)
def test_what_is_concluded(low: float, others: float, clipped: float | None, finding: str, said: str) -> None:
    mine = tables(low, others, clipped)
    line = mine.reasons.set_index("random").loc["uniform"]
    assert line["finding"] == finding
    assert line["alone"] == pytest.approx(low / 100)
    assert line["others"] == pytest.approx(others / 100)
    page = render_factorial(made_up({}, {}), mine)
    assert said in next(text for text in page.splitlines(keepends=True) if "random actions at 0:" in text)
    planned = len(PROTOCOLS) * len(COMPARED) * 7 * 21
    assert f"Interim: {planned - (28 if clipped is None else 56)} of these runs are missing" in page
    assert "nan" not in page


def test_means_near_0_are_told_from_what_intervals_show() -> None:
    """The others' mean is 0.002, and half its interval 2.1 x sqrt(5/3 / 4 / 6) / 100 = 0.0055."""
    near = tables(-500.0, 0.2, 65.0)
    line = near.reasons.set_index("random").loc["uniform"]
    assert line["others_high"] - line["others"] == pytest.approx(0.0055, abs=1e-4)
    assert (line["reason"], line["shown"]) == (True, False)
    assert "because of HalfCheetah; the intervals leave it open." in render_factorial(made_up({}, {}), near)


def test_a_protocol_that_does_not_fit_explains_nothing() -> None:
    mine = tables(-500.0, 20.0, 65.0, fits=False)
    assert mine.reasons.set_index("random").loc["uniform", "finding"] == "no reason"
    page = render_factorial(made_up({}, {}), mine)
    assert "But by this random policy the protocol does not fit." in page
    assert "can explain" not in page


def test_seeds_that_chose_the_protocol_are_told_from_the_others() -> None:
    table = tables(-500.0, 20.0, 65.0).seeds
    assert table["environment"].tolist() == [LOW, NOT_LOW]
    assert table[["chose", "others"]].to_numpy().tolist() == [[-499.0, -501.0], [21.0, 19.0]]


@pytest.mark.slow
def test_settings_with_runs_in_all_environments_are_read(tmp_path: Path) -> None:
    results = synthetic_results(tmp_path, 1, range(2), PAPER_SETTINGS)
    default = analyze(results, Selection(NAMES, PAPER_SETTINGS, (0, 1)))
    criteria = made_up({}, {}).criteria
    assert read_fitting(results, default.grid, criteria) is None
    folder, protocol = tmp_path / FOLDER / PROTOCOLS[1], change_protocol(PROTOCOL, PROTOCOLS[1].split("+"))
    synthetic_results(folder, 1, [0, 5], ["no-clip", "fixed-kl-1"], protocol)
    synthetic_results(folder, 1, [0, 5], ["clip-0.2"], protocol, (LOW, NOT_LOW))
    found = read_fitting(results, default.grid, criteria)
    assert found is not None
    assert {name: grid.settings for name, grid in found.grids.items()} == {PROTOCOLS[1]: ("no-clip",)}
    assert found.missing == len(PROTOCOLS) * len(COMPARED) * 7 * 21 - 18
    write_factorial(made_up({}, {}), found, tmp_path)
    assert len(pd.read_csv(tmp_path / FOLDER / "returns.csv")) == 7
    assert set(PAPER_SETTINGS) > set(pd.read_csv(tmp_path / FOLDER / "scores.csv")["setting"])
    (folder / "random.csv").unlink()
    with pytest.raises(
        UserError, match="cannot be normalized: no random_uniform or random_untrained measured"
    ):
        read_fitting(results, default.grid, criteria)
    without = analyze(results, Selection(NAMES[1:], PAPER_SETTINGS, (0, 1)))
    assert read_fitting(results, without.grid, criteria) is None
