"""What the READMEs tell people to type: commands are accepted as they stand there, and Python runs.

That each command does what it says is tested where the command is; here it is that the READMEs mean it.
"""

import re
import shlex
import subprocess
import warnings
from typing import Any

import matplotlib
import pytest

from bench.command_line import parsed
from bench.common.files import read_text
from tests.helpers.markdown import fenced
from tests.helpers.processes import ROOT, environment_with

READMES = sorted(
    str(path.relative_to(ROOT))
    for path in (
        *(ROOT / "README.md", *ROOT.glob("*/README.md"), *ROOT.glob("*/*/README.md")),
        ROOT / "results" / "details.md",
    )
    if not path.relative_to(ROOT).parts[0].startswith(".")
)
COMMAND = re.compile(r"(?:make|python -m bench) [a-z][^#]*")


def commands(readme: str) -> list[str]:
    """The commands in its blocks of shell lines and in its running text, without `...` for other flags."""
    lines = [
        line
        for block in fenced(read_text(ROOT / readme), "")
        for line in block.replace("\\\n", " ").splitlines()
    ]
    for text in read_text(ROOT / readme).split("```")[::2]:
        lines += re.findall(r"`([^`\n]+)`", text)
    found = [COMMAND.match(line) for line in lines]
    return sorted({match[0].replace("...", "").strip() for match in found if match})


def test_there_are_commands_in_the_readmes() -> None:
    found = {readme: len(commands(readme)) for readme in READMES}
    assert found["README.md"] >= 6
    assert found["bench/README.md"] >= 8
    assert sum(found.values()) > 18


@pytest.mark.parametrize("readme", READMES)
def test_the_commands_are_accepted(readme: str) -> None:
    for command in commands(readme):
        program, *arguments = shlex.split(command.replace("python -m bench", "bench"))
        if program == "make":
            dry = ["make", "--dry-run", *arguments]
            variables = environment_with(MAKEFLAGS="", MFLAGS="")
            done = subprocess.run(dry, cwd=ROOT, env=variables, check=True, capture_output=True, text=True)
            for line in done.stdout.replace("\\\n", " ").splitlines():
                if " -m bench " in line:
                    parsed(shlex.split(line)[3:])
        else:
            parsed(arguments)


def test_the_python_that_reads_results_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    matplotlib.use("agg")
    monkeypatch.chdir(ROOT)
    blocks = fenced(read_text(ROOT / "results" / "details.md"), "python")
    assert len(blocks) == 2
    names: dict[str, Any] = {}
    for block in blocks:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*Hopper-v4 is out of date", DeprecationWarning)
            exec(block, names)
    assert len(names["walker"]) > 500
    assert names["action"].shape == (3,)
