"""What a killed campaign leaves behind: it stops nobody, and goes with the next start."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.common.locks import FILE
from bench.protocol.protocol import Run
from bench.protocol.settings import SETTINGS
from bench.results.folder import Results, open_results
from bench.training.checkpoints import Checkpoint, CheckpointFolder, RunCheckpoint
from tests.helpers.commands import run
from tests.helpers.processes import ROOT, contents

FINISHED = Run("Reacher-v4", "clip-0.2", 0)
UNFINISHED = Run("Reacher-v4", "clip-0.2", 1)
# Takes the folder and dies with it.
DIE = """
import os, sys
from pathlib import Path
from bench.common.locks import locked
with locked(Path(sys.argv[1]), "in use"):
    os._exit(1)
"""


def store(results: Results, run: Run) -> None:
    """A checkpoint of a run, with nothing that could be trained."""
    state = RunCheckpoint(run, SETTINGS[run.setting].as_json(), {}, {}, {})
    content = Checkpoint((state,), 1, 1.0, []).to_bytes(results.protocol)
    CheckpointFolder(results).save([run], content)


@pytest.fixture
def results(results_folder: Path) -> Results:
    return open_results(results_folder, None, create=False)


def test_a_folder_whose_protocol_was_half_written_is_a_new_one(tmp_path: Path) -> None:
    (tmp_path / ".protocol.json.8to096j6").write_text('{"epochs"')
    with open_results(tmp_path, 1, create=True).locked():
        assert {path.name for path in tmp_path.iterdir()} == {"protocol.json", FILE}
    assert [path.name for path in tmp_path.iterdir()] == ["protocol.json"]


def test_with_nothing_to_train_it_is_cleared_up(results: Results) -> None:
    before = contents(results.path)
    checkpoints = CheckpointFolder(results)
    store(results, FINISHED)
    (checkpoints.path / "Reacher-v4-damaged.npz").write_bytes(b"half")
    (results.path / "runs" / ".seed-00.csv.8to096j6").write_text("half")
    subprocess.run([sys.executable, "-c", DIE, str(results.path)], check=False, cwd=ROOT)
    train = ("train", "--results", str(results.path), "--seeds", "1")
    first, second = run(*train), run(*train)
    refused, taken, nothing = first.stdout.splitlines()
    assert "Reacher-v4-damaged.npz is not used, its runs start again: it does not start with" in refused
    assert ", which has ended" in taken
    assert second.stdout == f"{nothing}\n"
    assert nothing.startswith("nothing to train: all 77 runs are in ")
    aside = Path("damaged/checkpoints/0-Reacher-v4-damaged.npz")
    assert contents(results.path) == {**before, aside: b"half"}


def test_what_is_unfinished_is_kept(results: Results) -> None:
    store(results, FINISHED)
    store(results, UNFINISHED)
    assert run("train", "--results", str(results.path), "--seeds", "1").returncode == 0
    ((checkpoint,), refused) = CheckpointFolder(results).load()
    assert (checkpoint.runs, refused) == ((UNFINISHED,), [])


def test_what_a_living_campaign_writes_is_left_alone(results: Results) -> None:
    store(results, FINISHED)
    with results.locked():
        before = contents(results.path)
        done = run("train", "--results", str(results.path), "--seeds", "1")
        assert done.stdout.startswith("nothing to train")
        assert contents(results.path) == before
