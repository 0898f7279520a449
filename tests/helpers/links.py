"""Links and headings of Markdown pages, found by other code than that which writes them."""

import re


def prose(page: str) -> str:
    """A page without its blocks of code."""
    return "\n".join(page.split("```")[::2])


def links(page: str) -> list[str]:
    """Where its links lead that stay in the repository."""
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)) if "://" not in link]


def anchors(page: str) -> set[str]:
    """Where a link can lead in it: a heading in small letters, with hyphens, without punctuation."""
    headings = re.findall(r"^#+ +(.+?) *$", prose(page), flags=re.MULTILINE)
    return {
        "".join(sign for sign in heading.lower().replace(" ", "-") if sign.isalnum() or sign in "-_")
        for heading in headings
    }
