"""What variants move: by hand, and from folders of made-up runs to the page."""

import shutil
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from scipy import stats

from bench.commands.reports import Variants
from bench.common.errors import UserError
from bench.protocol.settings import PAPER_SETTINGS, SETTINGS
from bench.protocol.variants import VARIANTS, folder_of
from bench.report.variants import render_variants
from bench.results.folder import Results
from bench.scores.analysis import Analysis
from bench.scores.estimates import correct_by_holm
from bench.scores.variants import VariantTables
from tests.helpers.made_up import synthetic_results

RANDOM_COLUMNS = ["environment", "policy", "score", "standard_error"]
UNTRAINED = pd.DataFrame(columns=["variant", "environment", "untrained"])


def default_report(environments: Sequence[str], returns: Callable[[str, str, int], float]) -> Analysis:
    """Two seeds of the paper's settings; random policies return 0.

    returns: by environment, setting and seed.
    """
    keys = list(product(environments, PAPER_SETTINGS, (0, 1)))
    runs = pd.DataFrame(keys, columns=["environment", "setting", "seed"])
    runs = runs.assign(return_last100=[returns(*key) for key in keys])
    runs = runs.assign(timesteps=1, episodes=1, diverged=False)
    random = [(name, policy, 0.0, 1.0) for name in environments for policy in ("uniform", "untrained")]
    return Analysis(
        SETTINGS, runs, pd.DataFrame(), pd.DataFrame(random, columns=RANDOM_COLUMNS), PAPER_SETTINGS
    )


def a_hundred_but_clipping(environment: str, setting: str, seed: int) -> float:
    """Every run returns 100 but those of clip-0.2, which return 40 and 60."""
    return 40.0 + 20 * seed if setting == "clip-0.2" else 100.0


def variant_scores(**returns: list[float]) -> pd.DataFrame:
    """Runs of clip-0.2 in both environments, by variant."""
    lines = [
        (name.replace("_", "-"), environment, "clip-0.2", seed, score, 1, False)
        for name, scores in returns.items()
        for environment in ("A-v4", "B-v4")
        for seed, score in enumerate(scores)
    ]
    columns = ["variant", "environment", "setting", "seed", "score", "episodes", "diverged"]
    return pd.DataFrame(lines, columns=columns)


def test_differences_are_on_the_default_s_scale() -> None:
    # Better than the default's best: the scale stays.
    scores = variant_scores(raw_advantages=[200.0, 220.0], annealed=[50.0, 70.0])
    variants = VariantTables(default_report(("A-v4", "B-v4"), a_hundred_but_clipping), scores, UNTRAINED)
    table = variants.table.set_index("variant")
    assert table.index.tolist() == ["raw-advantages", "annealed"]
    np.testing.assert_allclose(table["score"], [2.1, 0.6])
    np.testing.assert_allclose(table["default_score"], 0.5)
    np.testing.assert_allclose(table["difference"], [1.6, 0.1])
    # Four variances of 0.01 a mean of two runs, each with one degree of freedom: four in all. Student's
    # quantile is 2.776, the standard error √(4 · 0.01) / 2.
    np.testing.assert_allclose(table["high"] - table["difference"], 2.7764 * 0.1, rtol=1e-4)
    np.testing.assert_allclose(table["p"], 2 * stats.t.sf(np.array([16.0, 1.0]), 4))
    np.testing.assert_array_equal(table["p_holm"], correct_by_holm(table["p"].to_numpy()))
    assert table["runs"].tolist() == [4, 4]
    by_environment = variants.by_environment.set_index(["variant", "environment"])
    assert by_environment.index.tolist()[:2] == [("raw-advantages", "A-v4"), ("raw-advantages", "B-v4")]
    line = by_environment.loc[("annealed", "A-v4")]
    np.testing.assert_allclose(
        [line["mean"], line["std"], line["default_mean"], line["difference"], line["score_without"]],
        [60, np.sqrt(200), 50, 0.1, 0.6],
    )


def test_the_significant_differences_are_named() -> None:
    scores = variant_scores(raw_advantages=[0.0, 20.0], v5=[50.0, 70.0], scaled_rewards=[200.0, 220.0])
    variants = VariantTables(default_report(("A-v4", "B-v4"), a_hundred_but_clipping), scores, UNTRAINED)
    np.testing.assert_allclose(variants.table["difference"], [-0.4, 1.6, 0.1])
    text = render_variants(variants, Path("nowhere"))
    # t is -4, 16 and 1 with four degrees of freedom: p of the first is 0.016, and doubled 0.032.
    assert (
        "Of these tests 2 find a difference. The score is lower under raw-advantages (clip-0.2). The score is"
        " higher under scaled-rewards (clip-0.2).\n"
    ) in text


def of_settings(variant: str, **returns: list[float]) -> pd.DataFrame:
    """Runs of a variant by setting, the same in both environments."""
    tables = [variant_scores(**{variant: runs}) for runs in returns.values()]
    names = [name.replace("_0", "-0.").replace("_", "-") for name in returns]
    return pd.concat([table.assign(setting=name) for table, name in zip(tables, names, strict=True)])


def test_a_pair_that_changes_its_order_is_named() -> None:
    # By default clip-0.1 scores 1 and clip-0.2 scores 0.5.
    scores = of_settings("raw_advantages", clip_01=[20.0, 22.0], clip_02=[60.0, 62.0])
    variants = VariantTables(default_report(("A-v4", "B-v4"), a_hundred_but_clipping), scores, UNTRAINED)
    (line,) = variants.order.itertuples()
    assert (line.variant, line.setting, line.other) == ("raw-advantages", "clip-0.1", "clip-0.2")
    np.testing.assert_allclose([line.difference, line.default_difference], [-0.4, 0.5])
    # Four variances of 0.0001 of a mean of two runs: 2.7764 standard errors of 0.01.
    np.testing.assert_allclose([line.low, line.high], [-0.4 - 0.027764, -0.4 + 0.027764], rtol=1e-4)
    text = render_variants(variants, Path("nowhere"))
    assert "In 1 of them the setting that is ahead under the default is behind. In 1 of these the" in text
    assert "Under raw-advantages clip-0.1 less clip-0.2 is -0.40 (-0.43 to -0.37), under the" in text
    assert "So the order of settings depends on the protocol." in text


def test_an_order_that_stays_is_not_said_to_change() -> None:
    scores = of_settings("raw_advantages", clip_01=[60.0, 62.0], clip_02=[20.0, 22.0])
    variants = VariantTables(default_report(("A-v4", "B-v4"), a_hundred_but_clipping), scores, UNTRAINED)
    text = render_variants(variants, Path("nowhere"))
    assert "In 0 of them the setting that is ahead under the default is behind." in text
    assert "depends on the protocol" not in text


def test_a_mean_of_runs_that_fell_far_is_off_the_scale() -> None:
    scores = variant_scores(raw_advantages=[50.0, -1e6], annealed=[50.0, 70.0])
    variants = VariantTables(default_report(("A-v4", "B-v4"), a_hundred_but_clipping), scores, UNTRAINED)
    text = render_variants(variants, Path("nowhere"))
    assert "| raw-advantages | clip-0.2 | off the scale | 0.50 | off the scale |  |" in text
    assert "| raw-advantages | clip-0.2 | off the scale | off the scale |" in text
    assert "| raw-advantages | clip-0.2 | A | -1,000,000; 50.0 | -499,975 | 50.0 |" in text
    assert "| annealed | clip-0.2 | 0.60 | 0.50 | 0.10 |" in text
    assert "-5,000.5" not in text


def test_a_variant_that_changes_no_run_is_named() -> None:
    scores = variant_scores(raw_advantages=[40.0, 61.0], annealed=[40.0, 60.0])
    variants = VariantTables(default_report(("A-v4", "B-v4"), a_hundred_but_clipping), scores, UNTRAINED)
    assert variants.by_environment.set_index("variant")["unchanged"].groupby("variant").all().to_dict() == {
        "annealed": True,
        "raw-advantages": False,
    }
    assert "Under annealed (A, B) all runs score what" in render_variants(variants, Path("nowhere"))


def test_runs_are_ranked_beside_the_default_s() -> None:
    # No clipping returns 100 by default, in both of its runs.
    scores = of_settings("annealed", no_clip=[101.0, 102.0])
    lower = of_settings("raw_advantages", no_clip=[99.0, 100.0])
    variants = VariantTables(
        default_report(("A-v4", "B-v4"), lambda *run: 100.0), pd.concat([scores, lower]), UNTRAINED
    )
    table = variants.by_environment.set_index(["variant", "environment"])["improvement"]
    # The second run ties with both of the default's.
    assert table.tolist() == [0.25, 0.25, 1, 1]
    text = render_variants(variants, Path("nowhere"))
    assert "All runs of the variant beat all of the default's: annealed (A, B). Without" in text
    # Two of the six ways to choose two of four runs, in each of four cells.
    assert "1.3 of the 4 cells would be expected to be 0.00 or 1.00." in text


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return synthetic_results(tmp_path_factory.mktemp("made-up") / "results", None, range(3), PAPER_SETTINGS)


@pytest.mark.slow
def test_the_page_has_a_line_for_each_variant_and_setting(default: Results, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(default.path, tmp_path / "results"))
    settings = ("no-clip", "clip-0.2")
    for name in ("raw-advantages", "v5"):
        synthetic_results(folder_of(folder, name), None, range(2), settings, VARIANTS[name])
    shorter = folder_of(folder, "annealed")
    synthetic_results(shorter, 20_480, range(2), settings, VARIANTS["annealed"])
    with (tmp_path / "log").open("w") as log:
        Variants(folder).run(*Variants(folder).open(), Console(file=log, width=400))
    said = (tmp_path / "log").read_text().splitlines()
    # A slow machine also says what takes so long.
    assert [line for line in said if not line.endswith(" ...")] == [
        f"{shorter} is left out: its runs have 20,480 timesteps, not 1,000,000",
        f"written: {folder}/variants/README.md",
    ]
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


@pytest.mark.slow
def test_missing_runs_and_folders_are_named(default: Results, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(default.path, tmp_path / "results"))
    with pytest.raises(UserError, match="no run of the paper's settings is finished in a variant"):
        Variants(folder).run(*Variants(folder).open(), Console())
    # One setting, in one environment, once.
    part = synthetic_results(
        folder_of(folder, "annealed"), None, range(1), ["fixed-kl-1"], VARIANTS["annealed"]
    )
    for path in (part.path / "runs").iterdir():
        if path.name != "Hopper-v4":
            shutil.rmtree(path)
    Variants(folder).run(*Variants(folder).open(), Console())
    text = (folder / "variants" / "README.md").read_text()
    assert "nan" not in text
    assert "()" not in text
    assert "Where an environment is missing, scores can't be compared." in text
    assert "What the published score" not in text
    table = pd.read_csv(folder / "variants" / "variants.csv")
    assert table[["score", "difference", "low", "p"]].isna().all(axis=None)
    # Without anything of the default to compare with.
    shutil.rmtree(folder / "runs" / "Hopper-v4")
    with pytest.raises(UserError, match="has no run of the default to compare with"):
        Variants(folder).run(*Variants(folder).open(), Console())


def report_of(returns: dict[tuple[str, str], float], default: dict[tuple[str, str], float]) -> VariantTables:
    """Annealed runs of a setting in an environment, each of two seeds, beside the default's.

    The default's runs are those of `default`, and 1,000 elsewhere; random policies return 0.
    """
    environments = ("HalfCheetah-v4", "Hopper-v4")
    scores = pd.DataFrame(
        [("annealed", *key, seed, value + seed, False) for key, value in returns.items() for seed in (0, 1)],
        columns=["variant", "environment", "setting", "seed", "score", "diverged"],
    )
    untrained = pd.DataFrame({"variant": "annealed", "environment": environments, "untrained": -500.0})
    report = default_report(environments, lambda *key: default.get(key[:2], 1000.0) + key[2])
    return VariantTables(report, scores, untrained)


@pytest.mark.parametrize(
    ("cheetah", "hopper", "outcome"),
    [
        (-2000.0, 900.0, "annealed has the published sign for the published reason"),
        # Better than the variant's own policy before training.
        (-400.0, 100.0, "none of them has the published sign"),
        # Because of Hopper as well.
        (-2000.0, -100.0, "none of them has the published sign"),
    ],
)
def test_the_published_reason_is_one_environment_below_the_initial_policy(
    cheetah: float, hopper: float, outcome: str
) -> None:
    variants = report_of({("HalfCheetah-v4", "no-clip"): cheetah, ("Hopper-v4", "no-clip"): hopper}, {})
    text = render_variants(variants, Path("nowhere"))
    assert "Here the score is negative under annealed." in text
    assert outcome in text
    assert f"| annealed | {variants.table['score'].item():.2f} | {cheetah:,.0f} |" in text
    half = cheetah < -500 and hopper < 0
    assert ("annealed has half of that reason: all 2 runs in HalfCheetah end below" in text) == half


@pytest.mark.parametrize(("hopper", "named"), [(2300.0, "annealed in Hopper."), (2900.0, "none.")])
def test_nearer_to_figure_3_is_not_beyond_it(hopper: float, named: str) -> None:
    """Figure 3 has 2,330, and the default 1,800."""
    returns = {("Hopper-v4", "clip-0.2"): hopper, ("HalfCheetah-v4", "clip-0.2"): 1000.0}
    variants = report_of(returns, {("Hopper-v4", "clip-0.2"): 1800.0})
    text = render_variants(variants, Path("nowhere"))
    assert f"Nearer after Holm's correction for all 2: {named}" in text
