"""A protocol of one's own, from words on the command line."""

import json

import pytest

from bench.common.errors import UserError
from bench.protocol.changes import NUMBERS, VALUES, change_protocol, describe_names, find_changes
from bench.protocol.protocol import DEFAULT, Protocol
from bench.protocol.variants import VARIANTS


def test_numbers_and_choices_are_set_by_name() -> None:
    changes = ["discount=0.999", "horizon=512", "hidden_sizes=32,16", "advantages=minibatch"]
    changed = change_protocol(DEFAULT, [*changes, "environment_version=v5"])
    numbers = changed.hyperparameters
    assert (numbers.discount, numbers.horizon, numbers.hidden_sizes) == (0.999, 512, (32, 16))
    assert numbers.choices.advantages == "minibatch"
    assert changed.environment_version == "v5"
    assert numbers.stepsize == DEFAULT.hyperparameters.stepsize
    assert changed.fingerprint != DEFAULT.fingerprint
    assert sorted(find_changes(changed)) == sorted([*changes, "environment_version=v5"])
    assert Protocol.from_json(json.loads(json.dumps(changed.as_json()))) == changed


def test_named_protocols_can_be_written_so() -> None:
    assert change_protocol(DEFAULT, ["advantages=raw"]) == VARIANTS["raw-advantages"]
    changes = ["adam_epsilon=1e-8", "value_loss=clipped"]
    assert change_protocol(DEFAULT, changes) == VARIANTS["release-2017-07"]
    assert change_protocol(VARIANTS["annealed"], []) == VARIANTS["annealed"]
    for variant in (DEFAULT, *VARIANTS.values()):
        assert change_protocol(DEFAULT, find_changes(variant)) == variant


def test_the_names_and_values_that_are_listed_are_those_that_can_be_set() -> None:
    """As they stand: the numbers are the defaults, and so is the first value of a choice."""
    changes = [part.rstrip(".").split("|")[0] for part in describe_names().split() if "=" in part]
    assert change_protocol(DEFAULT, changes) == DEFAULT
    assert len(changes) == len(NUMBERS) + len(VALUES)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["discount"], "--set takes name=value, not discount"),
        (
            ["discont=0.9"],
            r"unknown name in --set 'discont' \(did you mean discount\?\); choose from: horizon ",
        ),
        (["luck=1"], "unknown name in --set 'luck'; choose from: horizon epochs "),
        (["epochs=1.5"], "epochs must be a whole number, not 1.5"),
        (["discount=high"], "discount must be a number, not high"),
        (["discount=1.5"], "discount must be between 0 and 1, not 1.5"),
        (["gae_lambda=nan"], "gae_lambda must be between 0 and 1, not nan"),
        (["stepsize=inf"], "stepsize must be 0 or more, not inf"),
        (["epochs=0"], "epochs must be 1 or more, not 0"),
        (["hidden_sizes="], "hidden_sizes must be whole numbers such as 64,64, not "),
        (["minibatch_size=100"], "minibatches of 100 do not divide a horizon of 2048 steps"),
        (["rewards=big"], "unknown value of --set rewards 'big'; choose from: unscaled scaled$"),
        (["advantages=minibach"], r"'minibach' \(did you mean minibatch\?\); choose from: standardized raw"),
        (["epochs=3", "epochs=4"], "--set epochs is given twice"),
    ],
)
def test_what_cannot_be_set_is_refused_in_a_line(change: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        change_protocol(DEFAULT, change)
    assert "\n" not in str(error.value)
