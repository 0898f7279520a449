"""The page of the objectives that came after the paper's, on made-up runs."""

import io
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from bench.commands.reports import Table
from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.protocol import PLANNED_SEEDS
from bench.protocol.selection import Selection, select
from bench.protocol.settings import PAPER_SETTINGS, SETTINGS, SUCCESSOR_SETTINGS
from bench.report.successors import render_successors, write_successors
from bench.results import evaluations
from bench.results.folder import Results
from bench.scores import pairs
from bench.scores.analysis import Analysis, analyze
from bench.scores.contrasts import MEAN_ACTIONS, SCORE
from bench.scores.estimates import ALPHA, correct_by_holm
from bench.scores.pairs import permute_labels
from bench.scores.successors import SHOWN, SuccessorTables, conclude
from tests.helpers.links import links
from tests.helpers.made_up import synthetic_results
from tests.helpers.scores import RANDOM

SEEDS = range(6)
# What each setting's runs return more than clip-0.2's, in Hopper and in Walker2d; 1 is the best run's return.
LEADS = {
    "truly-ppo": (0.0, 2.0),  # better, by Walker2d alone
    "clip-higher": (-1.0, -1.0),  # worse
    "spo-0.2": (0.0, 0.0),  # equivalent
}


def made_up(settings: Iterable[str], seeds: Iterable[int] = SEEDS) -> pd.DataFrame:
    """Runs of one line that return their setting's lead, and noise."""
    random = np.random.default_rng(0)
    lines = []
    for setting in (*PAPER_SETTINGS, *settings):
        for environment in ENVIRONMENTS:
            hopper, walker = LEADS.get(setting, (0.0, 0.0))
            lead = {"Hopper-v4": hopper, "Walker2d-v4": walker}.get(environment, 0.0)
            for seed in seeds:
                found = 1.0 + lead + random.normal(0, 0.02)
                lines.append((environment, setting, seed, 2048, found, 1, 0.1, False))
    columns = ["environment", "setting", "seed", "timesteps", "return_last100", "episodes", "kl", "diverged"]
    return pd.DataFrame(lines, columns=columns)


def policies_of(runs: pd.DataFrame, less: float = 0.0) -> pd.DataFrame:
    """Evaluations by mean actions that return what the runs do, less something."""
    table = runs.assign(mode="mean", mean_return=runs["return_last100"] - less)
    return table[[*evaluations.KEYS, "mean_return"]]


def tables_of(settings: Iterable[str], seeds: Iterable[int] = SEEDS) -> SuccessorTables:
    runs = made_up(settings, seeds)
    random = [(name, policy, 0.0, 0.1) for name in ENVIRONMENTS for policy in ("uniform", "untrained")]
    shown = tuple(name for name in SHOWN if name in set(runs["setting"]))
    analysis = Analysis(SETTINGS, runs, pd.DataFrame(), pd.DataFrame(random, columns=RANDOM.columns), shown)
    # Seed 0 was not evaluated.
    return SuccessorTables(analysis, policies_of(runs[runs["seed"] > 0]))


@pytest.fixture(autouse=True)
def fewer_permutations(monkeypatch: pytest.MonkeyPatch) -> None:
    """A twentieth of them tells the made-up leads apart as well."""
    monkeypatch.setattr(pairs, "PERMUTATIONS", 9_999)


@pytest.fixture(scope="module")
def tables() -> SuccessorTables:
    return tables_of(LEADS)


def test_what_is_said_follows_from_the_tests(tables: SuccessorTables) -> None:
    table = tables.comparison.set_index(["outcome", "setting"]).sort_index()
    for outcome in (SCORE, MEAN_ACTIONS):
        lines = table.loc[outcome]
        assert set(lines.index) == {"clip-0.2", *LEADS}
        assert lines.loc["truly-ppo", "finding"] == "better"
        assert lines.loc["clip-higher", "finding"] == "worse"
        assert lines.loc["spo-0.2", "finding"] == "equivalent"
        compared = lines.loc[list(LEADS)]
        corrected = correct_by_holm(compared["p"].to_numpy())
        np.testing.assert_array_equal(compared["p_holm"], corrected)
        assert lines.loc["clip-0.2", ["difference", "p", "finding"]].isna().all()
        inside = (compared["low"] < compared["low_90"]) & (compared["high_90"] < compared["high"])
        assert inside.all()
    assert table.loc[(SCORE, "spo-0.2"), "runs"] == 42
    assert table.loc[(MEAN_ACTIONS, "spo-0.2"), "runs"] == 35


def test_a_difference_is_tested_by_permutation_of_the_runs_by_hand(tables: SuccessorTables) -> None:
    runs, best = made_up(LEADS), tables.analysis.scale["best_run"]
    normalized = runs.assign(value=runs["return_last100"] / runs["environment"].map(best))
    of_setting = {
        name: group.pivot(index="environment", columns="seed", values="value").to_numpy()
        for name, group in normalized.groupby("setting")
    }
    line = tables.comparison.set_index(["outcome", "setting"]).sort_index().loc[(SCORE, "truly-ppo")]
    mine, theirs = of_setting["truly-ppo"], of_setting["clip-0.2"]
    assert line["difference"] == pytest.approx(mine.mean() - theirs.mean())
    assert line["p"] == permute_labels(mine[None], theirs[None])[0]
    parts = (
        tables.environments.set_index(["outcome", "setting", "environment"])
        .sort_index()
        .loc[(SCORE, "truly-ppo")]
    )
    assert parts["part"].sum() == pytest.approx(line["difference"])
    assert parts["share"].sum() == pytest.approx(1)
    walker = (mine[-1] - theirs[-1]).mean() / 7  # the last by name
    assert parts.loc["Walker2d-v4", "part"] == pytest.approx(walker)


def test_other_ways_say_what_hangs_on_the_way(tables: SuccessorTables) -> None:
    ways = ["as planned", "interquartile mean", "mean over time", "without Walker2d"]
    assert sorted(tables.other_ways["way"].unique()) == ways
    found = tables.other_ways.set_index(["way", "setting"]).sort_index()
    assert found.loc[("as planned", "truly-ppo"), "p_holm"] < ALPHA
    assert found.loc[("without Walker2d", "truly-ppo"), "p_holm"] > ALPHA
    assert found.loc[("without Walker2d", "clip-higher"), "p_holm"] < ALPHA
    planned = tables.comparison.set_index(["outcome", "setting"]).sort_index().loc[SCORE]
    for name in LEADS:
        assert found.loc[("as planned", name), "p"] == planned.loc[name, "p"]
    text = render_successors(tables)
    assert re.search(r"- Without Walker2d: significant as planned, and not here: truly-ppo\.\n", text)
    assert "- Better than clip-0.2: truly-ppo." in text
    assert "- Worse than clip-0.2: clip-higher." in text
    assert "- Equivalent within 0.05 to clip-0.2: spo-0.2." in text
    assert not re.search(r"\bnan\b", text)


@pytest.mark.parametrize(
    ("difference", "low_90", "high_90", "p_holm", "finding"),
    [
        (0.02, 0.01, 0.03, 0.01, "better"),  # equivalence is said of others
        (-0.02, -0.03, -0.01, 0.049, "worse"),
        (0.02, -0.01, 0.049, 0.05, "equivalent"),
        (0.02, -0.01, 0.05, 0.06, "undecided"),
        (0.02, -0.051, 0.03, 1.0, "undecided"),
        (0.02, np.nan, np.nan, 0.06, "undecided"),
    ],
)
def test_findings(difference: float, low_90: float, high_90: float, p_holm: float, finding: str) -> None:
    columns = {"difference": difference, "low_90": low_90, "high_90": high_90, "p_holm": p_holm}
    assert conclude(pd.DataFrame([columns])) == [finding]


def test_what_is_missing_is_named_and_one_seed_is_not_compared() -> None:
    tables = tables_of(["sapo"], seeds=[0])
    missing = tables.missing.set_index("setting")
    assert missing.index.tolist() == list(SHOWN)
    assert missing.loc["sapo"].tolist() == [7 * (PLANNED_SEEDS - 1), 7 * PLANNED_SEEDS]
    assert missing.loc["cispo"].tolist() == [7 * PLANNED_SEEDS, 7 * PLANNED_SEEDS]
    assert tables.comparison["finding"].isna().all()
    assert tables.other_ways.empty
    assert tables.environments.empty
    text = render_successors(tables)
    assert "Planned are 147 runs of each setting" in text
    assert "| `sapo` | 140 | 147 |" in text
    assert text.count("A comparison takes two runs of clip-0.2") == 2
    assert "Scored and tested in other ways" not in text
    assert not re.search(r"\bnan\b", text)


@pytest.mark.slow
def test_the_page_is_written_beside_the_table_and_moves_nothing_of_it(tmp_path: Path) -> None:
    results = synthetic_results(tmp_path / "results", 20480, range(2), (*PAPER_SETTINGS, *SUCCESSOR_SETTINGS))
    shutil.rmtree(results.path / "runs" / "Swimmer-v4" / "sapo")
    results = Results(results.path, results.protocol)
    assert select(ENVIRONMENTS, (), None, results.finished()).settings == PAPER_SETTINGS
    write_successors(analyze(results, Selection(ENVIRONMENTS, SHOWN, (0, 1))), results.path)
    text = (results.path / "successors.md").read_text()
    table = pd.read_csv(results.path / "successors" / "comparison.csv").set_index(["outcome", "setting"])
    table = table.sort_index()
    assert table.loc[(SCORE, "sapo"), "runs"] == 12
    assert np.isnan(table.loc[(SCORE, "sapo"), "p"])
    assert table.loc[SCORE]["p"].notna().sum() == 6
    assert table.loc[(MEAN_ACTIONS, "spo-0.2"), "runs"] == 0  # no policy was evaluated
    figures = [link for link in links(text) if link.startswith("figures/")]
    assert len(figures) == 2
    assert all((results.path / figure).is_file() for figure in figures)
    log = io.StringIO()
    selection = select(ENVIRONMENTS, ("sapo",), None, results.finished())
    Table().run(results, selection, Console(file=log, width=200))
    assert "SAPO" in log.getvalue()
    assert "printed only" in log.getvalue()
