"""What is published: the README and the results beside it."""

import re

import pytest

from bench.common.files import json_text, read_text
from bench.options import Options
from bench.protocol.protocol import DEFAULT
from bench.protocol.settings import LECTURE_SETTINGS, PAPER_SETTINGS
from bench.report.explorer import html
from bench.report.explorer.content import content
from bench.results.folder import open_results
from bench.results.policies import load_policy
from bench.results.reading import load_runs
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


def test_the_lecture_s_page_names_what_is_there() -> None:
    folder = ROOT / "algorithms"
    page = read_text(folder / "README.md")
    assert [name for name in LECTURE_SETTINGS if f"`{name}`" not in page] == []
    assert [link for link in re.findall(r"\]\(([^)]+)\)", page) if not (folder / link).exists()] == []
    functions = re.findall(
        r"`(?:Rule\.)?(\w+)`(?: and `(?:Rule\.)?(\w+)`)?\s+in\s+\[`[^`]+`\]\(([^)]+)\)", page
    )
    assert len(functions) > 6
    for *names, path in functions:
        for name in filter(None, names):
            assert f"def {name}(" in read_text(folder / path), name


@pytest.mark.slow
def test_the_page_to_explore_is_that_of_the_results() -> None:
    """After a change of runs, tables or the page itself: make page."""
    text = read_text(ROOT / "results" / "index.html")
    assert html.page(content(*Options(ROOT / "results").open())) == text
    assert len(text.encode()) < 5e6


def test_the_published_protocol_is_written_as_it_would_be_now() -> None:
    results = open_results(ROOT / "results", None, create=False)
    assert read_text(ROOT / "results" / "protocol.json") == json_text(results.protocol.as_json())


def test_the_campaign_under_way_can_be_read_and_its_policies_used() -> None:
    folder = ROOT / "campaign-21"
    runs = load_runs(folder)
    assert open_results(folder, None, create=False).protocol == DEFAULT
    assert set(runs["seed"]) <= set(range(21))
    # An environment is published when all eleven settings of a seed are finished.
    counts = runs.groupby(["environment", "seed"])["setting"].nunique()
    assert set(counts) == {len(PAPER_SETTINGS)}
    for environment in set(runs["environment"][runs["seed"] == 0]):
        for setting in PAPER_SETTINGS:
            policy = load_policy(folder / "policies" / environment / setting / "seed-00.npz")
            assert policy(policy.observation_mean).shape == policy.log_std.shape
