"""What is damaged or can't be read: every command says so alike, and nothing is taken for missing."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from bench.results.schema import REPAIR
from tests.conftest import ENVIRONMENTS
from tests.helpers.commands import run
from tests.helpers.processes import command_line, contents, limited

pytestmark = pytest.mark.slow

CSV = Path("runs/Reacher-v4/clip-0.2/seed-00.csv")
COMMANDS = ("train", "status", "table", "curves")


def refusals(folder: Path) -> set[str]:
    """What the commands say of a folder that they refuse: one line each, and nothing is changed."""
    before = contents(folder)
    found = set()
    for command in COMMANDS:
        done = run(command, "--results", str(folder), "--seeds", "1")
        assert done.returncode == 1, (command, done.stdout)
        assert done.stderr.count("\n") == 1, done.stderr
        found.add(done.stderr.removeprefix("error: ").strip())
    assert contents(folder) == before
    return found


def test_all_commands_judge_a_damaged_run_alike_and_repair_makes_it_again(trained_folder: Path) -> None:
    folder = trained_folder
    csv = folder / CSV
    whole = csv.read_text()
    csv.write_text(whole.replace("2048", "2047"))
    expected = (
        f"{csv}: ends at timestep 2047 instead of 2048; `train --repair` keeps it aside and makes it again"
    )
    # The status tells of all that is damaged, and counts at its end.
    assert refusals(folder) == {expected, "1 of 22 finished runs are damaged"}
    status = run("status", "--results", str(folder), "--environments", *ENVIRONMENTS)
    assert f"damaged: {expected}" in status.stdout
    assert "21 done, 0 missing, 0 diverged, 1 damaged" in status.stdout
    others = {path: path.stat().st_mtime_ns for path in folder.rglob("*.csv") if path != csv}
    chosen = ("--environments", *ENVIRONMENTS, "--seeds", "1", "--repair")
    done = command_line("train", "--results", str(folder), *chosen)
    assert done.returncode == 0, done.stderr
    assert csv.read_text() == whole
    aside = folder / "damaged" / CSV.parent
    assert sorted(path.name for path in aside.iterdir()) == ["0-seed-00.csv", "0-seed-00.json"]
    assert (aside / "0-seed-00.csv").read_text() == whole.replace("2048", "2047")
    assert (folder / "damaged" / "policies" / CSV.parent.relative_to("runs") / "0-seed-00.npz").exists()
    assert {path: path.stat().st_mtime_ns for path in others} == others


def test_damaged_random_scores_are_named_and_measured_again(trained_folder: Path) -> None:
    folder = trained_folder
    path = folder / "random.csv"
    whole = path.read_text()
    path.write_text(whole.replace(",100,", ",101,", 1))
    for command in ("train", "table"):
        done = run(command, "--results", str(folder), "--seeds", "1")
        assert done.stderr == (
            f"error: {path}: line 2 is not what was written when it was measured; {REPAIR}\n"
        )
    # Measured are those of the environments that are chosen.
    chosen = ("--environments", "Reacher-v4", "--seeds", "1", "--repair")
    repaired = command_line("train", "--results", str(folder), *chosen)
    assert repaired.returncode == 0, repaired.stderr
    heading, *lines = whole.splitlines()
    expected = [heading, *(line for line in lines if line.startswith("Reacher-v4,"))]
    assert path.read_text().splitlines() == expected
    assert (folder / "damaged" / "0-random.csv").exists()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("seed", False, "Expected `int`, got `bool` - at `$.seed`"),
        ("job_seconds", -1, "Expected `float` >= 0.0 - at `$.job_seconds`"),
        ("job_seconds", "long", "Expected `float`, got `str` - at `$.job_seconds`"),
        ("job_seconds", float("nan"), "not valid JSON: JSON is malformed: invalid character"),
        ("job_seconds", 10**400, "Number out of range - at `$.job_seconds`"),
        ("job_runs", 0, "Expected `int` >= 1 - at `$.job_runs`"),
        ("job_runs", 2**60, "Expected `int` <= 9007199254740992 - at `$.job_runs`"),
        ("diverged_at", [], "Expected `int | null`, got `array` - at `$.diverged_at`"),
        ("processor", "fast", "Expected `object`, got `str` - at `$.processor`"),
        ("processor", {"kind": "\x1b[2J"}, "Expected `str` matching regex"),
        ("git_commit", "\u202eevil", "Expected `str` matching regex"),
        ("git_commit", "0" * 501, "Expected `str` of length <= 500 - at `$.git_commit`"),
        ("versions", {"jax": "1\n2"}, "Expected `str` matching regex"),
        ("label", "<img src=x onerror=alert(1)>", "the label of clip-0.2 must be a line without"),
        ("protocol", "0" * 501, "Expected `str` of length <= 500 - at `$.protocol`"),
        ("label", "ε" * 101, "the label of clip-0.2 must have 100 characters at most"),
        pytest.param("numbers", {"clip_range": 10**400}, "Number out of range - at", id="401 digits"),
        pytest.param("seed", 10**4000, "Expected `int` <= 9007199254740992 - at `$.seed`", id="4001 digits"),
        ("processor", {"name": "fast"}, "Object missing required field `kind` - at `$.processor`"),
        ("versions", None, "Expected `object`, got `null` - at `$.versions`"),
        ("numbers", {"clip_range": "x"}, "Expected `float | null`, got `str` - at `$.numbers[...]`"),
        ("protocol", "\x1b[31m\n", r"of protocol \x1b[31m\n, the folder's is "),
        ("label", 3, "Expected `str`, got `int` - at `$.label`"),
    ],
)
def test_odd_provenance_is_refused_by_file_and_field(
    field: str, value: Any, message: str, results_folder: Path
) -> None:
    path = (results_folder / CSV).with_suffix(".json")
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))
    done = run("status", "--results", str(results_folder))
    assert f"damaged: {path}: {message}" in done.stdout
    assert done.stderr == "error: 1 of 77 finished runs are damaged\n"


def test_json_that_is_nested_too_deep_is_refused(results_folder: Path) -> None:
    path = results_folder / "protocol.json"
    path.write_text('{"timesteps":' * 100_000)
    assert refusals(results_folder) == {f"{path}: not valid JSON: nested too deep"}


def test_what_is_in_the_place_of_a_folder_is_not_an_empty_one(results_folder: Path) -> None:
    runs = results_folder / "runs"
    elsewhere = results_folder.with_name("elsewhere")
    shutil.move(runs, elsewhere)
    runs.symlink_to(results_folder / "nowhere")
    assert refusals(results_folder) == {f"cannot read {runs}: No such file or directory"}
    runs.unlink()
    runs.write_text("")
    assert refusals(results_folder) == {f"cannot read {runs}: Not a directory"}
    runs.unlink()
    # A link to where the runs are is fine.
    runs.symlink_to(elsewhere)
    assert run("status", "--results", str(results_folder)).returncode == 0
    reacher = elsewhere / "Reacher-v4"
    shutil.move(reacher, elsewhere.with_name("reacher"))
    reacher.write_text("")
    assert refusals(results_folder) == {f"cannot read {runs / 'Reacher-v4'}: Not a directory"}


def test_a_folder_without_permission_is_not_an_empty_one(results_folder: Path) -> None:
    closed = results_folder / CSV.parent
    closed.chmod(0)
    try:
        done = limited("train", "--results", str(results_folder), "--seeds", "1")
    finally:
        closed.chmod(0o755)
    assert done.stderr == f"error: cannot read {closed}: Permission denied\n"
    assert (results_folder / CSV).exists()


@pytest.mark.soak
def test_a_folder_that_lacks_nothing_may_be_read_only(written_table: Path, tmp_path: Path) -> None:
    results_folder = Path(shutil.copytree(written_table, tmp_path / "results"))
    before = contents(results_folder)
    folders = [results_folder, *(path for path in results_folder.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        for command in ("train", "table"):
            done = limited(command, "--results", str(results_folder), "--seeds", "1")
            assert done.returncode == 0, done.stderr
        done = limited("train", "--results", str(results_folder), "--seeds", "2")
        assert done.stderr == f"error: cannot write {results_folder / 'protocol.json'}: Permission denied\n"
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert contents(results_folder) == before
