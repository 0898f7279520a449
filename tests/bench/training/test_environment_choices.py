"""What the environment's choices do to a rollout, and to what is logged of it."""

import numpy as np
import pytest

from bench.protocol.protocol import DEFAULT, Protocol, Run
from bench.protocol.variants import VARIANTS
from bench.training.collecting import Collected
from bench.training.training import Training, train
from tests.helpers.protocols import of_length

pytestmark = pytest.mark.slow

# Where every episode ends by its time limit, of 50 steps.
ENVIRONMENT = "Reacher"


def runs_of(protocol: Protocol) -> list[Run]:
    environment = f"{ENVIRONMENT}-{protocol.environment_version}"
    return [Run(environment, setting, 0) for setting in ("clip-0.2", "no-clip")]


@pytest.mark.parametrize("name", ["bootstrapped-time-limits", "scaled-rewards"])
def test_what_is_logged_are_the_environments_rewards(name: str) -> None:
    """The first rollout is the default's, and so are its returns; what is learned from it is not."""
    lines = []
    for protocol in (of_length(VARIANTS[name], 1), of_length(DEFAULT, 1)):
        heading, line = train(runs_of(protocol)[:1], protocol)[0].csv.splitlines()
        lines.append(dict(zip(heading.split(","), line.split(","), strict=True)))
    ours, theirs = lines
    same = {column for column in ours if ours[column] == theirs[column]}
    assert same >= {"timesteps", "episodes", "return_last100", "return_std_last100", "length_last100"}
    assert same.isdisjoint({"kl", "value_loss", "explained_variance"})


def first_rollout(protocol: Protocol) -> Collected:
    return Training(runs_of(protocol), protocol).collect()


def test_a_rollout_keeps_what_time_limits_cut_off() -> None:
    rollouts = first_rollout(VARIANTS["bootstrapped-time-limits"]).rollouts
    assert rollouts.time_limits is not None
    reached = np.asarray(rollouts.time_limits.reached)
    np.testing.assert_array_equal(reached, rollouts.ends)
    assert np.flatnonzero(reached[:, 0]).tolist() == list(range(49, 2048, 50))
    final = np.asarray(rollouts.time_limits.observations)
    assert not final[~reached].any()
    # The target, which the next episode has elsewhere, is still where the episode had it.
    before, after = np.asarray(rollouts.observations[:-1]), np.asarray(rollouts.observations[1:])
    np.testing.assert_array_equal(final[reached][:, 4:6], before[reached][:, 4:6])
    assert (final[reached][:, 4:6] != after[reached][:, 4:6]).any(axis=1).all()
    assert first_rollout(DEFAULT).rollouts.time_limits is None


def test_the_learner_keeps_the_actions_that_the_environment_saw_clipped() -> None:
    clipped, plain = first_rollout(VARIANTS["clipped-actions"]), first_rollout(DEFAULT)
    actions = np.asarray(clipped.rollouts.actions)
    np.testing.assert_array_equal(actions[0], plain.rollouts.actions[0])
    beyond = np.square(actions).sum(axis=-1) - np.square(actions.clip(-1, 1)).sum(axis=-1)
    assert beyond.max() > 1
    # The forces are bounded in any case, so that the first rollout differs in its control costs alone.
    np.testing.assert_allclose(clipped.rewards - plain.rewards, beyond, atol=1e-5)
