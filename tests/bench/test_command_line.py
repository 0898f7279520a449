"""The command line: table, curves and status as a user gets them."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.commands.training import Verify
from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.settings import PAPER_SETTINGS
from bench.results.reading import load_runs
from tests.helpers.commands import run
from tests.helpers.made_up import synthetic_results
from tests.helpers.processes import command_line, contents

pytestmark = pytest.mark.slow


def test_what_only_reads_results_starts_without_jax_or_mujoco() -> None:
    read = ("command_line", "campaign.jobs", "campaign.status", "report.saving", "report.variants")
    modules = ", ".join(f"bench.{name}" for name in read)
    code = f"import sys, {modules}; print(sorted({{'jax', 'mujoco'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_table_has_eleven_rows_of_finite_numbers(written_table: Path) -> None:
    table = pd.read_csv(written_table / "table1.csv")
    scores = ["score", "ci_low", "ci_high", "untrained_score", "score_of_three"]
    assert list(table) == ["setting", "algorithm", "paper_score", *scores, "runs", "diverged"]
    assert table["setting"].tolist() == list(PAPER_SETTINGS)
    paper = [-0.39, 0.76, 0.82, 0.70, 0.68, 0.74, 0.71, 0.62, 0.71, 0.72, 0.69]
    assert table["paper_score"].tolist() == paper
    assert np.isfinite(table["score"]).all()
    assert table["runs"].tolist() == [7] * 11
    scale = pd.read_csv(written_table / "scale.csv")
    assert scale["environment"].tolist() == sorted(ENVIRONMENTS)
    scores = pd.read_csv(written_table / "scores.csv")
    assert len(scores) == 77
    # The table is the scores' arithmetic, done here by hand.
    merged = scores.merge(scale, on="environment")
    span = (merged["best_run"] - merged["random_uniform"]).abs()
    normalized = (merged["score"] - merged["random_uniform"]) / span
    by_row = normalized.groupby(merged["setting"]).mean()
    assert table["score"].tolist() == pytest.approx(by_row[table["setting"]].tolist(), rel=1e-6)
    markdown = (written_table / "table1.md").read_text()
    assert "| Clipping, ε = 0.2 | 0.82 |" in markdown
    assert "The runs have 2,048 timesteps, the paper's 1,000,000: don't compare them." in markdown
    assert "| Clipping, ε = 0.2 | 0.82 |" in (written_table / "README.md").read_text()
    latex = (written_table / "table1.tex").read_text()
    assert latex.count(r"\\") == 12
    assert latex.isascii()


def test_the_table_is_the_same_whenever_written(written_table: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(written_table, tmp_path / "results"))
    written = contents(folder)
    assert len([path for path in written if path.parent.name == "figures"]) == 18
    # The curves by themselves are those of the table.
    run("curves", "--results", str(folder))
    run("table", "--results", str(folder))
    assert contents(folder) == written


@pytest.mark.parametrize(
    ("selection", "coverage"),
    [
        (
            ["--environments", "Hopper-v4"],
            "over 11 of the 11 chosen runs, 1 of 7 environments, 11 settings and seeds 0;",
        ),
        (
            ["--settings", "clip-0.2", "no-clip"],
            "over 14 of the 14 chosen runs, 7 of 7 environments, 2 settings and seeds 0;",
        ),
        (["--seeds", "2"], "over 77 of the 154 chosen runs, 7 of 7 environments, 11 settings and seeds 0;"),
    ],
)
def test_part_of_the_table_is_shown_and_not_written(
    selection: list[str],
    coverage: str,
    results_folder: Path,
) -> None:
    arguments = ["table", "--results", str(results_folder), *selection]
    status, out, _ = run(*arguments)
    assert status == 0
    assert coverage in out
    assert not (results_folder / "table1.csv").exists()


@pytest.fixture(scope="module")
def with_more(whole_table: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A whole table beside a run of another seed and one of the lecture's, and what `table` prints."""
    folder = Path(shutil.copytree(whole_table, tmp_path_factory.mktemp("more") / "results"))
    for setting, seed in (("clip-0.2", 4), ("trpo-0.01", 0)):
        made_up = synthetic_results(folder.with_name(setting), 1, [seed], [setting]).path
        part = Path("runs", "Hopper-v4", setting)
        shutil.copytree(made_up / part, folder / part, dirs_exist_ok=True)
    status, out, err = run("table", "--results", str(folder))
    assert status == 0, err
    return folder, out


def test_incomplete_seeds_are_named(with_more: tuple[Path, str]) -> None:
    folder, out = with_more
    assert "left out, because runs of them are missing: seeds 4" in out
    assert (folder / "table1.csv").exists()
    status, out, _ = run("table", "--results", str(folder), "--seeds", "0-4")
    assert status == 0
    assert "the folder's own files are of a whole table" in out
    assert "left out" not in out


def test_curves_of_other_seeds_than_the_table_s_leave_its_figure_alone(with_more: tuple[Path, str]) -> None:
    folder, _ = with_more
    figure = folder / "figures" / "learning_curves.png"
    before = figure.read_bytes()
    assert run("curves", "--results", str(folder), "--seeds", "4-4").returncode == 0
    assert figure.read_bytes() == before
    assert figure.with_name("learning_curves_selection.png").exists()


def test_the_lecture_s_rows_are_shown_when_named_and_no_part_of_the_table(
    with_more: tuple[Path, str],
) -> None:
    folder, out = with_more
    assert "TRPO" not in out
    written = (folder / "table1.csv").read_bytes()
    assert b"trpo" not in written
    chosen = ("--settings", "paper", "lecture", "--seeds", "1")
    _, out, _ = run("table", "--results", str(folder), *chosen)
    assert "TRPO, δ = 0.01" in out
    assert "over 78 of the 140 chosen runs, 7 of 7 environments, 12 settings and seeds 0;" in out
    assert (folder / "table1.csv").read_bytes() == written
    arguments = ["--results", str(folder), "--seeds", "1"]
    _, out, _ = run("status", *arguments)
    assert "77 runs: 77 done, 0 missing" in out
    _, out, _ = run("status", *arguments, "--settings", "lecture")
    assert "63 runs: 1 done, 62 missing" in out
    _, out, _ = run("train", *arguments)
    assert "nothing to train: all 77 runs" in out


def test_the_scale_does_not_depend_on_the_rows_shown(
    results_folder: Path,
) -> None:
    def score(*settings: str) -> str:
        _, out, _ = run("table", "--results", str(results_folder), "--settings", *settings)
        return next(line for line in out.splitlines() if "Clipping, ε = 0.1" in line).split("│")[3]

    assert score("clip-0.1", "fixed-kl-10") == score("clip-0.1")


def test_runs_in_an_environment_that_is_not_the_paper_s_move_nothing(results_folder: Path) -> None:
    settings = ("clip-0.2", "no-clip")
    arguments = ("--results", str(results_folder), "--settings", *settings)
    before = {command: run(command, *arguments).stdout for command in ("table", "status")}
    synthetic_results(results_folder, 1, range(1), settings, environments=("Ant-v4",))
    left_out = "runs left out unless named: 2 in Ant-v4 (--environments Ant-v4)\n"
    for command, out in before.items():
        assert run(command, *arguments) == (0, left_out + out, "")
    verified = Verify(results_folder).open()[1]
    assert verified.environments == ("Ant-v4", *ENVIRONMENTS)
    _, out, _ = run("status", *arguments, "--environments", "Ant-v4", "--seeds", "1")
    assert "2 runs: 2 done, 0 missing" in out
    _, out, _ = run("table", *arguments, "--environments", "Ant-v4")
    assert "over 2 of the 2 chosen runs, 0 of 7 environments and Ant-v4, 2 settings" in out
    # There is no such row in the paper.
    assert "Table 1:" not in out
    assert "│ paper" not in out


def test_a_folder_of_other_environments_says_how_they_are_named(tmp_path: Path) -> None:
    synthetic_results(tmp_path, 1, range(1), ["clip-0.2"], environments=("Ant-v4", "Humanoid-v4"))
    left_out = "left out unless named: 1 in Ant-v4, 1 in Humanoid-v4 (--environments Ant-v4 Humanoid-v4)"
    for command in ("table", "curves"):
        status, _, err = run(command, "--results", str(tmp_path))
        assert status == 1
        assert err == f"error: no run of this selection is finished in {tmp_path}: runs {left_out}\n"


@pytest.mark.soak
def test_a_variant_is_trained_and_read_in_a_folder_of_its_own(tmp_path: Path) -> None:
    folder, name, environment = tmp_path / "results", "v5", "InvertedPendulum-v5"
    arguments = ("--results", str(folder), "--variant", name, "--environments", environment)
    done = command_line("train", *arguments, "--settings", "no-clip", "--seeds", "1", "--timesteps", "1")
    assert done.returncode == 0, done.stderr
    (csv,) = folder.rglob("seed-*.csv")
    assert csv.relative_to(folder) == Path("variants", name, "runs", environment, "no-clip", "seed-00.csv")
    status, out, err = run("table", *arguments)
    assert status == 0, err
    assert "over 1 of the 33 chosen runs, 1 of 7 environments, 1 settings and seeds 0" in out
    _, out, _ = run("status", *arguments[:4], "--settings", "no-clip", "--seeds", "1")
    assert "7 runs: 1 done, 6 missing" in out
    assert len(load_runs(folder / "variants" / name)) == 1
    # Its runs and those of the default can't be mixed.
    mixed = run("train", "--results", str(folder / "variants" / name), "--timesteps", "1")
    assert "holds results of protocol" in mixed.stderr
