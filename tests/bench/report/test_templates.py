"""How blanks of templates are filled, anchors and lists of contents, by hand."""

import pytest
from markupsafe import Markup

from bench.report.templates import anchor, contents, join_lines, text


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
    assert contents("\n\n".join(parts)) == "- [One](#one)\n- [Two](#two)\n- [Three](#three)"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("Mine | not\nhis", "Mine \\| not his"),
        ("[x](https://example.org) ![y](z)", "\\[x\\](https://example.org) !\\[y\\](z)"),
        ("<script> `*a*", "\\<script> \\`\\*a\\*"),
        ("< 0.001", "<\u00a00.001"),
        ("_not_ d_targ ~~$x$~~ &lt; R&D", "\\_not\\_ d_targ \\~\\~\\$x\\$\\~\\~ \\&lt; R&D"),
        ("\x1b[2J\u202e", "\\\\x1b\\[2J\\\\u202e"),
        (Markup("[x](y)"), "[x](y)"),
    ],
)
def test_what_fills_a_blank_is_text(value: object, written: str) -> None:
    assert text(value) == written


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("One sentence.\n  Another.\n\nMore.", "One sentence. Another.\n\nMore."),
        ("- One\n  item\n  - below\n    it\n- Another", "- One item\n  - below it\n- Another"),
        ("| a |\nb |\n |\n| c |", "| a | b |  |\n| c |"),
        ("One\nsentence.\n\n\n\nMore.", "One sentence.\n\nMore."),
        ("```python\nx = 1\n\n\ny = 2\n```\nText.", "```python\nx = 1\n\n\ny = 2\n```\nText."),
    ],
)
def test_a_line_goes_on_within_a_paragraph_an_item_and_a_row(lines: str, expected: str) -> None:
    assert join_lines(lines) == expected + "\n"
