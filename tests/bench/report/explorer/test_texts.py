"""Markdown pages as HTML."""

import re
from importlib.resources import files
from pathlib import Path

from bench.report.explorer.html import format_text
from bench.report.explorer.texts import TEXTS, Text, render_text, render_texts

THERE = ("README", "details", "variants/README")


def body(markdown: str, name: str = "README") -> str:
    return render_text(markdown, name, THERE).body


def test_html_in_a_page_stays_text() -> None:
    assert body("<script>x</script> <b>y</b>\n") == (
        "<p>&lt;script&gt;x&lt;/script&gt; &lt;b&gt;y&lt;/b&gt;</p>\n"
    )
    assert "<a" not in body("[x](javascript:alert)")
    page = format_text("README", Text("</title>{{body}}", "{{title}}"))
    assert "<title>&lt;/title&gt;{{body}}</title>" in page
    assert "<main>\n{{title}}\n</main>" in page


def test_links_between_pages_lead_to_their_html() -> None:
    for markdown, name, expected in (
        ("details.md#power", "README", "details.html#power"),
        ("variants/README.md", "README", "variants/README.html"),
        ("../details.md", "variants/README", "../details.html"),
        ("#here", "README", "#here"),
        ("../README.md", "README", "../README.md"),  # of the repository
        ("table1.csv", "README", "table1.csv"),
        ("https://example.org/details.md", "README", "https://example.org/details.md"),
    ):
        assert f'<a href="{expected}">' in body(f"[x]({markdown})", name)


def test_headings_can_be_led_to_and_tables_scroll() -> None:
    text = render_text("# A `b` \\_c & d\n\n| x | y |\n| --- | ---: |\n| 1 | 2 |\n", "README", THERE)
    assert text.title == "A b _c & d"
    assert '<h1 id="a-b-_c--d">' in text.body
    assert '<div class="scroll"><table>' in text.body
    assert '<td style="text-align:right">2</td>' in text.body


def test_all_pages_that_the_results_lead_to_are_rendered() -> None:
    template = (files("bench.report") / "templates" / "results.md").read_text(encoding="utf-8")
    pages = set(re.findall(r"\]\(([\w/]+)\.md[)#]", template))
    assert len(pages) > 6
    assert pages < set(TEXTS)


def test_pages_of_somebody_else_are_left_alone(tmp_path: Path) -> None:
    for name in ("README", "notes"):
        (tmp_path / f"{name}.md").write_text("# Title\n")
    assert list(render_texts(tmp_path)) == ["README"]
