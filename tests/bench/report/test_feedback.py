"""The page of human feedback, from made-up runs."""

import re
from pathlib import Path

import pandas as pd
import pytest

from bench.protocol.environments import ENVIRONMENTS, without_version
from bench.protocol.selection import Selection
from bench.protocol.settings import RLHF_SETTINGS, SETTINGS
from bench.report.feedback import write_feedback
from bench.report.lecture import write_lecture
from bench.results.folder import Results
from bench.scores import feedback, lecture
from bench.scores.analysis import Analysis, analyze
from bench.scores.feedback import FeedbackTables
from tests.helpers.made_up import synthetic_results

pytestmark = pytest.mark.slow
UPDATES = 40
# What the page says where all settings have runs, and a part of them waits for.
LATER = ("Without the penalty, does", "How do preferences alone do", "what else the runs show")


def analysis_of(results: Results) -> Analysis:
    return analyze(results, Selection(ENVIRONMENTS, feedback.SHOWN, (0, 1, 2)))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    settings = ("no-clip", "clip-0.2", *RLHF_SETTINGS)
    return synthetic_results(tmp_path_factory.mktemp("results"), UPDATES * 2048, range(3), settings)


def test_the_page_has_every_setting_and_its_pictures(results: Results) -> None:
    write_feedback(analysis_of(results), results.path)
    text = (results.path / "rlhf.md").read_text()
    table = pd.read_csv(results.path / "rlhf.csv").set_index("setting")
    assert table.index.tolist() == list(feedback.SHOWN)
    for name in RLHF_SETTINGS:
        assert f"| {SETTINGS[name].label} | {table.loc[name, 'score']:.2f} |" in text
    for link in re.findall(r"\]\((figures/[^)]+)\)", text):
        assert (results.path / link).is_file()
    assert all(each in text for each in LATER)


def test_changes_are_counted_from_the_policy_s_first_step(results: Results) -> None:
    """In rlhf after 30 rollouts, of which every fifth has a line."""
    models = FeedbackTables(analysis_of(results)).models
    lines = models.set_index(["setting", "environment"])
    runs = analysis_of(results).runs
    chosen = runs[(runs["setting"] == "rlhf") & (runs["environment"] == "Hopper-v4")]
    ends = chosen[chosen["timesteps"].isin([30 * 2048, UPDATES * 2048])].pivot(
        index="seed", columns="timesteps", values=["return_last100", "learned_return"]
    )
    for column, name in (("return_last100", "true_change"), ("learned_return", "learned_change")):
        change = ends[column, UPDATES * 2048] - ends[column, 30 * 2048]
        assert lines.loc[("rlhf", "Hopper-v4"), name] == pytest.approx(change.mean())
    # In preferences the first learned return is that of the tenth rollout.
    chosen = runs[(runs["setting"] == "preferences") & (runs["environment"] == "Hopper-v4")]
    means = chosen.groupby("timesteps")["learned_return"].mean()
    change = means[UPDATES * 2048] - means[10 * 2048]
    assert lines.loc[("preferences", "Hopper-v4"), "learned_change"] == pytest.approx(change)
    assert set(models["setting"]) == {"rlhf", "rlhf-no-penalty", "preferences"}


def test_without_runs_of_clipping_no_difference_from_it_is_written(tmp_path: Path) -> None:
    environments = ("Hopper-v4",)
    settings = ("no-clip", "rlhf", "trpo-0.01")
    some = synthetic_results(tmp_path, UPDATES * 2048, range(2), settings, environments=environments)
    for shown, write, name in (
        (feedback.SHOWN, write_feedback, "rlhf"),
        (lecture.SHOWN, write_lecture, "trpo-0.01"),
    ):
        write(analyze(some, Selection(environments, shown, (0, 1))), tmp_path)
        table = pd.read_csv(tmp_path / ("rlhf.csv" if name == "rlhf" else "lecture.csv")).set_index("setting")
        assert table.loc[name, "runs"] == 2
        assert table["difference"].isna().all()


def test_a_setting_that_lacks_an_environment_is_compared_with_none(tmp_path: Path) -> None:
    some = synthetic_results(tmp_path, UPDATES * 2048, range(2), ("clip-0.2", "rlhf-supervised"))
    synthetic_results(tmp_path, UPDATES * 2048, range(2), ("rlhf",), environments=("Hopper-v4",))
    some = Results(some.path, some.protocol)
    write_feedback(analyze(some, Selection(ENVIRONMENTS, feedback.SHOWN, (0, 1))), tmp_path)
    table = pd.read_csv(tmp_path / "rlhf.csv").set_index("setting")
    assert table["difference"].notna().tolist() == [False, True, False]
    text = (tmp_path / "rlhf.md").read_text()
    assert "`rlhf-supervised` 21, `rlhf` 33, `rlhf-no-penalty` 35," in text
    assert "improve the supervised policy" not in text
    assert "| PPO from human feedback | Hopper |" in text  # how good the model was is told
    assert not re.search(r"\bnan\b|\(\)|; p \)", text)


def test_claims_wait_for_the_runs_that_they_need(tmp_path: Path) -> None:
    some = synthetic_results(tmp_path, UPDATES * 2048, range(2), ("clip-0.2", "rlhf-supervised", "rlhf"))
    write_feedback(analyze(some, Selection(ENVIRONMENTS, feedback.SHOWN, (0, 1))), tmp_path)
    text = (tmp_path / "rlhf.md").read_text()
    assert "improve the supervised policy" in text
    assert not any(each in text for each in LATER)


def test_where_ppo_is_not_shown_to_improve_the_true_reward_and_the_model_are_told(results: Results) -> None:
    tables = FeedbackTables(analysis_of(results))
    found = tables.improvements.set_index(["setting", "environment"])
    assert set(found.index) == {(name, each) for name in feedback.STARTED for each in ENVIRONMENTS}
    write_feedback(analysis_of(results), results.path)
    text = (results.path / "rlhf.md").read_text()
    for environment, line in found.loc["rlhf"].iterrows():
        on_true_reward = {
            "improves": "improves the supervised policy",
            "makes worse": "makes the supervised policy worse, too",
            "undecided": "is not shown to improve the supervised policy either",
        }[found.loc[("rlhf-true-reward", environment), "finding"]]
        told = f"\n- {without_version(str(environment))}: the true reward {on_true_reward}. The model" in text
        assert told == (line["finding"] != "improves")
