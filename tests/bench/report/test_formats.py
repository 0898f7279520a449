"""How numbers and lists are written, by hand."""

import pytest

from bench.report.formats import format_ahead, format_interval, format_list, format_reading


@pytest.mark.parametrize(
    ("wins", "words"), [((9, 9), "all 9"), ((0, 0), "none"), ((8, 8), "8 each"), ((5, 4), "5 and 4")]
)
def test_counts_in_words(wins: tuple[int, int], words: str) -> None:
    assert format_ahead(wins, 9) == words


def test_an_unreliable_interval_is_in_brackets() -> None:
    assert format_interval(-0.001, 0.5) == "0.00 to 0.50"
    assert format_interval(-0.001, 0.5, unreliable=True) == "(0.00 to 0.50)"
    assert format_interval(float("nan"), float("nan"), unreliable=True) == ""


def test_a_list_ends_with_a_word() -> None:
    assert format_list([]) == "none"
    assert format_list(["a", "b", "c"]) == "a, b and c"
    assert format_list(["a", "b"], "or") == "a or b"


def test_a_reading_is_told_in_words() -> None:
    assert format_reading("untrained_setting_mean") == "untrained, best setting mean"
