"""JSON of others: what is odd in it is refused, and soon."""

import json
import time

import pytest

from bench.common.parsing import parse_json


def test_a_name_that_is_there_twice_is_found_soon_among_many() -> None:
    names = {f"name {number}": number for number in range(30_000)}
    text = json.dumps(names)
    start = time.process_time()
    assert parse_json(text) == names
    with pytest.raises(ValueError, match="the field name 7 is there twice"):
        parse_json(f'{text[:-1]}, "name 7": 0}}')
    assert time.process_time() - start < 2
