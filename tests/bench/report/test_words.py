"""Anchors and lists of contents, by hand."""

import pytest

from bench.report.words import anchor, contents


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("Table 1: average normalized score", "table-1-average-normalized-score"),
        ("Beside the paper's Figure 3", "beside-the-papers-figure-3"),
        ("No clipping or penalty, by its runs", "no-clipping-or-penalty-by-its-runs"),
    ],
)
def test_an_anchor_is_that_of_github(heading: str, expected: str) -> None:
    assert anchor(heading) == expected


def test_the_contents_are_all_headings_of_sections() -> None:
    parts = ["## One", "text ## not", "## Two\n\nmore\n\n## Three\n\n### Below"]
    assert contents(parts) == "- [One](#one)\n- [Two](#two)\n- [Three](#three)"
