"""Damage of any kind, and any flags: no traceback, no hang, no number changed silently, nothing overwritten.

`make soak` tries more cases than `make test`.
"""

import contextlib
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.command_line import Command
from bench.commands.evaluation import Evaluate
from bench.commands.reports import Curves, Page, Table
from bench.commands.training import Status, Train, Verify
from bench.common.errors import UserError
from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.protocol import Run
from bench.protocol.settings import SETTINGS
from bench.results import evaluations, verified
from bench.results.folder import Results, open_results
from bench.results.policies import Policy, load_policy
from bench.results.reading import load_runs
from bench.training.checkpoints import Checkpoint, CheckpointFolder, RunCheckpoint, checkpoint_name
from tests.helpers.commands import Done, run, run_command
from tests.helpers.damage import (
    Damage,
    Files,
    another_encoding,
    another_kind,
    edited_bytes,
    edited_cell,
    edited_field,
    elsewhere,
    flipped_bits,
    odd_entries,
    snapshot,
)
from tests.helpers.patience import patience

pytestmark = pytest.mark.slow

# Of all runs these are kept: their files stand for the others'.
KEPT = ("Reacher-v4/clip-0.2", "Reacher-v4/no-clip", "InvertedPendulum-v4/clip-0.2")
POLICY = f"policies/{KEPT[0]}/seed-00.npz"
BEGUN = Run("Reacher-v4", "clip-0.3", 0)
CHECKPOINT = "checkpoints/a.npz"
SAVED = Path("checkpoints") / f"{checkpoint_name([BEGUN])}.npz"
TEXTS = (
    *("protocol.json", "random.csv", "policies.csv", "verified.csv"),
    *(f"runs/{run}/seed-00.{kind}" for run in KEPT for kind in ("csv", "json")),
)
FILES = (*TEXTS, POLICY, CHECKPOINT)
WRITTEN = ("index.html", "figures/learning_curves_selection.png", "figures/learning_curves_selection.svg")
FOLDERS = (
    *("runs", "runs/Reacher-v4", "runs/Reacher-v4/clip-0.2", "checkpoints"),
    *("policies", "policies/Reacher-v4", "figures", "damaged", "own", "variants"),
)

SELECTION: Any = {
    "environments": ("Reacher-v4", "InvertedPendulum-v4"),
    "settings": ("clip-0.2", BEGUN.setting),
    "seeds": "1",
}
# The commands by name. Those that draw take longest, and are tried less often.
COMMANDS: dict[str, Callable[[Path, Path], Command]] = {
    "status": lambda folder, whole: Status(folder, **SELECTION),
    "train": lambda folder, whole: Train(folder, **SELECTION),
    "table": lambda folder, whole: Table(folder, **SELECTION),
    "returns": lambda folder, whole: Table(folder, **{**SELECTION, "settings": ("clip-0.2",)}),
    "evaluate": lambda folder, whole: Evaluate(folder, **SELECTION),
    "evaluate others": lambda folder, whole: Evaluate(whole, **SELECTION, repeated=folder),
    "verify": lambda folder, whole: Verify(folder, environment="Reacher-v4", record=True),
    "verify others": lambda folder, whole: Verify(whole, repeated=folder, record=True),
    "curves": lambda folder, whole: Curves(folder, **SELECTION),
    "page": lambda folder, whole: Page(folder),
}
OFTEN = ("status", "train", "table", "returns", "evaluate", "evaluate others", "verify", "verify others")

damages = st.one_of(
    edited_bytes(FILES),
    flipped_bits(FILES),
    another_encoding(TEXTS),
    edited_field(TEXTS),
    edited_cell(TEXTS),
    another_kind((*FILES, *WRITTEN, *FOLDERS, ".lock")),
    odd_entries((*FOLDERS, ".")),
)
tried = st.sampled_from((*OFTEN * 4, "curves", "page"))

flags = st.sampled_from(
    (
        "--results",
        "--seeds",
        "--timesteps",
        "--environments",
        "--settings",
        "--variant",
        "--own",
        "--scheduler",
    )
)
values = st.one_of(
    st.sampled_from(
        (
            "0",
            "1",
            "3-5",
            "5-3",
            "-1",
            "1e6",
            "2048",
            "nan",
            "",
            ".",
            "/",
            "[red]",
            "a/b",
            "--seeds",
            "9" * 5000,
        )
    ),
    st.sampled_from((*ENVIRONMENTS, *SETTINGS)),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6),
)
command_lines = st.tuples(
    st.sampled_from(("status", "train", "table", "curves", "verify", "no-command")),
    st.lists(flags | values, max_size=7),
)


@pytest.fixture(scope="module")
def base(whole_table: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with the runs that are kept, a policy, a checkpoint and a file of each other kind."""
    folder = tmp_path_factory.mktemp("base") / "results"
    for name in ("protocol.json", "random.csv", *(name for name in TEXTS if name.startswith("runs/"))):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(whole_table / name, folder / name)
    results = open_results(folder, None, create=False)
    stored = _policy().to_bytes()
    (folder / POLICY).parent.mkdir(parents=True)
    (folder / POLICY).write_bytes(stored)
    environment, setting = KEPT[0].split("/")
    evaluated = Run(environment, setting, 0)
    evaluations.record(folder, evaluations.summarize(evaluated, stored, np.eye(2), np.eye(2, dtype=int)))
    verified.record(results, results, {evaluated: "identical"})
    begun = SETTINGS[BEGUN.setting].as_json()
    state = RunCheckpoint(BEGUN, begun, {"parameters": np.zeros(3)}, {"state": 2**127}, {})
    CheckpointFolder(results).save([BEGUN], Checkpoint((state,), 1, 1.0, []).to_bytes(results.protocol))
    next((folder / "checkpoints").iterdir()).rename(folder / CHECKPOINT)
    for name in WRITTEN:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("old")
    return folder


def _policy() -> Policy:
    def zeros(*shape: int) -> Any:
        return np.zeros(shape, np.float32)

    return Policy(zeros(2), zeros(2) + 1, zeros() + 5, ((zeros(2, 1), zeros(1)),), zeros(1))


@pytest.fixture(autouse=True)
def nothing_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that would train or play says so instead."""
    for module in ("campaign", "evaluation", "verify"):
        monkeypatch.setattr(f"bench.campaign.{module}.run_campaign", _would_train)
    # A lock that names nobody is waited for: three minutes, which would be no fault.
    monkeypatch.setattr("bench.common.locks.STALE_SECONDS", 0.02)
    monkeypatch.setattr("bench.common.locks.POLL_SECONDS", 0.01)


def _would_train(results: Results, *arguments: Any, **options: Any) -> None:
    """Training itself is not what is tried here, but that it may begin."""
    with results.locked():
        CheckpointFolder(results).save([BEGUN], b"of the first segment")
        raise UserError("would train")


def check(done: Done) -> None:
    """Success, one line that says why not, or the explanation of the options."""
    assert done.returncode in (0, 1, 2)
    if done.returncode == 1:
        assert done.stderr.startswith("error: ")
        assert done.stderr.endswith("\n")
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert len(done.stderr) < 5000, done.stderr[:500]
    assert "Traceback" not in done.stderr


def numbers(folder: Path) -> Counter[tuple[str, ...]]:
    """All numbers of a folder whose files have a checksum, but for those that are refused."""
    found: Counter[tuple[str, ...]] = Counter()
    with contextlib.suppress(UserError):
        found.update(_texts(load_runs(folder)))
    with contextlib.suppress(UserError):
        found.update(_texts(open_results(folder, None, create=False).random_scores()))
    with contextlib.suppress(UserError):
        policy = load_policy(folder / POLICY)
        found["policy", *(each.tobytes().hex() for each in (*sum(policy.layers, ()), policy.log_std))] += 1
    with contextlib.suppress(UserError):
        for each in CheckpointFolder(open_results(folder, None, create=False)).load()[0]:
            arrays = sorted((name, array.tobytes().hex()) for name, array in each.states[0].arrays.items())
            found["checkpoint", str(each.runs), str(each.updates), str(arrays)] += 1
    return found


def _texts(table: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    return (tuple(map(str, line)) for line in table.itertuples(index=False, name=None))


def is_derived(path: Path) -> bool:
    """Whether commands write what is there. path: Within the results folder."""
    return path.parts[0] in ("index.html", "figures")


def lost(before: Files, after: Files, made: Files) -> set[Path]:
    """What is not as it was before, nor kept in `damaged/`, and is no file that commands write.

    made: what was there before the damage: `protocol.json`, read and found to be right, may be so again.
    """
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    aside = {path for path in changed if path.parts[0] == "damaged" and path not in before}
    kept = Counter(after[path] for path in aside)
    gone = {path for path in changed if path not in after and kept[before[path]]}
    # The folder of checkpoints once it is empty, and a lock of nobody that lives.
    removed = {path for path in changed if path not in after and str(path) in ("checkpoints", ".lock")}
    mended = {path for path in changed if path in after and after[path] == made.get(path)}
    saved = {path for path in changed if path == SAVED or (path == SAVED.parent and path not in before)}
    return {path for path in changed - saved - aside - gone - removed - mended if not is_derived(path)}


def test_any_damage_is_refused_or_harmless(base: Path, cases: int, tmp_path: Path) -> None:
    expected, made = numbers(base), snapshot(base)
    folder, whole = tmp_path / "results", tmp_path / "whole"
    beside = (whole, elsewhere(folder))
    for each in beside:
        shutil.copytree(base, each)
    for command in COMMANDS.values():  # imports, and what is made once
        check(run_command(command(whole, whole)))
    count, start = 0, time.monotonic()

    @settings(max_examples=cases, deadline=None)
    @given(damages, tried)
    def damaged(damage: Damage, name: str) -> None:
        nonlocal count
        count += 1
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(base, folder, copy_function=shutil.copyfile)
        damage.do(folder)
        before, others = snapshot(folder), [snapshot(each) for each in beside]
        with patience():
            done = run_command(COMMANDS[name](folder, whole))
            found = numbers(folder)
        check(done)
        assert (done.stdout + done.stderr).replace("\n", "").isprintable(), done
        assert not lost(before, snapshot(folder), made)
        written = {Path("verified.csv")} if name == "verify others" else set()
        assert lost(others[0], snapshot(whole), made) <= written
        assert snapshot(elsewhere(folder)) == others[1]
        assert set(tmp_path.iterdir()) == {folder, *beside}
        # What is left are numbers that were there.
        assert damage.forges or found <= expected

    damaged()
    seconds = time.monotonic() - start
    print(f"{count} damaged folders, {count / seconds:.0f} a second")  # noqa: T201


def test_any_flags_are_understood_or_explained(base: Path, cases: int, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(base, tmp_path / "results"))
    before, start = snapshot(folder), time.monotonic()
    count = 0

    @settings(max_examples=cases, deadline=None)
    @given(command_lines)
    def called(line: tuple[str, list[str]]) -> None:
        nonlocal count
        count += 1
        name, arguments = line
        with contextlib.chdir(tmp_path), patience():
            check(run(name, *arguments))
        assert not lost(before, snapshot(folder), before)

    called()
    seconds = time.monotonic() - start
    print(f"{count} command lines, {count / seconds:.0f} a second")  # noqa: T201
