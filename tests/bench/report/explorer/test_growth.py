"""What the page of very many runs needs: memory and time that grow with their number and no faster."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.protocol.settings import PAPER_SETTINGS
from tests.helpers.made_up import synthetic_results
from tests.helpers.processes import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.soak]

# All the paper's settings in its seven environments, 210 seeds of each.
RUNS = 16_170
MEASURE = """
import re, resource, sys
from pathlib import Path
from bench.command_line import run_command_line

sys.argv = ["bench", "page", "--results", sys.argv[1]]
assert run_command_line() == 0
used = resource.getrusage(resource.RUSAGE_SELF)
# `ru_maxrss` would be that of the process that started this one, where that was larger.
memory = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]
print("used", int(memory) * 1024, used.ru_utime + used.ru_stime)
"""


def cost(folder: Path) -> tuple[float, float]:
    """The most memory of the page of a folder, in bytes, and its seconds of a core."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(folder)], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    memory, seconds = map(float, done.stdout.splitlines()[-1].split()[1:])
    return memory, seconds


def test_the_page_of_210_seeds_takes_less_than_a_gigabyte(tmp_path: Path) -> None:
    folder, costs = tmp_path / "results", {}
    for seeds in (range(20), range(20, 80)):
        synthetic_results(folder, None, seeds, PAPER_SETTINGS)
        costs[len(list(folder.rglob("seed-*.csv")))] = cost(folder)
    (few, (little, quick)), (many, (much, slow)) = costs.items()
    assert little + (much - little) / (many - few) * (RUNS - few) < 1e9
    assert slow / quick < many / few
