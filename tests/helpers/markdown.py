"""Blocks of code in Markdown."""


def fenced(page: str, language: str) -> list[str]:
    """The blocks of a language; of shell lines, if it is empty."""
    return [
        body
        for block in page.split("```")[1::2]
        for kind, _, body in [block.partition("\n")]
        if kind.strip() == language
    ]
