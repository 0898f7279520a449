"""Damage of any kind, and any flags: no traceback, no hang, no number changed silently, nothing overwritten.

`make soak` tries more cases than `make test`.
"""

import contextlib
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
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
from bench.results.folder import open_results
from bench.results.policies import Policy
from bench.results.reading import load_runs
from bench.training.checkpoints import Checkpoint, CheckpointFolder, RunCheckpoint
from tests.helpers.commands import Done, run, run_command
from tests.helpers.damage import (
    Damage,
    another_encoding,
    another_kind,
    edited_bytes,
    edited_cell,
    edited_field,
    flipped_bits,
    odd_entries,
    snapshot,
)

pytestmark = pytest.mark.slow

# Seconds that no command takes, also on a machine that is busy.
PATIENCE = 60

# Of all runs these are kept: their files stand for the others'.
KEPT = ("Reacher-v4/clip-0.2", "Reacher-v4/no-clip", "InvertedPendulum-v4/clip-0.2")
POLICY = f"policies/{KEPT[0]}/seed-00.npz"
BEGUN = Run("Reacher-v4", "clip-0.3", 0)
CHECKPOINT = "checkpoints/a.npz"
TEXTS = (
    *("protocol.json", "random.csv", "policies.csv", "verified.csv"),
    *(f"runs/{run}/seed-00.{kind}" for run in KEPT for kind in ("csv", "json")),
)
FILES = (*TEXTS, POLICY, CHECKPOINT)
WRITTEN = ("index.html", "figures/learning_curves_selection.png", "figures/learning_curves_selection.svg")
FOLDERS = ("runs", "runs/Reacher-v4", "runs/Reacher-v4/clip-0.2", "checkpoints", "policies", "figures", ".")

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
    another_kind((*FILES, *WRITTEN, *FOLDERS[:-1])),
    odd_entries(FOLDERS),
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


def _would_train(*arguments: Any, **options: Any) -> None:
    """Training itself is not what is tried here."""
    raise UserError("would train")


@contextlib.contextmanager
def patience() -> Iterator[None]:
    """Fail where what is done takes too long."""

    def hangs(number: int, frame: FrameType | None) -> None:
        pytest.fail(f"hangs for {PATIENCE} s")

    before = signal.signal(signal.SIGALRM, hangs)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def check(done: Done) -> None:
    """Success, one line that says why not, or the explanation of the options."""
    assert done.returncode in (0, 1, 2)
    if done.returncode == 1:
        assert done.stderr.startswith("error: ")
        assert done.stderr.endswith("\n")
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert len(done.stderr) < 5000, done.stderr[:500]
    assert "Traceback" not in done.stderr


def numbers(folder: Path) -> set[tuple[Any, ...]] | None:
    """All numbers of a folder, a tuple for each line, or None where it is refused."""
    try:
        runs = load_runs(folder)
        random = open_results(folder, None, create=False).random_scores()
    except UserError:
        return None
    lines = (*runs.itertuples(index=False, name=None), *random.itertuples(index=False, name=None))
    return {tuple(map(str, line)) for line in lines}


def is_derived(path: Path, folder: Path) -> bool:
    """Whether commands write what is there."""
    return path.relative_to(folder).parts[0] in ("index.html", "figures")


def test_any_damage_is_refused_or_harmless(base: Path, cases: int, tmp_path: Path) -> None:
    expected = numbers(base)
    assert expected is not None
    folder, whole = tmp_path / "results", Path(shutil.copytree(base, tmp_path / "whole"))
    for command in COMMANDS.values():  # imports, and what is made once
        check(run_command(command(whole, whole)))
    count, start = 0, time.monotonic()

    @settings(max_examples=cases)
    @given(damages, tried)
    def damaged(damage: Damage, name: str) -> None:
        nonlocal count
        count += 1
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(base, folder, copy_function=shutil.copyfile)
        damage.do(folder)
        before, beside = snapshot(folder), snapshot(whole)
        with patience():
            done = run_command(COMMANDS[name](folder, whole))
            found = numbers(folder)
        check(done)
        assert (done.stdout + done.stderr).replace("\n", "").isprintable(), done
        after = snapshot(folder)
        changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
        assert all(is_derived(path, folder) for path in changed), changed
        assert name == "verify others" or snapshot(whole) == beside
        # What is left are numbers that were there.
        assert damage.forges or found is None or found <= expected

    damaged()
    seconds = time.monotonic() - start
    print(f"{count} damaged folders, {count / seconds:.0f} a second")  # noqa: T201


def test_any_flags_are_understood_or_explained(base: Path, cases: int, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(base, tmp_path / "results"))
    before, start = snapshot(folder), time.monotonic()
    count = 0

    @settings(max_examples=cases)
    @given(command_lines)
    def called(line: tuple[str, list[str]]) -> None:
        nonlocal count
        count += 1
        name, arguments = line
        with contextlib.chdir(tmp_path), patience():
            check(run(name, *arguments))
        after = snapshot(folder)
        kept = {path: content for path, content in before.items() if not is_derived(path, folder)}
        assert {path: after.get(path) for path in kept} == kept

    called()
    seconds = time.monotonic() - start
    print(f"{count} command lines, {count / seconds:.0f} a second")  # noqa: T201
