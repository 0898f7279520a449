"""Words for readings of the scale, and headings with their anchors."""

import re

from bench.protocol.protocol import PAPER_SEEDS
from bench.scores.scale import READINGS, Reading

THREE = len(PAPER_SEEDS)


def described(reading: Reading) -> str:
    """A reading of the scale as a heading."""
    return f"{reading.random}, {'best run' if reading.best == 'run' else 'best setting mean'}"


DESCRIBED = {str(reading): described(reading) for reading in READINGS}


def anchor(heading: str) -> str:
    """What a link to a heading ends in, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def contents(sections: list[str]) -> str:
    """A list of links to the sections, whose headings are in these paragraphs."""
    headings = re.findall(r"^## (.+)$", "\n\n".join(sections), flags=re.MULTILINE)
    return "\n".join(f"- [{heading}](#{anchor(heading)})" for heading in headings)
