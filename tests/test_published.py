"""What is published: the README and the results beside it."""

import re

from bench.common.files import json_text, read_text
from bench.results.folder import open_results
from tests.helpers.processes import ROOT

README = read_text(ROOT / "README.md")


def test_its_table_is_that_of_the_results() -> None:
    found = re.search(r"<!-- results/table1.md -->\n(.*?)\n<!-- end -->", README, re.DOTALL)
    assert found
    assert found[1] in read_text(ROOT / "results" / "table1.md")
    assert len(found[1].splitlines()) == 2 + 11


def test_the_files_that_it_names_are_there() -> None:
    named = re.findall(r"[`(]((?:algorithms|bench|results|tests|notebooks)/[A-Za-z0-9_./-]+)[`)]", README)
    assert len(named) > 15
    missing = [path for path in set(named) if "/variants/" not in path and not (ROOT / path).exists()]
    assert missing == []


def test_the_published_protocol_is_written_as_it_would_be_now() -> None:
    results = open_results(ROOT / "results", None, create=False)
    assert read_text(ROOT / "results" / "protocol.json") == json_text(results.protocol.as_json())
