"""Sentences about the unconstrained setting, by hand."""

from types import SimpleNamespace
from typing import Any

import pandas as pd

from bench.report.unconstrained_sections import apart


def test_where_all_runs_lie_below_all_others() -> None:
    lines = [
        ("Reacher-v4", "no-clip", -2.0),
        ("Reacher-v4", "no-clip", -0.5),
        ("Reacher-v4", "clip-0.2", 0.7),
    ]
    lines += [("Hopper-v4", "no-clip", 0.3), ("Hopper-v4", "clip-0.1", 0.3)]
    report: Any = SimpleNamespace(
        scores=pd.DataFrame(lines, columns=["environment", "setting", "normalized"])
    )
    found = " All of its runs score below all other settings' in Reacher"
    found += " (-0.50 at most, the others 0.70 at least)."
    assert apart(report) == found
    report.scores = report.scores[report.scores["environment"] == "Hopper-v4"]
    assert apart(report) == ""
