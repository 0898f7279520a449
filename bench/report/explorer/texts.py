"""The Markdown pages of a results folder as HTML, for readers without a program that shows Markdown."""

import posixpath
from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt

from bench.common.files import read_text
from bench.report.templates import anchor

# The pages that are rendered where they are there, without their ending. Any other is somebody's own.
TEXTS = (
    *("README", "details", "final_policies", "lecture", "rlhf", "successors"),
    *("variants/README", "leads", "factorial", "studies", "successors/plan", "speed/README"),
)


@dataclass(frozen=True)
class Text:
    """A page: the text of its first heading, and all of it as HTML."""

    title: str
    body: str


def render_texts(folder: Path) -> dict[str, Text]:
    """The pages that a results folder has, by their paths without the ending.

    Raises:
        UserError: for a page that can't be read, naming it.
    """
    there = [name for name in TEXTS if (folder / f"{name}.md").exists()]
    return {name: render_text(read_text(folder / f"{name}.md"), name, there) for name in there}


def render_text(page: str, name: str, there: Collection[str]) -> Text:
    """A page as HTML. Its headings have the ids that links end in.

    Links to other pages that are rendered lead to their HTML.

    name, there: paths of this page and of all that are rendered, without their ending.
    """
    # HTML in Markdown stays text, because labels and names come from files of others.
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens, title = parser.parse(page), ""
    for token, content in pairwise(tokens):
        if token.type == "heading_open":
            heading = "".join(child.content for child in content.children or ())
            token.attrSet("id", anchor(heading))
            title = title or heading
    for token in (child for each in tokens for child in each.children or ()):
        if token.type == "link_open":
            token.attrSet("href", _lead_to_html(str(token.attrGet("href")), name, there))
    body = str(parser.renderer.render(tokens, parser.options, {}))
    body = body.replace("<table>", '<div class="scroll"><table>').replace("</table>", "</table></div>")
    return Text(title, body)


def _lead_to_html(link: str, page: str, there: Collection[str]) -> str:
    """A link of a page, changed where it leads to a page that is rendered."""
    file, mark, part = link.partition("#")
    name, ending = posixpath.splitext(posixpath.normpath(posixpath.join(posixpath.dirname(page), file)))
    if ending != ".md" or name not in there:
        return link
    return f"{posixpath.splitext(file)[0]}.html{mark}{part}"
