"""Your own settings: an objective or a whole rule in one file, from the file to its line in the table."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from algorithms.hyperparameters import Choices
from bench.common.errors import UserError
from bench.common.files import digest
from bench.protocol.changes import change_protocol
from bench.protocol.protocol import DEFAULT, Protocol, Run
from bench.protocol.settings import SETTINGS
from bench.results.folder import open_results
from bench.results.reading import load_runs
from bench.training.own import OwnFile, describe_without_clip_range, known_settings, read_own_files
from bench.training.training import Training, train
from tests.helpers.commands import run
from tests.helpers.processes import ROOT, command_line
from tests.helpers.training import train_into

pytestmark = pytest.mark.slow

PROTOCOL = Protocol(timesteps=3 * 2048)
GOLDEN = ROOT / "tests" / "golden" / "another_rule.csv"

# A rule with a state and a column of its own, whose policy stays as it is.
ANOTHER_RULE = OwnFile(
    "still.py",
    """
from dataclasses import dataclass

import jax.numpy as jnp

from algorithms.rules import Improvement
from bench.protocol.settings import Setting



@dataclass(frozen=True)
class Still:
    columns = ("updates",)

    def initial(self, hyperparameters, parameters):
        return jnp.float32(0)

    def improve(self, context, parameters, rule_state, numbers, experience, key):
        error = jnp.mean(jnp.square(experience.samples.value_targets))
        diagnostics = {"updates": numbers["step"]}
        return Improvement(parameters, rule_state + numbers["step"], error, error, diagnostics)

    def adapt(self, numbers, kl):
        return {"step": numbers["step"] + 1}


rule = Still()
SETTINGS = [Setting("still", "No learning", "still", {"step": 1.0})]
""",
)

MINE = """
import jax.numpy as jnp
from bench.protocol.settings import Setting

def objective(ratio, log_ratio, kl, advantage, numbers):
    return {returned}

SETTINGS = [Setting("{name}", "Mine", "mine", {{"epsilon": 0.2}})]
"""


def write(path: Path, returned: str = "ratio * advantage", name: str = "mine") -> Path:
    path.write_text(MINE.format(returned=returned, name=name))
    return path


def test_a_job_may_mix_rules_and_each_run_is_as_alone() -> None:
    still, clip = Run("Hopper-v4", "still", 0), Run("Hopper-v4", "clip-0.2", 0)
    runs = [clip, still, Run("Hopper-v4", "no-clip", 1)]
    together = train(runs, PROTOCOL, own=(ANOTHER_RULE,))
    assert together[0].csv == train([clip], PROTOCOL)[0].csv
    assert together[1].csv == train([still], PROTOCOL, own=(ANOTHER_RULE,))[0].csv
    assert together[1].csv == GOLDEN.read_text()
    heading, line = together[1].csv.splitlines()
    assert heading.endswith("explained_variance,updates")
    # The policy has not moved, and the number is that of the third update.
    assert (line.split(",")[5], line.split(",")[-1]) == ("0", "3")


@pytest.mark.soak
def test_a_mixed_job_goes_on_from_a_checkpoint() -> None:
    runs = [Run("Hopper-v4", "still", 0), Run("Hopper-v4", "clip-0.2", 0)]
    training = Training(runs, PROTOCOL, (ANOTHER_RULE,))
    training.advance(0)
    resumed = Training.resumed(training.checkpoint(0.0, []), PROTOCOL, (ANOTHER_RULE,))
    resumed.advance(np.inf)
    whole = train(runs, PROTOCOL, own=(ANOTHER_RULE,))
    assert [result.csv for result in resumed.results] == [result.csv for result in whole]


def test_what_may_depend_on_the_run_s_length_is_known_from_the_file() -> None:
    """Such a run is repeated whole, because none begins like a longer one."""
    assert not ANOTHER_RULE.depends_on_length
    assert OwnFile("mine.py", "def objective(ratio, progress): ...").depends_on_length
    assert OwnFile("mine.py", "from algorithms.rules import preferences").depends_on_length


TWO_OBJECTIVES = OwnFile(
    "two.py",
    """
from bench.protocol.settings import Setting

def objective(advantage, ratio):
    return ratio * advantage

def still(entropy):
    return 0 * entropy

SETTINGS = [
    Setting("mine", "Mine", "mine", {}),
    Setting("still", "Still", "mine", {}, options={"objective": "still"}),
]
""",
)


def test_settings_of_a_file_may_maximize_different_functions() -> None:
    runs = [Run("InvertedPendulum-v4", name, 0) for name in ("mine", "still", "no-clip")]
    mine, still, paper = (
        float(result.csv.splitlines()[1].split(",")[5])
        for result in train(runs, Protocol(timesteps=2048), own=(TWO_OBJECTIVES,))
    )
    assert still == 0  # the KL of an update that maximizes nothing
    assert paper > 0
    assert mine == pytest.approx(paper, rel=1e-3)


def test_the_paper_s_objective_written_as_one_s_own_learns_the_same(tmp_path: Path) -> None:
    """Not to the bit, because the program is another."""
    clipped = "jnp.minimum(ratio * advantage, jnp.clip(ratio, 0.8, 1.2) * advantage)"
    own = read_own_files([write(tmp_path / "mine.py", clipped)])
    mine, paper = (
        train([Run("Hopper-v4", setting, 0)], Protocol(timesteps=2048), own=own)[0].csv.splitlines()[1]
        for setting in ("mine", "clip-0.2")
    )
    ours, theirs = (np.array(line.split(",")[:9], float) for line in (mine, paper))
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The README's example, as a file."""
    readme = (ROOT / "README.md").read_text()
    found = re.search(r"```python\n# spo\.py\n(.*?)```", readme, re.DOTALL)
    assert found, "the README has an example"
    path = tmp_path_factory.mktemp("own") / "spo.py"
    path.write_text(found[1])
    return path


@pytest.fixture(scope="module")
def with_own(example: Path) -> Path:
    """A results folder with a run of the README's example and one of the paper's."""
    folder = example.parent / "results"
    runs = [Run("InvertedPendulum-v4", setting, 0) for setting in ("my-spo", "clip-0.2")]
    train_into(folder, runs, 4096, read_own_files([example]))
    return folder


@pytest.mark.soak
def test_runs_of_one_s_own_settings_are_repeated_where_their_file_is_named(
    with_own: Path, example: Path
) -> None:
    arguments = ("verify", "--results", str(with_own))
    without = run(*arguments, "--timesteps", "1")  # refused, as too few
    (kept,) = (with_own / "own").iterdir()
    assert f"not repeated: my-spo; name their files: --own {kept}\n" in without.stdout + without.stderr
    repeated = command_line(*arguments, "--own", str(example))
    assert repeated.returncode == 0, repeated.stderr
    assert "not repeated" not in repeated.stdout + repeated.stderr
    for setting in ("clip-0.2", "my-spo"):
        assert f"InvertedPendulum-v4 {setting} seed 0: bit-identical" in repeated.stdout


def test_the_readme_s_example_gets_its_line_in_the_table(with_own: Path, example: Path) -> None:
    """Reading needs the file no more."""
    example.unlink()
    done = run("table", "--results", str(with_own), "--environments", "InvertedPendulum-v4")
    assert done.returncode == 0, done.stderr
    table, _, more = done.stdout.partition("Scale:")
    lines = [line for line in table.splitlines() if "SPO" in line]
    assert len(lines) == 1
    assert re.search(r"SPO, ε = 0\.2 .*│ +-?\d+\.\d+ ", lines[0])
    assert re.search(r"scores [\d.]+ above .*, without an interval", more)
    for command in ("curves", "status"):
        assert run(command, "--results", str(with_own)).returncode == 0
    runs = load_runs(with_own)
    spo = runs[runs["setting"] == "my-spo"]
    assert spo["clip_fraction"].isna().all()
    assert spo["kl"].notna().all()
    record = json.loads(next(with_own.glob("runs/*/my-spo/*.json")).read_text())
    assert len(record["own_sha256"]) == 64
    assert record["numbers"] == {"epsilon": 0.2}


@pytest.mark.soak
def test_files_that_were_lost_are_kept_in_the_results_folder(tmp_path: Path) -> None:
    own = [
        write(tmp_path / "a.py"),
        write(tmp_path / "b.py", "ratio * advantage - kl  # progress", name="yours"),
    ]
    text, folder = {digest(path.read_text()): path.read_text() for path in own}, tmp_path / "results"
    arguments = ("--results", str(folder))
    selection = ("--environments", "InvertedPendulum-v4", "--seeds", "1", "--timesteps", "2049")
    named = ("--own", str(own[0]), "--own", str(own[1]), "--settings", "mine", "yours")
    done = command_line("train", *arguments, *named, *selection)
    assert done.returncode == 0, done.stderr
    for path in own:
        path.unlink()
    kept = sorted((folder / "own").iterdir())
    assert {path.stem: path.read_text() for path in kept} == text
    hashes = {
        name: json.loads(next(folder.glob(f"runs/*/{name}/*.json")).read_text())["own_sha256"]
        for name in ("mine", "yours")
    }
    assert [hashes["mine"], hashes["yours"]] == list(text)
    without = run("verify", *arguments)
    files = " ".join(map(str, kept))
    assert f"not repeated: mine yours; name their files: --own {files}" in without.stdout + without.stderr
    part = run("verify", *arguments, "--own", *map(str, kept), "--timesteps", "2048")
    assert "not repeated: yours, whose updates depend on their length" in part.stdout + part.stderr
    repeated = command_line("verify", *arguments, "--own", *map(str, kept))
    assert repeated.returncode == 0, repeated.stderr
    for name in hashes:
        assert f"InvertedPendulum-v4 {name} seed 0: bit-identical" in repeated.stdout


def test_a_campaign_that_is_refused_writes_nothing(tmp_path: Path) -> None:
    """Before, it says what choices can't do for settings without a clip range."""
    own, folder = write(tmp_path / "mine.py"), tmp_path / "results"
    changes = ("value_loss=clipped", "stepsize_schedule=linear_with_clip_range")
    arguments = ("--results", str(folder), "--own", str(own), "--environments", "InvertedPendulum-v4")
    with open_results(folder, None, create=True, protocol=change_protocol(DEFAULT, changes)).locked():
        before = sorted(folder.rglob("*"))
        done = run("train", *arguments, "--set", *changes, "--seeds", "1", "--settings", "own", "clip-0.2")
        assert "another campaign is running" in done.stderr
        assert sorted(folder.rglob("*")) == before
    said = done.stdout + done.stderr
    assert "value_loss=clipped clips the values by 0.2 of mine, for want of a number clip_range" in said
    assert "linear_with_clip_range anneals the stepsize alone of mine, for want" in said


def test_choices_that_use_the_clip_range_say_nothing_of_settings_that_have_one() -> None:
    choices = change_protocol(DEFAULT, ["value_loss=clipped"]).hyperparameters.choices
    with_it = replace(SETTINGS["clip-0.2"], name="mine")
    assert describe_without_clip_range([with_it], choices) == []
    assert describe_without_clip_range([replace(with_it, numbers={})], Choices()) == []


def test_a_setting_of_two_files_is_refused_and_a_copy_is_not(tmp_path: Path) -> None:
    one, copy = write(tmp_path / "one.py"), write(tmp_path / "copy.py")
    other = write(tmp_path / "other.py", "ratio")
    assert known_settings(read_own_files([one, copy])) == known_settings(read_own_files([one]))
    with pytest.raises(UserError, match=f"^{one} and {other} both define mine: give one of the settings"):
        read_own_files([one, copy, other])


@pytest.mark.soak
def test_runs_that_diverge_are_named_when_trained_and_counted_in_the_table(tmp_path: Path) -> None:
    own = write(tmp_path / "mine.py", "ratio * advantage * jnp.inf")
    folder = ("--results", str(tmp_path / "results"), "--environments", "InvertedPendulum-v4")
    arguments = ("--own", str(own), "--settings", "mine", "--seeds", "1", "--timesteps", "4096")
    done = command_line("train", *folder, *arguments)
    assert done.returncode == 0, done.stderr
    assert "InvertedPendulum-v4 mine seed 0 diverged at timestep 2,048" in done.stdout + done.stderr
    table = run("table", *folder).stdout
    assert re.search(r"Mine +│ InvertedPendulum-v4 +│ +[\d.]+ │ +│ +1 │ +1 ", table)


def test_another_file_of_the_same_name_is_another_setting(with_own: Path, tmp_path: Path) -> None:
    """A second seed by another objective would be averaged with the first."""
    folder = Path(shutil.copytree(with_own, tmp_path / "results"))
    other = write(tmp_path / "spo.py", name="my-spo")
    arguments = ("--environments", "InvertedPendulum-v4", "--seeds", "1-1")
    done = run("train", "--own", str(other), "--results", str(folder), *arguments, "--settings", "my-spo")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "my-spo has runs of another file or other numbers" in done.stderr
    done = run("verify", "--own", str(other), "--results", str(folder))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    kept = re.search("my-spo has runs of another file .* take the file of its runs, (.*)", done.stderr)
    assert kept is not None
    assert "my-spo" in Path(kept[1]).read_text()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = run("train", "--own", str(tmp_path / "mine.py"), "--results", str(tmp_path / "results"))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"cannot read {tmp_path / 'mine.py'}" in done.stderr
    assert not (tmp_path / "results").exists()
