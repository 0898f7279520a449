"""Options that are given twice, and those that make a protocol of one's own."""

import json
from pathlib import Path

import pytest

from bench.command_line import join_repeated
from tests.helpers.commands import run
from tests.helpers.processes import command_line


@pytest.mark.parametrize(
    ("given", "joined"),
    [
        (["train", "--seeds", "3"], ["train", "--seeds", "3"]),
        (
            ["table", "--settings", "clip-0.1", "--seeds=2", "--settings=clip-0.2"],
            ["table", "--settings", "clip-0.1", "clip-0.2", "--seeds=2"],
        ),
        (
            ["train", "--set", "epochs=3", "--set=discount=0.9"],
            ["train", "--set", "epochs=3", "discount=0.9"],
        ),
        (["verify", "--own", "a.py", "--own=b.py"], ["verify", "--own", "a.py", "b.py"]),
        (["verify", "Reacher-v4", "--seed", "0"], ["verify", "Reacher-v4", "--seed", "0"]),
    ],
)
def test_lists_that_are_given_twice_are_joined(given: list[str], joined: list[str]) -> None:
    assert join_repeated(given) == joined


def test_another_option_that_is_given_twice_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        join_repeated(["train", "--seeds", "3", "--seeds=5"])
    assert capsys.readouterr().err == "error: --seeds is given twice\n"
    with pytest.raises(SystemExit):
        join_repeated(["train", *["--\x1b[2J" + 9000 * "9"] * 2])
    said = capsys.readouterr().err
    assert said.startswith("error: --\\x1b[2J999")
    assert len(said) < 5000


@pytest.mark.parametrize(
    "option", ["--environments", "--settings", "--seeds", "--set", "--results", "--variant"]
)
def test_a_message_that_quotes_thousands_of_signs_is_shortened(option: str) -> None:
    status, _, err = run("train", option, 9000 * "9")
    assert status == 1
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert len(err) < 5000


@pytest.mark.soak
def test_a_folder_of_one_s_own_protocol_is_trained_and_read(tmp_path: Path) -> None:
    folder = ("--results", str(tmp_path / "mine"))
    selection = ("--environments", "InvertedPendulum-v4", "--settings", "clip-0.2", "--seeds", "1")
    changes = ("--set", "horizon=256", "discount=0.9")
    done = command_line("train", *folder, *selection, *changes, "--timesteps", "512")
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "mine" / "protocol.json").read_text())
    assert [line.split(",")[0] for line in record["differs_from_default"]] == [
        *("discount 0.9", "horizon 256", "timesteps 512")
    ]
    assert "0 missing" in run("status", *folder, *selection)[1]
    status, out, _ = run("verify", *folder, "--settings", "clip-0.2")
    assert status == 0
    assert "InvertedPendulum-v4 clip-0.2 seed 0: bit-identical" in out
    # What is added by another protocol is refused.
    status, _, err = run("train", *folder, *selection)
    assert (status, err.count("\n")) == (1, 1)
    assert "discount 0.9, not 0.99" in err


@pytest.mark.soak
def test_rollouts_may_be_shorter_than_episodes(tmp_path: Path) -> None:
    """HalfCheetah's episodes have 1,000 steps, also those of the untrained policy."""
    selection = ("--environments", "HalfCheetah-v4", "--settings", "clip-0.2", "--seeds", "1")
    changes = ("--set", "horizon=64", "--timesteps", "64")
    done = command_line("train", "--results", str(tmp_path / "mine"), *selection, *changes)
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "mine" / "random.csv").read_text().splitlines()) == 3


def test_a_variant_s_folder_is_of_no_other_protocol(tmp_path: Path) -> None:
    arguments = ("--results", str(tmp_path / "mine"), "--variant", "annealed", "--set", "epochs=3")
    status, _, err = run("train", *arguments)
    assert (status, err.count("\n")) == (1, 1)
    assert "--set makes a protocol of your own" in err
    assert not (tmp_path / "mine").exists()
