"""What variants move: by hand, and from folders of made-up runs to the page."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from bench.commands.reports import Variants as Command
from bench.common.errors import UserError
from bench.protocol.settings import PAPER_SETTINGS, SETTINGS
from bench.protocol.variants import VARIANTS, folder_of
from bench.results.folder import Results
from bench.scores.pairs import holm
from bench.scores.report import Report
from bench.scores.variants import Variants
from bench.speed.scaling import synthetic_results

RANDOM = pd.DataFrame(
    [(name, policy, 0.0, 1.0) for name in ("A", "B") for policy in ("uniform", "untrained")],
    columns=["environment", "policy", "score", "standard_error"],
)


def default_report() -> Report:
    """Two environments in which every run returns 100 but those of clip-0.2, which return 40 and 60."""
    lines = [
        (environment, setting, seed, 40.0 + 20 * seed if setting == "clip-0.2" else 100.0)
        for environment in ("A", "B")
        for setting in PAPER_SETTINGS
        for seed in (0, 1)
    ]
    runs = pd.DataFrame(lines, columns=["environment", "setting", "seed", "return_last100"])
    runs = runs.assign(timesteps=1, episodes=1, diverged=False)
    return Report(SETTINGS, runs, pd.DataFrame(), RANDOM, PAPER_SETTINGS)


def variant_scores(**returns: list[float]) -> pd.DataFrame:
    """Runs of clip-0.2 in both environments, by variant."""
    lines = [
        (name.replace("_", "-"), environment, "clip-0.2", seed, score, 1, False)
        for name, scores in returns.items()
        for environment in ("A", "B")
        for seed, score in enumerate(scores)
    ]
    columns = ["variant", "environment", "setting", "seed", "score", "episodes", "diverged"]
    return pd.DataFrame(lines, columns=columns)


def test_differences_are_on_the_default_s_scale() -> None:
    # Better than the default's best: the scale stays.
    found = Variants(default_report(), variant_scores(raw_advantages=[200.0, 220.0], annealed=[50.0, 70.0]))
    table = found.table.set_index("variant")
    assert table.index.tolist() == ["raw-advantages", "annealed"]
    np.testing.assert_allclose(table["score"], [2.1, 0.6])
    np.testing.assert_allclose(table["default_score"], 0.5)
    np.testing.assert_allclose(table["difference"], [1.6, 0.1])
    # Four variances of 0.01 a mean of two runs, each with one degree of freedom: four in all. Student's
    # quantile is 2.776, the standard error √(4 · 0.01) / 2.
    np.testing.assert_allclose(table["high"] - table["difference"], 2.7764 * 0.1, rtol=1e-4)
    np.testing.assert_array_equal(table["p_holm"], holm(table["p"].to_numpy()))
    assert table["runs"].tolist() == [4, 4]
    by_environment = found.by_environment.set_index(["variant", "environment"])
    assert by_environment.index.tolist()[:2] == [("raw-advantages", "A"), ("raw-advantages", "B")]
    line = by_environment.loc[("annealed", "A")]
    np.testing.assert_allclose(
        [line["mean"], line["std"], line["default_mean"], line["difference"], line["score_without"]],
        [60, np.sqrt(200), 50, 0.1, 0.6],
    )


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return synthetic_results(tmp_path_factory.mktemp("made-up") / "results", None, range(3), PAPER_SETTINGS)


def test_the_page_has_a_line_for_each_variant_and_setting(default: Results, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(default.path, tmp_path / "results"))
    settings = ("no-clip", "clip-0.2")
    for name in ("raw-advantages", "v5"):
        synthetic_results(folder_of(folder, name), None, range(2), settings, VARIANTS[name])
    with (tmp_path / "log").open("w") as log:
        Command(folder).run(*Command(folder).open(), Console(file=log, width=200))
    assert (tmp_path / "log").read_text() == f"written: {folder}/variants/README.md\n"
    text = (folder / "variants" / "README.md").read_text()
    assert "nan" not in text
    table = pd.read_csv(folder / "variants" / "variants.csv")
    assert len(table) == 4
    for row in table.itertuples():
        assert f"| {row.variant} | {row.setting} | {row.score:z.2f} | {row.default_score:z.2f} |" in text
    assert len(pd.read_csv(folder / "variants" / "by_environment.csv")) == 4 * 7
    assert "What the published score of no-clip needs" in text
    assert "| Figure 3, read off | 1,800 | 2,330 |" in text
    assert (folder / "variants" / "variants.png").is_file()


def test_what_is_missing_is_told(default: Results, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(default.path, tmp_path / "results"))
    with pytest.raises(UserError, match="no run of a variant is finished"):
        Command(folder).run(*Command(folder).open(), Console())
    # One setting, in one environment, once.
    place = folder_of(folder, "annealed")
    part = synthetic_results(place, None, range(1), ["fixed-kl-1"], VARIANTS["annealed"])
    for path in (part.path / "runs").iterdir():
        if path.name != "Hopper-v4":
            shutil.rmtree(path)
    Command(folder).run(*Command(folder).open(), Console())
    text = (folder / "variants" / "README.md").read_text()
    assert "nan" not in text
    assert "What the published score" not in text
