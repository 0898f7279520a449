"""Of how many others the first two settings are ahead, by hand."""

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from bench.report.pair_facts import count_ahead, count_stay_first, locate_lead
from bench.scores.pairs import RANDOM


@pytest.fixture
def analysis() -> Any:
    """Four settings: clip-0.1 and clip-0.2 lead; only the former is ahead of both others after correction."""
    table = pd.DataFrame(
        {"setting": ["no-clip", "clip-0.1", "clip-0.2", "clip-0.3"], "score": [0.1, 0.8, 0.7, 0.4]}
    )
    pairs = [
        ("no-clip", "clip-0.1", 0.1, 0.8, 0.001, 0.006),
        ("no-clip", "clip-0.2", 0.1, 0.7, 0.001, 0.006),
        ("clip-0.1", "clip-0.2", 0.8, 0.7, 0.001, 0.006),
        ("clip-0.1", "clip-0.3", 0.8, 0.4, 0.010, 0.040),
        ("clip-0.2", "clip-0.3", 0.7, 0.4, 0.030, 0.090),
    ]
    columns = ["setting", "other", "score", "other_score", "p", "p_holm"]
    ways = [pd.DataFrame(pairs, columns=columns).assign(way=way) for way in ("uniform_run", RANDOM)]
    seeds = [(0, "clip-0.1", 1), (0, "clip-0.2", 2), (1, "clip-0.1", 3), (1, "clip-0.2", 1)]
    normalized = {"A": [0.1, 0.9, 0.8, 0.5], "B": [0.1, 0.7, 0.6, 0.3]}
    returns = pd.DataFrame({"setting": table["setting"], **normalized}).melt(
        "setting", var_name="environment", value_name="normalized"
    )
    left_out = pd.DataFrame(seeds, columns=["seed", "setting", "rank"])
    return SimpleNamespace(table=table, returns=returns, robustness=pd.concat(ways), seeds_left_out=left_out)


def test_wins_are_counted_over_others_than_the_leaders(analysis: Any) -> None:
    corrected, single = count_ahead(analysis), count_ahead(analysis, corrected=False)
    assert corrected.loc["uniform_run"].to_dict() == {"clip-0.1": 2, "clip-0.2": 1}
    assert single.loc[RANDOM].to_dict() == {"clip-0.1": 2, "clip-0.2": 2}


def test_a_significant_loss_is_no_win(analysis: Any) -> None:
    found = analysis.robustness
    found.loc[found["setting"] == "no-clip", "score"] = 0.9
    assert count_ahead(analysis).loc["uniform_run"].to_dict() == {"clip-0.1": 1, "clip-0.2": 0}


def test_leaders_stay_first_in_the_tables_in_which_both_do(analysis: Any) -> None:
    assert count_stay_first(analysis) == 1


def test_a_lead_s_shares_are_of_the_environment_that_gives_most(analysis: Any) -> None:
    """In A and B clip-0.1 leads clip-0.3 by 0.4 each, and no-clip by 0.8 and 0.6; clip-0.2 by 0.1 less."""
    lead = locate_lead(analysis)
    assert (lead["environment"], lead["next"]) == ("A", ["clip-0.3", "no-clip"])
    assert lead["first_shares"] == pytest.approx([0.4 / 0.8, 0.8 / 1.4])
    assert lead["second_shares"] == pytest.approx([0.3 / 0.6, 0.7 / 1.2])
