"""`rlhf.csv` and the tables `rlhf_….csv`, computed again from the runs."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.recomputed.plain import (
    E7,
    ENVIRONMENTS,
    RESULTS,
    SEEDS,
    agree,
    holm,
    interval,
    published,
    scores,
    welch,
)

pytestmark = pytest.mark.slow

TABLE = published("rlhf", "setting")
# The rollout from which changes count: the policy's first step, or the first line with a learned return.
BEGIN = {"rlhf": 30, "rlhf-no-penalty": 30, "preferences": 10}


def test_scores_and_differences() -> None:
    compared = []
    for setting in TABLE.index:
        line, groups = TABLE.loc[setting], scores(setting)
        assert line["runs"] == sum(map(len, groups))
        assert line["score"] == pytest.approx(np.mean([each.mean() for each in groups if len(each)]))
        fewest = min(map(len, groups))
        if fewest > 1:
            agree(line[["score", "ci_low", "ci_high"]], interval(groups, E7))
        else:
            assert line[["ci_low", "ci_high"]].isna().all()
        if setting == "clip-0.2" or not fewest:
            assert line[["difference", "p", "p_holm"]].isna().all()
        elif fewest > 1:
            compared.append(setting)
            both, factors = [*groups, *scores("clip-0.2")], [*E7, *(-each for each in E7)]
            agree(line[["difference", "low", "high"]], interval(both, factors))
            value, error, freedom = welch(both, factors)
            agree(line[["p"]], [2 * stats.t.sf(abs(value) / error, freedom)])
    agree(TABLE.loc[compared, "p_holm"], holm(TABLE.loc[compared, "p"].to_numpy()))


def test_models() -> None:
    table = published("rlhf_models", "setting", "environment")
    paths = [
        path
        for path in RESULTS.glob("runs/*/*/seed-*.csv")
        if path.parts[-2] in BEGIN and int(path.stem.removeprefix("seed-")) in SEEDS
    ]
    assert set(table.index) == {(path.parts[-2], path.parts[-3]) for path in paths}
    for setting, environment in table.index:
        lines = []
        for path in paths:
            if path.parts[-3:-1] == (environment, setting):
                log = pd.read_csv(path)
                last = log.iloc[-1]
                begin = log.set_index("timesteps").loc[BEGIN[setting] * 2048]
                changes = [last[name] - begin[name] for name in ("return_last100", "learned_return")]
                lines.append([last["agreement"], last["supervised_kl"], *changes])
        found, (*_, true, learned) = table.loc[(setting, environment)], np.transpose(lines)
        columns = ["agreement", "supervised_kl", "true_change", "learned_change"]
        agree(found[columns], np.mean(lines, axis=0))
        assert found["parted"] == sum((learned > 0) & (true < 0))
        assert found["runs"] == len(lines)


def test_how_many_episodes_of_half_cheetah_the_first_returns_are_of() -> None:
    """Learned returns are counted after 20 rollouts with labels; the policy's first step is after 30."""
    ended = pd.read_csv(RESULTS / "runs/HalfCheetah-v4/rlhf/seed-00.csv").set_index("timesteps")["episodes"]
    true, learned = ended[30 * 2048], ended[30 * 2048] - ended[20 * 2048]
    text = (RESULTS / "rlhf.md").read_text()
    assert f"in HalfCheetah {true:.0f} with true returns, and {learned:.0f} with learned ones" in text


def test_improvements() -> None:
    table = published("rlhf_improvements", "setting", "environment")
    supervised = scores("rlhf-supervised")
    assert set(table.index) == set(product(("rlhf", "rlhf-no-penalty", "rlhf-true-reward"), ENVIRONMENTS))
    for setting in table.index.unique("setting"):
        for environment, mine, start in zip(ENVIRONMENTS, scores(setting), supervised, strict=True):
            line = table.loc[(setting, environment)]
            agree(line[["difference", "low", "high"]].astype(float), interval([mine, start], [1, -1]))
            words = {(True, False): "improves", (False, True): "makes worse", (False, False): "undecided"}
            assert line["finding"] == words[line["low"] > 0, line["high"] < 0]


def test_pairs() -> None:
    table = published("rlhf_pairs", "setting", "other")
    assert len(table) == 5
    for (one, other), line in table.iterrows():
        first, second = scores(one), scores(other)
        groups, factors = [*first, *second], [*E7, *(-each for each in E7)]
        agree(line[["difference", "low", "high"]].astype(float), interval(groups, factors))
        value, error, freedom = welch(groups, factors)
        agree(line[["p"]], [2 * stats.t.sf(abs(value) / error, freedom)])
        differences = {
            name: a.mean() - b.mean() for name, a, b in zip(ENVIRONMENTS, first, second, strict=True)
        }
        without = {
            name: np.mean([value for each, value in differences.items() if each != name])
            for name in ENVIRONMENTS
        }
        assert line["environment"] == max(without, key=lambda name: abs(without[name] - value))
        agree(line[["without_it"]], [without[line["environment"]]])
    agree(table["p_holm"], holm(table["p"].to_numpy()))


def test_the_learned_reward_of_inverted_pendulum_hardly_varies() -> None:
    """It is divided by its standard deviation, so that its mean counts these."""
    assert "its mean is more than 50 of the standard deviations" in (RESULTS / "rlhf.md").read_text()
    for path in RESULTS.glob("runs/InvertedPendulum-v4/rlhf/seed-*.csv"):
        last = pd.read_csv(path).iloc[-1]
        steps = last["return_last100"]  # each pays 1
        assert last["learned_return"] / steps > 50, path


def test_what_windows_of_reacher_tell() -> None:
    """All pairs of windows of its demonstrations: how often the number of steps decides, as the page says."""
    with np.load(RESULTS / "demonstrations" / "Reacher-v4.npz") as stored:
        observations, actions, lengths = (
            stored[name].astype(float) for name in ("observations", "actions", "lengths")
        )
        # What Gymnasium's environment pays: minus the distance before the step, and minus the squared action.
        rewards = -np.linalg.norm(observations[:, -3:], axis=1) - (actions**2).sum(axis=1)
        np.testing.assert_allclose(rewards.reshape(10, 50).sum(axis=1), stored["returns"], rtol=1e-5)
    assert set(lengths) == {50}
    starts = np.arange(len(rewards) - 25 + 1)
    steps = np.minimum(25, 50 - starts % 50)
    earned = np.array(
        [rewards[start : start + count].sum() for start, count in zip(starts, steps, strict=True)]
    )
    first, second = np.triu_indices(len(starts), 1)
    differ = steps[first] != steps[second]
    shorter_is_better = (steps[first] < steps[second]) == (earned[first] > earned[second])
    text = (RESULTS / "rlhf.md").read_text()
    said = (
        f"{differ.mean():.0%} have different numbers of steps, and in {shorter_is_better[differ].mean():.0%}"
    )
    assert said.replace("%", " %") in text
