"""Settings are told apart, the paper's look the same beside whatever others, and panels wrap."""

import pytest

from bench.protocol.settings import GROUPS, PAPER_SETTINGS, SETTINGS, Setting
from bench.report.appearance import Look, looks, wrap_panels


def others(families: int, members: int) -> dict[str, Setting]:
    names = [
        (f"family-{family}", f"{family}-{member}") for family in range(families) for member in range(members)
    ]
    return {name: Setting(name, name, family, {}) for family, name in names}


def appearance(look: Look) -> tuple[object, ...]:
    return look.colour, look.line, look.marker


def test_twenty_settings_of_nine_families_are_told_apart() -> None:
    """The paper's eleven of four families, and nine of five others."""
    more = dict(list(others(5, 2).items())[:9])
    found = looks(more)
    assert len(found) == 20
    assert (
        len({SETTINGS[name].family for name in PAPER_SETTINGS} | {each.family for each in more.values()}) == 9
    )
    assert len({appearance(look) for look in found.values()}) == 20
    # Families have no colour in common.
    colours = {name: look.colour for name, look in found.items()}
    for name, setting in more.items():
        for other, colour in colours.items():
            if {**SETTINGS, **more}[other].family != setting.family:
                assert colour != colours[name]


def test_many_more_are_told_apart_by_their_markers() -> None:
    found = looks(others(12, 9))
    assert len({appearance(look) for look in found.values()}) == 11 + 12 * 9


def test_the_paper_s_settings_look_the_same_beside_others() -> None:
    assert {name: looks(others(3, 3))[name] for name in PAPER_SETTINGS} == looks({})


@pytest.mark.parametrize("group", [group for group in GROUPS if group != "paper"])
def test_the_settings_of_a_group_are_told_apart_beside_the_paper_s(group: str) -> None:
    found = looks({name: SETTINGS[name] for name in GROUPS[group]})
    assert len({appearance(look) for look in found.values()}) == 11 + len(GROUPS[group])
    families = {SETTINGS[name].family: look.colour for name, look in found.items() if look.line == "-"}
    assert len(set(families.values())) == len(families) == len({SETTINGS[name].family for name in found})


def contrast_to_white(colour: tuple[float, ...]) -> float:
    """As WCAG 2 defines it, of a colour in sRGB."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
    return 1.05 / (0.05 + 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])


def test_every_colour_is_seen_on_white() -> None:
    found = looks({**SETTINGS, **others(12, 9)})
    assert contrast_to_white((1.0, 1.0, 1.0)) == 1
    assert min(contrast_to_white(look.colour) for look in found.values()) >= 3


def test_families_of_the_paper_are_told_apart_without_colour() -> None:
    markers = {SETTINGS[name].family: looks({})[name].marker for name in PAPER_SETTINGS}
    assert len(set(markers.values())) == len(markers) == 4
    assert len({(look.marker, look.line) for look in looks({}).values()}) == len(PAPER_SETTINGS)


def test_all_settings_are_told_apart() -> None:
    assert len({appearance(look) for look in looks(SETTINGS).values()}) == len(SETTINGS)


@pytest.mark.parametrize(
    ("count", "columns", "rows"), [(1, 1, 1), (3, 3, 1), (4, 4, 1), (5, 4, 2), (8, 4, 2), (11, 4, 3)]
)
def test_panels_are_wrapped(count: int, columns: int, rows: int) -> None:
    figure, panels = wrap_panels(count, 4, (3.0, 2.0), margin=(1.0, 0.5), sharey=True)
    assert figure.get_size_inches().tolist() == [1 + 3 * columns, 0.5 + 2 * rows]
    assert len(panels) == count
    assert [panel for panel in figure.axes if panel.axison] == panels
