"""What `make` says where it can't install: one line that names what is missing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.processes import ROOT


@pytest.mark.parametrize(
    ("lack", "message"),
    [
        (
            "sys.version_info = (3, 10, 1)",
            "Python 3.11 to 3.14 is needed, because not all packages are built for",
        ),
        (
            "sys.version_info = (3, 15, 0)",
            "Python 3.11 to 3.14 is needed, because not all packages are built for",
        ),
        ("sys.modules['ensurepip'] = None", "Python cannot make .venv: install python3-venv"),
    ],
)
def test_a_python_that_will_not_do_is_refused_in_one_line(lack: str, message: str, tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -c "import sys; {lack}; exec(sys.argv[1])" "$2"\n')
    python.chmod(0o755)
    command = ["make", ".venv/installed", f"PYTHON={python}"]
    # As from a shell, also where `make test` runs this.
    outer = {name: value for name, value in os.environ.items() if name not in ("MAKELEVEL", "MAKEFLAGS")}
    done = subprocess.run(command, cwd=tmp_path, env=outer, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    first, second = done.stderr.splitlines()
    assert first.startswith(message)
    assert second.startswith("make: *** ")
    assert not (tmp_path / ".venv").exists()
