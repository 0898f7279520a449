"""Settings of the objectives that came after the paper's: golden runs, alone and all seven in one job."""

import json
from typing import Any

import pytest

from bench.protocol.protocol import NUMERICS
from bench.protocol.settings import SETTINGS, SUCCESSOR_SETTINGS, Setting
from tests.golden import make
from tests.golden.test_golden import SAME_KIND, TOLERANCE

pytestmark = pytest.mark.slow

RECORD: dict[str, Any] = json.loads(make.SUCCESSORS.read_text())


def assert_golden(environment: str, *settings: str) -> None:
    assert RECORD["numerics"] == NUMERICS
    stored = RECORD["runs"][environment]
    assert make.csvs(environment, settings) == {name: stored[name] for name in settings}


@pytest.mark.skipif(not SAME_KIND, reason="needs a processor that gives the golden run's bits")
def test_a_run_alone_is_that_of_a_job_of_all_seven() -> None:
    assert_golden("InvertedPendulum-v4", make.ONE_SUCCESSOR)


@pytest.mark.soak
@pytest.mark.skipif(not SAME_KIND, reason="needs a processor that gives the golden run's bits")
@pytest.mark.parametrize("environment", make.SUCCESSOR_RUNS)
def test_golden_runs(environment: str) -> None:
    assert_golden(environment, *make.SUCCESSOR_RUNS[environment])


@pytest.mark.soak
def test_an_update_is_the_stored_one_on_every_kind_of_processor() -> None:
    stored = RECORD["updates"][make.SIX_ACTIONS][make.ONE_SUCCESSOR]
    actual = make.summary(make.SIX_ACTIONS, make.ONE_SUCCESSOR)
    for name in stored.keys() - {"sha256"}:
        assert actual[name] == pytest.approx(stored[name], rel=TOLERANCE, abs=TOLERANCE), name
    assert not SAME_KIND or actual["sha256"] == stored["sha256"]


def test_the_seven_learn_differently() -> None:
    """All start with the same weights and see the same first rollout: only the objective differs."""
    stored = RECORD["runs"]["InvertedPendulum-v4"]
    assert set(stored) == set(SUCCESSOR_SETTINGS)
    assert len(set(stored.values())) == len(SUCCESSOR_SETTINGS)


def test_a_run_s_json_names_the_objective() -> None:
    for name in SUCCESSOR_SETTINGS:
        setting = SETTINGS[name]
        assert Setting.from_json(name, json.loads(json.dumps(setting.as_json()))) == setting
    assert SETTINGS["spo-0.2"].as_json() == {
        "label": "SPO, ε = 0.2",
        "family": "ratio",
        "rule": "named_objective",
        "numbers": {"epsilon": 0.2},
        "options": {"name": "spo"},
    }
