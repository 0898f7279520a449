"""Damage of any kind, and any flags: no traceback, no number that changes silently, nothing overwritten.

`make soak` tries more cases than `make test`.
"""

import contextlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.common.errors import UserError
from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.settings import SETTINGS
from bench.results.folder import open_results
from bench.results.reading import load_runs
from tests.helpers.commands import Done, run
from tests.helpers.processes import contents

pytestmark = pytest.mark.slow

# Of all runs these are kept: their files stand for the others'.
KEPT = ("Reacher-v4/clip-0.2", "Reacher-v4/no-clip", "InvertedPendulum-v4/clip-0.2")
FILES = (
    "protocol.json",
    "random.csv",
    *(f"runs/{run}/seed-00.{kind}" for run in KEPT for kind in ("csv", "json")),
)
FOLDERS = ("runs", "runs/Reacher-v4", "runs/Reacher-v4/clip-0.2", "checkpoints")
COMMANDS = ("status", "train", "table")
SELECTION = ("--environments", "Reacher-v4", "InvertedPendulum-v4", "--settings", "clip-0.2", "--seeds", "1")

Damage = Callable[[Path], None]

scalars = st.none() | st.booleans() | st.integers(-3, 10**6) | st.floats() | st.text(max_size=9)
odd_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@st.composite
def edited_bytes(draw: st.DrawFn) -> Damage:
    """Some bytes of a file are others, or gone, or there are more."""
    file, share, new = draw(st.sampled_from(FILES)), draw(st.floats(0, 1)), draw(st.binary(max_size=6))
    removed = draw(st.integers(0, 60))

    def damage(folder: Path) -> None:
        data = (folder / file).read_bytes()
        start = int(share * len(data))
        (folder / file).write_bytes(data[:start] + new + data[start + removed :])

    return damage


@st.composite
def edited_field(draw: st.DrawFn) -> Damage:
    """A field of a JSON file has another value, or is gone, or is new."""
    file = draw(st.sampled_from([name for name in FILES if name.endswith(".json")]))
    depth, choice, value = draw(st.integers(1, 3)), draw(st.integers(0, 10**6)), draw(odd_values)
    kind = draw(st.sampled_from(["replace", "remove", "add", "text", "one more"]))

    def damage(folder: Path) -> None:
        record = json.loads((folder / file).read_text())
        parent: Any = record
        for _ in range(depth):
            key = list(parent)[choice % len(parent)]
            if not (isinstance(parent[key], dict) and parent[key]):
                break
            parent = parent[key]
        key = list(parent)[choice % len(parent)]
        old = parent[key]
        if kind == "remove":
            del parent[key]
        else:
            by_kind = {"replace": value, "add": old, "text": str(old), "one more": _one_more(old)}
            parent[key] = by_kind[kind]
            if kind == "add":
                parent["new"] = value
        (folder / file).write_text(json.dumps(record))

    return damage


def _one_more(value: Any) -> Any:
    return value + 1 if isinstance(value, int | float) else value


@st.composite
def another_kind(draw: st.DrawFn) -> Damage:
    """Something else stands in the place of a file or a folder."""
    name = draw(st.sampled_from((*FILES, *FOLDERS)))
    kind = draw(st.sampled_from(["nothing", "file", "folder", "dangling link", "loop"]))

    def damage(folder: Path) -> None:
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        if kind == "file":
            path.write_text("mine")
        elif kind == "folder":
            path.mkdir()
        elif kind != "nothing":
            path.symlink_to(path if kind == "loop" else folder / "nowhere")

    return damage


damages = st.one_of(edited_bytes(), edited_field(), another_kind())

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
        ("0", "1", "3-5", "5-3", "-1", "1e6", "2048", "nan", "", ".", "/", "[red]", "a/b", "--seeds")
    ),
    st.sampled_from((*ENVIRONMENTS, *SETTINGS)),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6),
)
command_lines = st.tuples(
    st.sampled_from((*COMMANDS, "curves", "verify", "no-command")),
    st.lists(flags | values, max_size=7),
)


@pytest.fixture(scope="module")
def base(whole_table: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with the runs that are kept."""
    folder = tmp_path_factory.mktemp("base") / "results"
    folder.mkdir()
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(whole_table / name, folder / name)
    return folder


def command(*arguments: str) -> Done:
    """A command that would train says so instead."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bench.campaign.campaign.run_campaign", _would_train)
        return run(*arguments)


def _would_train(*arguments: Any, **options: Any) -> None:
    """Training itself is not what is tried here."""
    raise UserError("would train")


def check(done: Done) -> None:
    """Success, one line that says why not, or the explanation of the options."""
    assert done.returncode in (0, 1, 2)
    if done.returncode == 1:
        assert done.stderr.startswith("error: ")
        assert done.stderr.endswith("\n")
        assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "Traceback" not in done.stderr


def numbers(folder: Path) -> dict[tuple[Any, ...], float] | None:
    """All numbers of a folder by what they are of, or None where it is refused."""
    try:
        runs = load_runs(folder)
        random = open_results(folder, None, create=False).random_scores()
    except UserError:
        return None
    keys = ["environment", "setting", "seed", "timesteps"]
    tables = runs.set_index(keys).stack(), random.set_index(["environment", "policy"]).stack()
    return {key: float(value) for table in tables for key, value in table.items()}


def test_any_damage_is_refused_or_harmless(base: Path, cases: int, tmp_path: Path) -> None:
    expected = numbers(base)
    assert expected is not None
    folder = tmp_path / "results"

    @settings(max_examples=cases)
    @given(damages)
    def damaged(damage: Damage) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(base, folder)
        damage(folder)
        before = contents(folder)
        for name in COMMANDS:
            check(command(name, "--results", str(folder), *SELECTION))
        assert contents(folder) == before
        found = numbers(folder)
        # What is left are numbers that were there.
        assert found is None or found.items() <= expected.items()

    damaged()


def test_any_flags_are_understood_or_explained(base: Path, cases: int, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(base, tmp_path / "results"))
    before = contents(folder)

    @settings(max_examples=cases)
    @given(command_lines)
    def called(line: tuple[str, list[str]]) -> None:
        name, arguments = line
        with contextlib.chdir(tmp_path):
            check(command(name, *arguments))
        after = contents(folder)
        assert {path: after.get(path) for path in before} == before

    called()
