"""The page of final policies with and without the noise of their actions, on made-up runs."""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.protocol import PLANNED_SEEDS
from bench.protocol.settings import PAPER_SETTINGS, SETTINGS
from bench.report.final_policies import render_final_policies, write_final_policies
from bench.results import evaluations
from bench.scores import pairs
from bench.scores.analysis import Analysis
from bench.scores.estimates import ALPHA, correct_by_holm
from bench.scores.final_policies import CONTRASTS, MEAN, SAMPLED, PolicyTables, conclude
from tests.helpers.links import links
from tests.helpers.scores import RANDOM


@pytest.fixture(autouse=True)
def fewer_permutations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "PERMUTATIONS", 99)


def tables_of(
    changes: Mapping[str, float], seeds: range = range(4), noise: float = 0.02, walker: float = 0.0
) -> PolicyTables:
    """Runs that return 1 and noise; policies that return as much, and by mean actions their setting's change.

    walker: what more policies return by mean actions in Walker2d.
    """
    random = np.random.default_rng(0)
    runs, policies = [], []
    for setting in PAPER_SETTINGS:
        for environment in ENVIRONMENTS:
            for seed in seeds:
                runs.append((environment, setting, seed, 2048, 1.0 - seed / 100, 1, 0.1, False))
                sampled, shift = 1 + random.normal(0, noise), random.normal(0, noise)
                more = walker if environment == "Walker2d-v4" else 0.0
                for mode, found in (
                    (SAMPLED, sampled),
                    (MEAN, sampled + changes.get(setting, 0.0) + shift + more),
                ):
                    policies.append(
                        (environment, setting, seed, mode, 100, found, 0.1, 9.0, 0.5, 1.5, "0" * 64)
                    )
    columns = ["environment", "setting", "seed", "timesteps", "return_last100", "episodes", "kl", "diverged"]
    ends = [(name, policy, 0.0, 0.1) for name in ENVIRONMENTS for policy in ("uniform", "untrained")]
    analysis = Analysis(
        SETTINGS,
        pd.DataFrame(runs, columns=columns),
        pd.DataFrame(),
        pd.DataFrame(ends, columns=RANDOM.columns),
        PAPER_SETTINGS,
    )
    return PolicyTables(analysis, pd.DataFrame(policies, columns=list(evaluations.COLUMNS)))


def test_a_contrast_and_its_change_by_hand() -> None:
    """Of one environment a strata's sum is Welch's own test of the two settings' changes."""
    tables = tables_of({"clip-0.2": -0.3, "fixed-kl-10": 0.1})
    found = tables.contrasts.set_index("contrast").loc["clip-0.2 less fixed-kl-10"]
    lines = tables.policies[tables.policies["seed"] > 0]
    table = lines.pivot(index=["setting", "environment", "seed"], columns="mode", values="mean_return")
    change = (table["mean"] - table["sampled"]).unstack()
    clip, fixed = change.loc["clip-0.2"], change.loc["fixed-kl-10"]
    assert found["change"] == pytest.approx(clip.to_numpy().mean() - fixed.to_numpy().mean())
    assert found["mean"] - found["sampled"] == pytest.approx(found["change"])
    parts = np.concatenate([each.var(axis=1, ddof=1).to_numpy() / 3 / 49 for each in (clip, fixed)])
    freedom = parts.sum() ** 2 / (parts**2 / 2).sum()
    p = 2 * stats.t.sf(abs(found["change"]) / np.sqrt(parts.sum()), freedom)
    assert found["p"] == pytest.approx(p)
    half = stats.t.ppf(0.95, freedom) * np.sqrt(parts.sum())
    assert found["change"] - found["low_90"] == pytest.approx(half)


def test_a_contrast_of_groups_is_that_of_their_means() -> None:
    tables = tables_of({"clip-0.1": -0.2, "clip-0.2": -0.4, "fixed-kl-1": 0.3}, noise=1e-9)
    found = tables.contrasts.set_index("contrast")["change"]
    assert found["clipping less penalties"] == pytest.approx(-0.3 - 0.1, abs=1e-6)
    assert found["clip-0.2 less fixed-kl-10"] == pytest.approx(-0.4, abs=1e-6)


def test_the_seed_that_suggested_the_question_is_left_out() -> None:
    tables = tables_of({})
    moved = tables.policies.copy()
    moved.loc[moved["seed"] == 0, "mean_return"] = 99.0
    other = PolicyTables(tables.analysis, moved)
    pd.testing.assert_frame_equal(tables.contrasts, other.contrasts)
    pd.testing.assert_frame_equal(tables.table, other.table)
    assert set(tables.table["policies"]) == {3 * len(ENVIRONMENTS)}


def test_other_settings_and_environments_are_left_out() -> None:
    tables = tables_of({})
    line = tables.policies.iloc[[-1]]
    more = [line.assign(setting="trpo-0.01"), line.assign(environment="Ant-v4")]
    other = PolicyTables(tables.analysis, pd.concat([tables.policies, *more]))
    pd.testing.assert_frame_equal(tables.table, other.table)


def test_scores_are_on_the_scale_of_training_and_on_that_of_a_mode() -> None:
    tables = tables_of(dict.fromkeys(PAPER_SETTINGS, -0.5), noise=1e-9)
    assert tables.table["sampled"].tolist() == pytest.approx([1.0] * 11, abs=1e-6)
    assert tables.table["mean"].tolist() == pytest.approx([0.5] * 11, abs=1e-6)
    assert tables.table["mean_own"].tolist() == pytest.approx([1.0] * 11, abs=1e-6)
    assert tables.table["action_std"].tolist() == pytest.approx([0.5] * 11)


def test_changes_by_environment_and_without_walker() -> None:
    tables = tables_of({}, noise=1e-9, walker=7.0)
    found = tables.changes.set_index(["scope", "setting"])["change"]
    assert found["Walker2d-v4", "clip-0.2"] == pytest.approx(7.0, abs=1e-6)
    assert found["Hopper-v4", "clip-0.2"] == pytest.approx(0.0, abs=1e-6)
    assert found["without Walker2d", "clip-0.2"] == pytest.approx(0.0, abs=1e-6)
    assert tables.table["change"].tolist() == pytest.approx([1.0] * 11, abs=1e-6)


def test_both_modes_are_tested_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "PERMUTATIONS", 1_999)
    tables = tables_of({"clip-0.2": -0.6})
    found = tables.pairs.set_index(["mode", "setting", "other"])
    assert len(found) == 2 * 55
    for mode in (SAMPLED, MEAN):
        lines = found.loc[mode]
        np.testing.assert_array_equal(lines["p_holm"], correct_by_holm(lines["p"].to_numpy()))
    assert found.loc[(MEAN, "clip-0.1", "clip-0.2"), "p_holm"] < ALPHA
    assert found.loc[(SAMPLED, "clip-0.1", "clip-0.2"), "p_holm"] > ALPHA


@pytest.mark.parametrize(
    ("change", "low_90", "high_90", "p_holm", "finding"),
    [
        (-0.02, -0.03, -0.01, 0.01, "less noise"),
        (0.02, 0.01, 0.03, 0.049, "larger"),
        (0.02, -0.01, 0.049, 0.05, "equivalent"),
        (0.02, -0.01, 0.05, 0.06, "undecided"),
        (-0.02, -0.051, 0.03, 1.0, "undecided"),
        (0.02, np.nan, np.nan, 0.06, "undecided"),
    ],
)
def test_findings(change: float, low_90: float, high_90: float, p_holm: float, finding: str) -> None:
    columns = {"change": change, "low_90": low_90, "high_90": high_90, "p_holm": p_holm}
    assert conclude(pd.DataFrame([columns])) == [finding]


def test_the_page_says_what_the_plan_lets_it_say(tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    tables = tables_of({"clip-0.2": -0.3, "clip-0.1": -0.3})
    assert tables.contrasts["finding"].tolist() == ["less noise", "less noise"]
    write_final_policies(tables, tmp_path)
    text = (tmp_path / "final_policies.md").read_text()
    planned = (PLANNED_SEEDS - 1) * len(PAPER_SETTINGS) * len(ENVIRONMENTS)
    assert f"Interim: {planned - 3 * 77:,} of the planned policies are not evaluated yet." in text
    assert text.count("The policies alone do not show the lead.") == len(CONTRASTS)
    assert "| Clipping, ε = 0.2 | 0.98 |" in text
    assert "| Walker2d | without Walker2d |" in text
    assert "% of it" not in text  # of a lead that sampled actions don't show
    assert not re.search(r"\bnan\b", text)
    assert all((tmp_path / link).is_file() for link in links(text) if link.startswith("figures/"))
    for name in ("table", "changes", "contrasts", "pairs"):
        assert (tmp_path / "final_policies" / f"{name}.csv").is_file()
    equal = render_final_policies(tables_of({}, noise=0.005))
    assert equal.count("is equivalent to none within 0.05") == 2
    larger = render_final_policies(tables_of({"clip-0.2": 0.3, "clip-0.1": 0.3}))
    assert larger.count("The lead is larger without noise.") == 2
    noisy = render_final_policies(tables_of({}, noise=1.0))
    assert noisy.count("Undecided") == 2
    assert "\nThere is none.\n" in noisy  # no difference is significant
    assert not re.search(r"\bnan\b", noisy)


def test_a_policy_of_each_setting_and_environment_is_not_enough() -> None:
    assert not tables_of({}, range(1)).is_testable  # seed 0 alone
    assert not tables_of({}, range(2)).is_testable
    tables = tables_of({}, range(3))
    assert tables.is_testable
    without = tables.policies[
        (tables.policies["setting"] != "no-clip") | (tables.policies["environment"] != "Swimmer-v4")
    ]
    assert not PolicyTables(tables.analysis, without).is_testable
    assert not PolicyTables(tables.analysis, tables.policies[:0]).is_testable
