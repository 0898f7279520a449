"""What is published: the README and the results beside it."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.mathtext import MathTextParser

from bench.common.files import csv_text, digest, json_text, read_text
from bench.common.provenance import processor_kind
from bench.options import Options
from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.protocol import DEFAULT, PLANNED_SEEDS, Run
from bench.protocol.selection import Selection
from bench.protocol.settings import LECTURE_SETTINGS, NAMED_ONLY, PAPER_SETTINGS
from bench.report.explorer import html
from bench.report.explorer.content import gather_content
from bench.report.explorer.texts import render_texts
from bench.report.variants import render_variants
from bench.results import evaluations
from bench.results.checksums import CHECKSUMS
from bench.results.evaluations import summarize
from bench.results.folder import open_results
from bench.results.policies import Policy, load_policy
from bench.results.reading import KEYS, load_runs
from bench.scores.analysis import analyze
from bench.scores.variants import read_variants
from bench.speed import page
from bench.training.evaluation import play
from tests.helpers.links import anchors, links
from tests.helpers.processes import ROOT

README = read_text(ROOT / "README.md")
# All Markdown but templates.
PAGES = [
    path
    for path in sorted(path.relative_to(ROOT) for path in ROOT.glob("**/*.md"))
    if path.parts[0][0] != "." and path.parent != Path("bench/report/templates")
]
# The results folders: the default's, and those of the variants that have one.
PUBLISHED = [path.parent for path in sorted((ROOT / "results").glob("**/protocol.json"))]


def test_it_is_short() -> None:
    assert len(README.split()) < 900


def test_the_files_that_it_names_are_there() -> None:
    named = re.findall(r"[`(]((?:algorithms|bench|results|tests|notebooks)/[A-Za-z0-9_./-]+)[`)]", README)
    assert len(named) > 15
    assert [path for path in set(named) if not (ROOT / path).exists()] == []
    in_the_map = README.partition("## The map")[2]
    assert re.findall(r"(?<!\[)`[\w./]+/[\w./]+`", in_the_map) == []  # all are links


def test_what_the_factorial_gave_is_what_the_readme_says() -> None:
    criteria = pd.read_csv(ROOT / "results" / "factorial" / "criteria.csv")
    fits = criteria[["fits_uniform", "fits_untrained"]].sum()
    assert (len(criteria), *fits) == (16, 0, 2)
    text = " ".join(README.split())
    assert "below uniform actions under [none of 16 protocols]" in text
    assert "below the untrained policy under two." in text


def test_what_came_out_is_what_the_readme_says_in_short() -> None:
    scores = pd.read_csv(ROOT / "results" / "table1.csv", index_col="setting")["score"]
    first = {"clip-0.1", "clip-0.2"}
    assert scores["no-clip"] < 0
    assert set(scores.nlargest(2).index) == first
    pairs = pd.read_csv(ROOT / "results" / "robustness.csv")
    between = pairs[pairs[["setting", "other"]].isin(first).all(axis=1)].set_index("way")
    assert between.loc["uniform_run", "p_holm"] > 0.05
    names = {"setting": "other", "other": "setting", "score": "other_score", "other_score": "score"}
    both = pd.concat([pairs, pairs.rename(columns=names)])
    both = both[both["setting"].isin(first) & ~both["other"].isin(first)]
    wins = (both["p_holm"] < 0.05) & (both["score"] > both["other_score"])
    ahead = wins.groupby([both["way"], both["setting"]]).sum().unstack()
    assert (ahead.loc["uniform_run"] == 9).all()
    assert ahead.loc["without_Walker2d-v4"].isin([4, 5]).all()
    assert (ahead.loc["environments_at_random"] == 0).all()
    ranks = pd.read_csv(ROOT / "results" / "seeds_left_out.csv")
    assert ranks[ranks["setting"].isin(first)]["rank"].isin([1, 2]).all()
    runs = pd.read_csv(ROOT / "results" / "scores.csv")
    others = runs[(runs["environment"] != "Reacher-v4") & runs["setting"].isin(PAPER_SETTINGS)]
    without_reacher = others.groupby("setting")["normalized"].mean()
    assert without_reacher.pop("no-clip") < 0.5 * without_reacher.min()


def test_a_job_takes_as_long_as_the_page_on_training_says() -> None:
    seconds = pd.read_csv(ROOT / "results" / "made.csv").groupby("environment")["seconds"].mean()
    hours = 33 * seconds / 3600
    assert (hours.idxmin(), round(4 * hours.min())) == ("InvertedPendulum-v4", 1)
    assert (hours.idxmax(), round(4 * hours.max())) == ("Walker2d-v4", 4)
    text = " ".join(read_text(ROOT / "bench" / "README.md").split())
    assert "a quarter of an hour (InvertedPendulum) to an hour (Walker2d)" in text


def test_the_notebook_shows_the_table_of_the_results() -> None:
    """After a change of runs: make notebooks."""
    columns = ["score", "ci_low", "ci_high"]
    table = pd.read_csv(ROOT / "results" / "table1.csv", index_col="setting")[columns].round(2)
    notebook = json.loads(read_text(ROOT / "notebooks" / "table1.ipynb"))
    (shown,) = (
        cell["outputs"] for cell in notebook["cells"] if "interval.round(2)" in "".join(cell["source"])
    )
    lines = "".join(shown[0]["data"]["text/plain"]).splitlines()
    output = {setting: [float(number) for number in rest] for setting, *rest in map(str.split, lines[2:])}
    assert output == {setting: list(row) for setting, *row in table.itertuples(name=None)}


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_is_published_executed_and_without_times(path: Path) -> None:
    """So that executing it again changes what it prints alone: make notebooks."""
    cells = json.loads(read_text(path))["cells"]
    assert [cell for cell in cells if "execution" in cell["metadata"]] == []
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_the_links_lead_somewhere(page: Path) -> None:
    lost = []
    for link in links(read_text(ROOT / page)):
        file, _, anchor = link.partition("#")
        target = (ROOT / page).parent / file if file else ROOT / page
        if not target.exists() or (anchor and anchor not in anchors(read_text(target))):
            lost.append(link)
    assert lost == []


def test_the_page_of_the_results_is_short_and_lists_what_it_has() -> None:
    text = read_text(ROOT / "results" / "README.md")
    assert len(text.split()) < 2600
    headings = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
    assert re.findall(r"^- \[(.+)\]\(#", text, flags=re.MULTILINE) == headings
    assert {"details.md", "index.html", "lecture.md", "variants/README.md"} <= set(links(text))


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_a_sentence_can_be_read_in_one_breath(page: Path) -> None:
    """Sixty words and three times "and" at most; tables and code are left out."""
    text = re.sub(r"```.*?```", "", read_text(ROOT / page), flags=re.DOTALL)
    lines = "\n".join(line for line in text.splitlines() if not line.startswith(("|", "    ")))
    sentences = re.split(r"(?<=[.:;])\s+|\n\s*\n|\n\s*- ", lines)
    assert [
        each for each in sentences if len(each.split()) > 60 or len(re.findall(r"\band\b", each)) > 3
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_a_picture_is_described_for_those_who_do_not_see_it(page: Path) -> None:
    assert re.findall(r"!\[ *\]\(.*", read_text(ROOT / page)) == []


def test_the_equations_are_formulas_that_can_be_set() -> None:
    """Matplotlib sets a part of LaTeX, which is enough for these."""
    blocks = re.split(r"^\$\$$", read_text(ROOT / "algorithms" / "README.md"), flags=re.MULTILINE)
    assert len(blocks) > 24
    for formula in blocks[1::2]:
        MathTextParser("path").parse(f"${' '.join(formula.split())}$")


def test_the_equations_page_names_what_is_there() -> None:
    folder = ROOT / "algorithms"
    page = read_text(folder / "README.md")
    assert [name for name in NAMED_ONLY if f"`{name}`" not in page] == []
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
    assert html.format_page(gather_content(*Options(ROOT / "results").open())) == text
    assert len(text.encode()) < 5e6


def test_the_texts_for_a_browser_are_those_of_the_pages_and_their_links_lead_somewhere() -> None:
    """After a change of pages: make page."""
    folder = ROOT / "results"
    texts = {
        folder / f"{name}.html": html.format_text(name, text) for name, text in render_texts(folder).items()
    }
    assert {path.name for path in texts} >= {"README.html", "details.html", "lecture.html"}
    for path, text in texts.items():
        assert read_text(path) == text
        for link in re.findall(r'(?:href|src)="([^"]+)"', text.partition("</head>")[2]):
            file, _, part = link.partition("#")
            target = path.parent / file if file else path
            assert "://" in link or target.exists(), (path, link)
            if part and target.suffix == ".html" and target.name != html.PAGE:
                assert f'id="{part}"' in read_text(target), (path, link)


def test_the_published_protocol_is_written_as_it_would_be_now() -> None:
    results = open_results(ROOT / "results", None, create=False)
    assert read_text(ROOT / "results" / "protocol.json") == json_text(results.protocol.as_json())


def test_the_runs_are_of_all_planned_seeds_and_the_policies_of_seed_0_can_be_used() -> None:
    folder = ROOT / "results"
    runs = load_runs(folder)
    assert open_results(folder, None, create=False).protocol == DEFAULT
    for settings, seeds in ((PAPER_SETTINGS, PLANNED_SEEDS), (LECTURE_SETTINGS, 3)):
        made = runs[runs["setting"].isin(settings)].drop_duplicates(list(KEYS))
        counts = made.groupby(["seed", "environment"]).size().unstack(fill_value=0)
        assert counts.index.tolist() == list(range(seeds))
        assert set(counts.to_numpy().flat) == {len(settings)}
    for environment in ENVIRONMENTS:
        for setting in (*PAPER_SETTINGS, *LECTURE_SETTINGS):
            policy = load_policy(folder / "policies" / environment / setting / "seed-00.npz")
            assert policy(policy.observation_mean).shape == policy.log_std.shape


def test_what_policies_return_is_of_the_published_runs_and_policies() -> None:
    """A run's last line has the standard deviation of its final policy's actions, in 32 bits."""
    results = open_results(ROOT / "results", None, create=False)
    lines = evaluations.read(results.path)
    assert set(lines["episodes"]) == {100}
    modes: dict[Run, list[str]] = {}
    for line in lines.itertuples():
        run = Run(line.environment, line.setting, line.seed)
        modes.setdefault(run, []).append(line.mode)
        heading, *_, last = read_text(results.csv_path(run)).splitlines()
        policy_std = dict(zip(heading.split(","), last.split(","), strict=True))["policy_std"]
        assert line.action_std == pytest.approx(float(policy_std), rel=1e-6), run
        if run.seed == 0:
            assert line.policy_sha256 == digest(results.policy_path(run).read_bytes()), run
    assert set(map(tuple, modes.values())) == {("mean", "sampled")}
    assert modes.keys() >= set(Selection(ENVIRONMENTS, PAPER_SETTINGS, (0,)).runs)


@pytest.mark.slow
@pytest.mark.skipif(processor_kind() != "linux-x86_64-avx2-fma", reason="another kind has other bits")
def test_what_a_policy_returns_is_found_again_to_the_last_digit() -> None:
    results, run = open_results(ROOT / "results", None, create=False), Run("Reacher-v4", "clip-0.2", 0)
    stored = results.policy_path(run).read_bytes()
    again = summarize(run, stored, *play(run, Policy.from_bytes(stored), 100, results.protocol))
    text = csv_text(again.sort_values("mode")).partition("\n")[2]
    assert text in read_text(results.path / evaluations.FILE)


@pytest.mark.parametrize("folder", PUBLISHED, ids=lambda folder: folder.name)
def test_the_checksums_are_those_of_the_runs(folder: Path) -> None:
    subprocess.run(["sha256sum", "--check", "--quiet", CHECKSUMS], cwd=folder, check=True)
    named = {line.split(maxsplit=1)[1] for line in read_text(folder / CHECKSUMS).splitlines()}
    files = [*folder.glob("runs/*/*/*"), *folder.glob("policies/*/*/seed-00.npz")]
    files += folder.glob("policies.csv")
    assert named == {"protocol.json", "random.csv", *(str(path.relative_to(folder)) for path in files)}


@pytest.mark.slow
def test_the_page_of_the_variants_is_that_of_their_runs() -> None:
    """After a change of runs: make variants."""
    folder = ROOT / "results"
    results, selection = Options(folder).open()
    variants = read_variants(results, analyze(results, selection))
    assert render_variants(variants, folder) == read_text(folder / "variants" / "README.md")
    assert csv_text(variants.table) == read_text(folder / "variants" / "variants.csv")


def repeated_on_another_make(path: Path) -> pd.DataFrame:
    """The lines of a `verified.csv` whose run was made on AMD and repeated on Intel, or the other way round.

    All of the file must have been repeated to the bit.
    """
    repeated = pd.read_csv(path)
    assert set(repeated["outcome"]) == {"identical"}
    made_on, repeated_on = repeated["made_on"].str, repeated["repeated_on"].str
    return repeated[
        made_on.contains("Intel") & repeated_on.contains("AMD")
        | made_on.contains("AMD") & repeated_on.contains("Intel")
    ]


def test_what_was_repeated_was_repeated_to_the_bit_also_on_another_make_of_processor() -> None:
    other = repeated_on_another_make(ROOT / "results" / "verified.csv")
    assert set(other["environment"]) == set(ENVIRONMENTS)
    assert (other["timesteps"] == DEFAULT.timesteps).sum() >= len(PAPER_SETTINGS)


def test_variants_were_repeated_on_another_make_of_processor_in_all_their_environments() -> None:
    repeated = list((ROOT / "results" / "variants").glob("*/verified.csv"))
    assert repeated
    for path in repeated:
        trained = {environment.name for environment in (path.parent / "runs").iterdir()}
        assert set(repeated_on_another_make(path)["environment"]) == trained, path


def test_the_page_of_the_speed_is_that_of_its_tables(tmp_path: Path) -> None:
    for name in ("speed.csv", "speed.json", "scaling.csv"):
        shutil.copyfile(ROOT / "results" / "speed" / name, tmp_path / name)
    assert read_text(Path(page.write_page(tmp_path))) == read_text(ROOT / "results" / "speed" / "README.md")
