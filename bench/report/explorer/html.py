"""The page itself: its files, the library and the data in one."""

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

from bench.common.files import write_whole
from bench.protocol.selection import Selection
from bench.report.explorer.content import gather_content
from bench.results.folder import Results

PAGE = "index.html"
SCRIPTS = tuple(
    f"{name}.js"
    for name in (
        "data",
        "elements",
        "limits",
        "panel",
        "zoom",
        "saving",
        "curves",
        "readout",
        "intervals",
        "tables",
        "link",
        "controls",
    )
)
# What the page's scripts use of the library: vega-embed, which brings Vega-Lite.
LIBRARY = "window.vegaEmbed = vegaEmbed;"


def write_page(results: Results, selection: Selection) -> str:
    """Write the page of all finished runs into the results folder; returns its path.

    selection: the runs of Table 1.

    Raises:
        UserError: for a folder without finished runs, or a file that can't be used, naming it.
    """
    path = results.path / PAGE
    write_whole(path, format_page(gather_content(results, selection)))
    return str(path)


def format_page(content: dict[str, Any]) -> str:
    """The page of what `gather_content` returned. The same content gives the same bytes."""
    data = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    parts = {
        "style": _file("page.css"),
        "library": _library(),
        "data": data.replace("<", "\\u003c"),  # which might end the element
        "script": "\n".join(map(_file, SCRIPTS)),
    }
    # In one pass, because a part may contain what looks like the blank of another.
    return re.sub(r"\{\{(\w+)\}\}", lambda blank: parts[blank[1]], _file("page.html"))


def _file(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


@cache
def _library() -> str:
    """Vega-Lite as a script, which the package vl-convert has."""
    import vl_convert

    # Not the words that would end the page's script.
    return vl_convert.javascript_bundle(LIBRARY).replace("</script", "<\\/script")
