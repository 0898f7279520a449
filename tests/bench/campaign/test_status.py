"""What `status` says of seeds."""

import pytest

from bench.campaign.status import ranges


@pytest.mark.parametrize(
    ("seeds", "text"), [([], "-"), ([3], "3"), ([0, 1, 2], "0-2"), ([0, 1, 4, 6, 7, 20], "0-1, 4, 6-7, 20")]
)
def test_seeds_are_told_as_ranges(seeds: list[int], text: str) -> None:
    assert ranges(seeds) == text
