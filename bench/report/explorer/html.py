"""The page itself: its files, the library and the data in one."""

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

from bench.common.files import write_whole
from bench.protocol.selection import Selection
from bench.report.explorer.content import content
from bench.results.folder import Results

PAGE = "index.html"
SCRIPTS = tuple(
    f"{name}.js"
    for name in ("data", "elements", "panel", "curves", "readout", "intervals", "tables", "controls")
)
# What the library's script leaves to the page's: vega-embed, which brings Vega.
LIBRARY = "window.vegaEmbed = vegaEmbed;"


def save(results: Results, selection: Selection) -> str:
    """Write the page of all finished runs into the results folder; returns its path.

    selection: the runs of Table 1.

    Raises:
        UserError: for a folder without finished runs, or a file that can't be used, naming it.
    """
    path = results.path / PAGE
    write_whole(path, page(content(results, selection)))
    return str(path)


def page(found: dict[str, Any]) -> str:
    """The page of what `content` found. The same content gives the same bytes."""
    data = json.dumps(found, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    parts = {
        "style": _file("page.css"),
        "library": _library(),
        "data": data.replace("<", "\\u003c"),  # which might end the element
        "script": "\n".join(map(_file, SCRIPTS)),
    }
    # In one pass, because a part may contain what looks like the place of another.
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], _file("page.html"))


def _file(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


@cache
def _library() -> str:
    """Vega as a script, from the package vl-convert, which has it."""
    import vl_convert

    # Not the words that would end the page's script.
    return vl_convert.javascript_bundle(LIBRARY).replace("</script", "<\\/script")
