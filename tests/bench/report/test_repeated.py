"""What pages tell of `verified.csv`."""

from pathlib import Path

import pytest

from bench.common.errors import DamagedError
from bench.report.repeated import describe_repetitions
from bench.results import verified


def test_what_was_repeated_is_told_by_processor_and_length(tmp_path: Path) -> None:
    assert describe_repetitions(tmp_path) == ""
    lines = [
        *("Hopper-v4,clip-0.2,0,100000,AMD,a,identical,Intel", "Hopper-v4,no-clip,0,100000,AMD,a,near,Intel"),
        "Hopper-v4,clip-0.2,0,1000000,AMD,a,identical,Intel",
    ]
    versions = "," * (len(verified.COLUMNS) - 8)
    heading = ",".join(verified.COLUMNS)
    whole = "\n".join([heading, *(line + versions for line in lines), ""])
    (tmp_path / "verified.csv").write_text(whole)
    annealed = tmp_path / "variants" / "annealed" / "verified.csv"
    annealed.parent.mkdir(parents=True)
    annealed.write_text(whole)
    text = describe_repetitions(tmp_path)
    assert "### Repeated" in text
    assert "Of 3 repetitions 2 have the same lines" in text
    assert text.splitlines()[-2:] == [
        "| AMD | Intel | Hopper-v4 | 0 | 100,000 | 2 | 1 |",
        "| AMD | Intel | Hopper-v4 | 0 | 1,000,000 | 1 | 1 |",
    ]
    text = describe_repetitions(tmp_path, ["v5", "annealed"])
    assert text.startswith("## Repeated")
    assert "Of 3 repetitions 2 have the same lines" in text
    assert text.splitlines()[-2:] == [
        "| AMD | Intel | annealed | 0 | 100,000 | 2 | 1 |",
        "| AMD | Intel | annealed | 0 | 1,000,000 | 1 | 1 |",
    ]
    assert describe_repetitions(tmp_path, ["v5"]) == ""
    for damaged in ("", "seed\n1\n", whole + "Hopper-v4\n", whole.replace(",0,", ",x,")):
        (tmp_path / "verified.csv").write_text(damaged)
        with pytest.raises(
            DamagedError, match=r"verified\.csv: (its first line must be environment,setting|line \d+)"
        ):
            describe_repetitions(tmp_path)
