"""Which runs a command is about."""

import pytest

from bench.common.errors import UserError
from bench.protocol.environments import ENVIRONMENTS, environments_of
from bench.protocol.protocol import Run
from bench.protocol.selection import Selection, parse_seeds, parse_timesteps, ranges, seeds_present, select
from bench.protocol.settings import GROUPS, LECTURE_SETTINGS, PAPER_SETTINGS, SETTINGS

ALL = (tuple(ENVIRONMENTS), PAPER_SETTINGS)


def test_seeds_are_a_number_or_a_range() -> None:
    assert parse_seeds("3") == (0, 1, 2)
    assert parse_seeds("3-5") == (3, 4, 5)
    assert parse_seeds("7-7") == (7,)


@pytest.mark.parametrize(
    "text", ["0", "-3", "2.5", "three", "5-3", "", "1,2", "3-", "٣", "10000", "0-99999999999"]
)
def test_other_seeds_are_refused(text: str) -> None:
    with pytest.raises(UserError, match="seeds must be"):
        parse_seeds(text)


@pytest.mark.parametrize("text", ["0", "-1", "1e6", "2.5", "many", "", "9" * 5000])
def test_timesteps_must_be_positive_and_whole(text: str) -> None:
    with pytest.raises(UserError, match="timesteps must be"):
        parse_timesteps(text)


def test_without_seeds_the_complete_ones_are_meant() -> None:
    finished = set(Selection(*ALL, seeds=(0, 4)).runs) | {Run("Hopper-v4", "no-clip", 7)}
    assert seeds_present(*ALL, finished) == ((0, 4), (7,))
    assert select(*ALL, None, finished).seeds == (0, 4)
    assert select(["Hopper-v4"], ["no-clip"], None, finished).seeds == (0, 4, 7)
    assert select(*ALL, (2,), finished).seeds == (2,)


def test_an_interrupted_campaign_goes_on_with_the_papers_seeds() -> None:
    finished = {*Selection(*ALL, seeds=(0,)).runs, Run("Hopper-v4", "no-clip", 1)}
    assert select(*ALL, None, finished, at_least=(0, 1, 2)).seeds == (0, 1, 2)


def test_a_row_of_ones_own_undoes_no_seed(own_row: str) -> None:
    finished = set(Selection(*ALL, seeds=(0, 1, 2, 3)).runs)
    assert select(ENVIRONMENTS, (*PAPER_SETTINGS, own_row), None, finished).seeds == (0, 1, 2, 3)
    assert select(ENVIRONMENTS, [own_row], None, finished).seeds == (0, 1, 2)


def test_without_any_the_paper_s_three() -> None:
    assert select(*ALL, None, set()).seeds == (0, 1, 2)


def test_unknown_names_are_refused_with_the_choices() -> None:
    names = "HalfCheetah-v4 .* Walker2d-v4 Ant-v4 "
    with pytest.raises(UserError, match=rf"'Aunt-v4' \(did you mean Ant-v4\?\); choose from: {names}"):
        select(["Hopper-v4", "Aunt-v4"], ALL[1], None, set())
    with pytest.raises(UserError, match=r"'clip' \(did you mean no-clip\?\); choose from: no-clip clip-0\.1"):
        select(ALL[0], ["clip"], None, set())


def test_no_environment_means_all_of_the_version() -> None:
    assert select([], [], None, set()).environments == ENVIRONMENTS
    v5 = select([], [], None, set(), version="v5")
    assert v5.environments == environments_of("v5")
    assert v5.is_whole_table
    assert select(["Hopper-v5"], [], None, set(), version="v5").environments == ("Hopper-v5",)
    with pytest.raises(UserError, match=r"Hopper-v4 is of another protocol: this one has Hopper-v5$"):
        select(["Hopper-v4"], [], None, set(), version="v5")


def test_other_environments_are_meant_only_when_they_are_named() -> None:
    named = select(["Ant-v4", *ENVIRONMENTS], [], (0,), set())
    assert named.environments == ("Ant-v4", *ENVIRONMENTS)
    assert not named.is_whole_table
    assert select(["Humanoid-v5"], [], None, set(), version="v5").environments == ("Humanoid-v5",)
    with pytest.raises(UserError, match="this one has Ant-v4; --variant v5 has Ant-v5, or train --set env"):
        select(["Ant-v5"], [], None, set())


def test_no_setting_means_all_that_are_known() -> None:
    assert select(ALL[0], [], None, set()).settings == ALL[1]
    assert select(ALL[0], [], None, set(), known=("mine", "clip-0.1")).settings == ("mine", "clip-0.1")


def test_each_setting_is_in_one_group() -> None:
    assert [name for names in GROUPS.values() for name in names] == list(SETTINGS)
    assert [len(names) for names in GROUPS.values()] == [11, 9, 5, 7]
    published = {name for name, setting in SETTINGS.items() if setting.paper_score is not None}
    assert set(PAPER_SETTINGS) == published


def test_settings_of_other_groups_are_meant_only_when_they_are_named() -> None:
    everything = (*SETTINGS, "mine")
    assert select(ALL[0], [], None, set(), known=everything).settings == (*PAPER_SETTINGS, "mine")
    assert select(ALL[0], ["trpo-0.01"], None, set()).settings == ("trpo-0.01",)


def test_a_group_stands_for_its_settings() -> None:
    for group, names in GROUPS.items():
        assert select(ALL[0], [group], None, set()).settings == names
    both = select(ALL[0], ["clip-0.2", "lecture", "paper"], None, set()).settings
    assert both == tuple(dict.fromkeys(("clip-0.2", *LECTURE_SETTINGS, *PAPER_SETTINGS)))
    with pytest.raises(UserError, match=r"choose from: no-clip .* rlhf .* paper lecture successors own$"):
        select(ALL[0], ["lectures"], None, set())


def test_own_stands_for_the_known_settings_that_are_not_of_this_package() -> None:
    everything = (*SETTINGS, "mine", "yours")
    assert select(ALL[0], ["own"], None, set(), known=everything).settings == ("mine", "yours")
    with pytest.raises(UserError, match="there are no settings of your own: train and verify take"):
        select(ALL[0], ["own"], None, set())


def test_the_table_is_whole_without_settings_of_other_groups() -> None:
    assert Selection(*ALL, seeds=(0,)).is_whole_table
    assert Selection(ALL[0], (*PAPER_SETTINGS, "mine"), (0,)).is_whole_table
    assert not Selection(ALL[0], PAPER_SETTINGS[1:], (0,)).is_whole_table
    for name in ("trpo-0.01", "sapo"):
        assert not Selection(ALL[0], (*PAPER_SETTINGS, name), (0,)).is_whole_table


def test_naming_something_twice_is_naming_it_once() -> None:
    assert select(["Hopper-v4", "Hopper-v4"], ["no-clip"], (0,), set()).environments == ("Hopper-v4",)


@pytest.mark.parametrize(
    ("seeds", "text"), [([], ""), ([3], "3"), ([0, 1, 2], "0-2"), ([0, 1, 4, 6, 7, 20], "0-1, 4, 6-7, 20")]
)
def test_seeds_are_told_as_ranges(seeds: list[int], text: str) -> None:
    assert ranges(seeds) == text
