"""What strict JSON refuses beyond its grammar."""

import json

import pytest

from scoring.strict_json import MAX_DIGITS, read_integer, unique_object


def test_an_object_keeps_its_pairs_and_refuses_a_repeated_key() -> None:
    assert json.loads('{"a": {"b": 1}}', object_pairs_hook=unique_object) == {"a": {"b": 1}}
    with pytest.raises(ValueError, match="a key is repeated"):
        json.loads('{"a": 1, "a": 1}', object_pairs_hook=unique_object)


def test_a_whole_number_has_a_bounded_length() -> None:
    assert read_integer("9" * MAX_DIGITS) == 10**MAX_DIGITS - 1
    with pytest.raises(ValueError, match="too long"):
        read_integer("9" * (MAX_DIGITS + 1))
