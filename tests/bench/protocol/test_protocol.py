"""The protocol as data: written, read back, and fingerprinted."""

import dataclasses
import json
import math

import pytest

from algorithms.hyperparameters import Choices, Hyperparameters, possible_choices
from bench.protocol.choices import MEANINGS, describe_choices, read_choices
from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.protocol import DEFAULT, Protocol
from bench.protocol.settings import GROUPED, SETTINGS, Setting, adaptive_kl, clipping, fixed_kl
from bench.protocol.variants import VARIANTS

HYPERPARAMETERS = DEFAULT.as_json()["hyperparameters"]


def test_the_fingerprint_of_the_published_runs() -> None:
    """Whatever moves it makes them those of another protocol."""
    assert DEFAULT.fingerprint == "40a4768c85455b22"


def test_the_fingerprint_changes_with_what_the_bits_depend_on_only() -> None:
    assert Protocol(timesteps=20_480).fingerprint != DEFAULT.fingerprint
    assert Protocol(numerics=0).fingerprint != DEFAULT.fingerprint
    assert Protocol(hyperparameters=Hyperparameters(choices=Choices())).fingerprint == DEFAULT.fingerprint
    assert len({DEFAULT.fingerprint, *(variant.fingerprint for variant in VARIANTS.values())}) == 1 + len(
        VARIANTS
    )
    text = json.dumps(DEFAULT.fields())
    assert not any(name in text for name in (*SETTINGS, *ENVIRONMENTS))


def test_the_paper_s_run_length() -> None:
    assert (DEFAULT.updates, DEFAULT.steps) == (489, 489 * 2048)


@pytest.mark.parametrize("protocol", [DEFAULT, Protocol(timesteps=4096, numerics=2), *VARIANTS.values()])
def test_it_is_read_back_as_it_was_written(protocol: Protocol) -> None:
    assert Protocol.from_json(json.loads(json.dumps(protocol.as_json()))) == protocol


def test_a_choice_that_was_added_later_has_its_default() -> None:
    record = DEFAULT.as_json()
    del record["choices"]["advantages"]
    assert Protocol.from_json(record) == DEFAULT


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"luck": 1}, "Object contains unknown field `luck`"),
        ({"environment_version": "v3"}, "environment_version must be one of v4, v5"),
        ({"timesteps": 0}, r"Expected `int` >= 1 - at `\$.timesteps`"),
        ({"timesteps": True}, r"Expected `int`, got `bool` - at `\$.timesteps`"),
        ({"hyperparameters": {}}, "Object missing required field `horizon`"),
        ({"hyperparameters": 3}, r"Expected `object`, got `int` - at `\$.hyperparameters`"),
        (
            {"hyperparameters": {**HYPERPARAMETERS, "horizon": "2048"}},
            r"Expected `int`, got `str` - at `\$.horizon`",
        ),
        ({"hyperparameters": {**HYPERPARAMETERS, "luck": 1}}, "Object contains unknown field `luck`"),
        ({"hyperparameters": {**HYPERPARAMETERS, "hidden_sizes": [0]}}, "hidden_sizes must be 1 or more"),
        (
            {"hyperparameters": {**HYPERPARAMETERS, "horizon": 1024}},
            r"its fingerprint is 40a4768c85455b22, its fields give \w{16} \(horizon 1024, not 2048\)",
        ),
        ({"choices": {"advantages": 3}}, "Expected `object`, got `int`"),
        ({"choices": {"advantages": {}}}, "Object missing required field `value`"),
        (
            {"choices": {"advantages": {"value": "none"}}},
            "choice advantages must have a value of standardized, raw, minibatch",
        ),
        ({"choices": {"luck": {"value": "good"}}}, "unknown choice: luck"),
        ({"choices": {"x" * 501: {"value": "good"}}}, "Expected `str` of length <= 500"),
        ({"fingerprint": "0" * 501}, r"Expected `str` of length <= 500 - at `\$.fingerprint`"),
        ({"constants": {}}, "its constants are not this version's"),
        ({"numerics": 1}, "its fingerprint is 40a4768c85455b22, its fields give"),
    ],
)
def test_what_cannot_be_right_is_refused(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Protocol.from_json({**DEFAULT.as_json(), **change})


def test_every_value_of_every_choice_is_described() -> None:
    """The typed values in their order, the default first; what has one value is no typed value."""
    several = {name: tuple(meanings) for name, meanings in MEANINGS.items() if len(meanings) > 1}
    assert several == possible_choices()
    assert {name: values[0] for name, values in several.items()} == dataclasses.asdict(Choices())
    for source, sentence in (meaning for meanings in MEANINGS.values() for meaning in meanings.values()):
        assert source
        assert sentence.endswith(".")


def test_choices_are_read_as_they_are_described() -> None:
    for variant in VARIANTS.values():
        choices = variant.hyperparameters.choices
        assert read_choices(describe_choices(choices)) == choices


def test_every_value_of_a_choice_has_a_variant() -> None:
    """Of those that are not the default, but for clipped gradients and a constant clip range, which today's
    libraries have together with others."""
    variants = [variant.hyperparameters.choices.others() for variant in VARIANTS.values()]
    alone = [others for others in variants if len(others) == 1]
    for name, values in possible_choices().items():
        for value in values[1:]:
            assert any(others.get(name) == value for others in variants), (name, value)
            if (name, value) not in (("gradient_clipping", "global_norm"), ("stepsize_schedule", "linear")):
                assert {name: value} in alone


def test_what_differs_from_the_default_is_told_in_words() -> None:
    assert "differs_from_default" not in DEFAULT.as_json()
    choices = Choices(time_limit="bootstrap")
    other = Protocol(hyperparameters=Hyperparameters(adam_epsilon=1e-8, choices=choices))
    epsilon, time_limit = other.as_json()["differs_from_default"]
    assert epsilon == "adam_epsilon 1e-08, not 1e-05."
    assert time_limit.startswith(
        "time_limit bootstrap, not end. After a time limit the return goes on with V"
    )
    for variant in VARIANTS.values():
        written = variant.as_json()
        assert next(iter(written)) == "differs_from_default"
        assert all(words.endswith(".") for words in written["differs_from_default"])
    (version,) = VARIANTS["v5"].as_json()["differs_from_default"]
    assert version.startswith("environment_version v5, not v4. Gymnasium's v5 environments. Unlike v4's,")


def test_words_are_for_people_alone() -> None:
    record = VARIANTS["v5"].as_json()
    assert Protocol.from_json({**record, "differs_from_default": ["reworded"]}) == VARIANTS["v5"]
    del record["differs_from_default"]
    assert Protocol.from_json(record) == VARIANTS["v5"]


def test_a_setting_is_read_back_from_its_json() -> None:
    for setting in SETTINGS.values():
        read = Setting.from_json(setting.name, json.loads(json.dumps(setting.as_json())))
        assert read.as_json() == setting.as_json()
        assert read.numbers == setting.numbers


@pytest.mark.parametrize("name", ["a/b", "", "-x", "a b", "ä", "."])
def test_a_name_that_cannot_be_a_file_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="can't be the name of a setting"):
        Setting(name, "Mine", "mine", {})


@pytest.mark.parametrize("value", [math.nan, "0.2", None])
def test_a_number_that_is_none_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"epsilon of mine must be a number"):
        Setting("mine", "Mine", "mine", {"epsilon": value})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        (clipping(-0.2), "clip_range of mine is out of range: -0.2"),
        (clipping(0), "clip_range of mine is out of range: 0"),
        (fixed_kl(-1), "kl_coefficient of mine is out of range: -1"),
        (adaptive_kl(0), "kl_target of mine is out of range: 0"),
        ({"weight": -math.inf}, "weight of mine is out of range: -inf"),
        ({"weight": True}, "weight of mine must be a number, not True"),
        ({"weight": math.nan}, "weight of mine must be a number, not nan"),
        ({"weight": 10**5000}, "weight of mine is too large for a whole number: give it a point"),
    ],
)
def test_a_number_outside_its_range_is_refused(numbers: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Setting("mine", "Mine", "mine", numbers)


@pytest.mark.parametrize("label", ["", " ", "a\nb", "a | b", "$x$", "\x1b[31m", "<b>", "[x](y)", "_mine"])
def test_a_label_that_would_spoil_a_table_is_refused(label: str) -> None:
    with pytest.raises(ValueError, match="the label of mine must be a line without"):
        Setting("mine", label, "mine", {})


def test_a_name_that_no_file_can_have_is_refused() -> None:
    with pytest.raises(ValueError, match=r"can't be the name of a setting: .* 100 of them at most"):
        Setting("a" * 101, "Mine", "mine", {})


def test_no_two_settings_have_one_name() -> None:
    assert len(SETTINGS) == sum(map(len, GROUPED.values()))
