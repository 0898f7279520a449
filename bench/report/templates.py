"""Pages from templates: Markdown with placeholders, `templates/*.md`.

Python computes values, and a template formats them: `{{ row.score | number }}`. A line of a template goes on
with the line before, unless that is empty or this one begins a table's row or a list's item; so sentences and
conditions have lines of their own. After `%}` the line's end is left out, and after `+%}` it is kept.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bench.common.errors import printable
from bench.protocol.environments import without_version
from bench.report import formats

# What Markdown takes for more than text; but not a `<` before a space, as of a p value, or a `_` in a word.
SPECIAL = re.compile(r"[\\`*\[\]|~$]|<(?=\S)|&(?=#?\w+;)|(?<!\w)_|_(?!\w)")
CODE = re.compile(r"(^```.*?^```$)", flags=re.DOTALL | re.MULTILINE)
# A line's end within a paragraph or an item of a list, with the indentation that follows. The space of an
# empty cell is no indentation.
WRAPPED = re.compile(r"(?<=[^\n])\n(?![\n|]| *- )(?: *(?=[^ |]))?")


def render(template: str, **values: Any) -> str:
    """Fill a template with values.

    Args:
        template: its path in `templates`.
        values: by the names that the template has for them. Pass no iterator, because a list of contents
            renders the sections once more.

    Returns:
        Markdown, its lines joined as `join_lines` does.

    Raises:
        jinja2.UndefinedError: for a name in the template that has no value.
    """
    return join_lines(ENVIRONMENT.get_template(template).render(values))


def join_lines(page: str) -> str:
    """Markdown with each paragraph, item and row on one line, and one blank line between paragraphs."""
    parts = CODE.split(page)
    parts[::2] = [re.sub(r"\n{3,}", "\n\n", WRAPPED.sub(" ", part)) for part in parts[::2]]
    return "".join(parts).strip() + "\n"


def text(value: object) -> Markup:
    """A value as text of a page: every placeholder of a template is filled through this function.

    Labels and names come from files of others, so they can't be links, cells or HTML. Filters that write
    Markdown return `Markup`, which stays as it is.
    """
    if isinstance(value, Markup):
        return value
    escaped = SPECIAL.sub(r"\\\g<0>", printable(re.sub(r"\s+", " ", str(value))))
    return Markup(re.sub(r"< (?=\d)", "<\u00a0", escaped))  # no line ends within a small p


def format_table(cells: Iterable[Iterable[object]]) -> Markup:
    """Heading and rows as a table, all but the first column to the right."""
    heading, *rows = [[str(text(cell)) for cell in row] for row in cells]
    rule = ["---", *["---:"] * (len(heading) - 1)]
    return Markup("\n".join("| " + " | ".join(row) + " |" for row in (heading, rule, *rows)))


def anchor(heading: str) -> str:
    """What a link to a heading ends in, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def contents(page: str) -> Markup:
    """A list of links to the sections of a page."""
    headings = re.findall(r"^## (.+)$", page, flags=re.MULTILINE)
    return Markup("\n".join(f"- [{heading}](#{anchor(heading)})" for heading in headings))


ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    undefined=StrictUndefined,
    autoescape=True,
    finalize=text,
    trim_blocks=True,
    lstrip_blocks=True,
)
ENVIRONMENT.filters |= {
    "ahead_of": formats.format_ahead,
    "contents": contents,
    "counted": formats.format_count,
    "decimals": formats.format_decimals,
    "estimate": formats.format_estimate,
    "interval": formats.format_interval,
    "kl": formats.format_kl,
    "listed": formats.format_list,
    "number": formats.format_number,
    "p": formats.format_p,
    "quoted": formats.format_quoted,
    "reading": formats.format_reading,
    "return": formats.format_return,
    "share": formats.format_share,
    "table": format_table,
    "without_version": without_version,
}
