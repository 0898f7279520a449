"""What a run's provenance says of the command that made it."""

import pytest

from bench.common.provenance import completion


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["/home/me/table1/bench/__main__.py", "train", "--seeds", "3"], "python -m bench train --seeds 3"),
        (["/home/me/.venv/bin/ppo-table1", "train", "--results", "/data/my runs"],
         "ppo-table1 train --results '/data/my runs'"),
        (["bench/__main__.py", "train", "--own", "\udcff\n"], r"python -m bench train --own '\udcff\n'"),
    ],
)  # fmt: skip
def test_the_command_is_one_line_as_it_was_typed(
    arguments: list[str], command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", arguments)
    assert completion()["command"] == command
