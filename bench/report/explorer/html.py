"""The page itself: its files, the library and the data in one; and the texts beside it."""

import json
import re
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from bench.common.files import write_whole
from bench.protocol.selection import Selection
from bench.report.explorer.content import gather_content
from bench.report.explorer.texts import Text, render_texts
from bench.results.folder import Results

PAGE = "index.html"
SCRIPTS = (
    *("data", "elements", "limits", "panel", "zoom", "saving", "curves", "readout", "intervals"),
    *("tables", "beside", "pairs", "link", "controls"),
)
# What the page's scripts use of the library: vega-embed, which brings Vega-Lite.
LIBRARY = "window.vegaEmbed = vegaEmbed;"


def write_page(results: Results, selection: Selection) -> str:
    """Write the page of all finished runs into the results folder, and its texts as HTML; returns its path.

    selection: the runs of Table 1.

    Raises:
        UserError: for a folder without finished runs, or a file that can't be used, naming it.
    """
    path, page = results.path / PAGE, format_page(gather_content(results, selection))
    for name, text in render_texts(results.path).items():
        write_whole(results.path / f"{name}.html", format_text(name, text))
    write_whole(path, page)
    return str(path)


def format_page(content: dict[str, Any]) -> str:
    """The page of what `gather_content` returned. The same content gives the same bytes."""
    data = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _fill(
        "page.html",
        style=_file("text.css") + _file("page.css"),
        library=_library(),
        data=data.replace("<", "\\u003c"),  # which might end the element
        script="\n".join(_file(f"{name}.js") for name in SCRIPTS),
    )


def format_text(name: str, text: Text) -> str:
    """A text as a page of its own. name: its path without the ending."""
    up = "../" * name.count("/")
    links = {f"{up}{PAGE}": "Explore the runs", f"{up}README.html": "README of the results"}
    return _fill(
        "text.html",
        style=_file("text.css"),
        title=escape(text.title),
        links=" ".join(f'<a href="{link}">{label}</a>' for link, label in links.items()),
        body=text.body,
    )


def _fill(template: str, **parts: str) -> str:
    """A file with its blanks filled: in one pass, because a part may have what looks like a blank."""
    return re.sub(r"\{\{(\w+)\}\}", lambda blank: parts[blank[1]], _file(template))


def _file(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


@cache
def _library() -> str:
    """Vega-Lite as a script, which the package vl-convert has."""
    import vl_convert

    # Not the words that would end the page's script.
    return vl_convert.javascript_bundle(LIBRARY).replace("</script", "<\\/script")
