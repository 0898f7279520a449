"""Sentences about settings beside each other, by hand."""

from bench.protocol.protocol import PLANNED_SEEDS
from bench.report.setting_sections import interim


def test_fewer_than_the_planned_seeds_are_interim() -> None:
    assert interim(PLANNED_SEEDS - 2).strip() == "Interim: 19 of the planned 21 seeds."
    assert interim(PLANNED_SEEDS) == interim(PLANNED_SEEDS + 1) == ""
