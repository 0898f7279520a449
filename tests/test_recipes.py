"""The recipes do what they say, where their packages are installed."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from bench.common.files import read_text
from tests.helpers.markdown import fenced
from tests.helpers.processes import ROOT

RECIPES = ROOT / "bench" / "recipes.md"


def recipe(tool: str) -> str:
    """The Python of the section about a tool."""
    (section,) = (part for part in read_text(RECIPES).split("\n## ") if part.startswith(f"{tool}\n"))
    (block,) = fenced(section, "python")
    return block


def run_recipe(tool: str, folder: Path, then: str = "", python: str | Path = sys.executable) -> str:
    """Run a recipe in a folder that has our results; returns what is printed. then: Code that goes on."""
    (folder / "results").symlink_to(ROOT / "results")
    done = subprocess.run(
        [python, "-c", recipe(tool) + then], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.soak
def test_parquet_has_all_lines(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    run_recipe("Parquet", tmp_path, "assert set(hopper['environment']) == {'Hopper-v4'}")
    runs = pd.read_parquet(tmp_path / "runs.parquet")
    one = runs.query("environment == 'Hopper-v4' and setting == 'clip-0.2' and seed == 3")
    csv = pd.read_csv(ROOT / "results/runs/Hopper-v4/clip-0.2/seed-03.csv")
    pd.testing.assert_frame_equal(one[list(csv)].reset_index(drop=True), csv, check_dtype=False)


@pytest.mark.soak
def test_the_interquartile_mean_of_rliable_is_ours_and_its_median_is_not(tmp_path: Path) -> None:
    """In an environment that is made for it, where packages can be installed."""
    venv = tmp_path / "rliable-venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    install = [str(venv / "bin" / "pip"), "install", "--quiet", "rliable", "pandas<3"]
    if subprocess.run(install, capture_output=True, check=False).returncode != 0:
        pytest.skip("rliable can't be installed")
    printing = "import json\nprint(json.dumps({name: list(values) for name, values in estimates.items()}))\n"
    printed = run_recipe("rliable", tmp_path, printing, python=venv / "bin" / "python")
    ours = pd.read_csv(ROOT / "results" / "outcomes.csv", index_col="setting")
    for setting, (iqm, median) in json.loads(printed).items():
        assert iqm == pytest.approx(ours["iqm"][setting], abs=1e-8)
        assert abs(median - ours["median"][setting]) > 0.01


@pytest.mark.soak
def test_tensorboard_gets_every_column_of_each_run(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    run_recipe("TensorBoard", tmp_path)
    files = list((tmp_path / "tensorboard" / "Hopper-v4").glob("*/seed-00/events.*"))
    assert len(files) == len(list((ROOT / "results/runs/Hopper-v4").glob("*/seed-00.csv")))
    columns = pd.read_csv(ROOT / "results/runs/Hopper-v4/clip-0.2/seed-00.csv").columns
    (clip,) = (file.read_bytes() for file in files if "clip-0.2" in file.parts)
    assert all(name.encode() in clip for name in columns.drop("timesteps"))


@pytest.mark.soak
def test_weights_and_biases_gets_the_runs_offline(tmp_path: Path) -> None:
    pytest.importorskip("wandb")
    run_recipe("Weights & Biases", tmp_path)
    assert len(list(tmp_path.glob("wandb/offline-run-*/*.wandb"))) == 3
