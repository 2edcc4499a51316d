"""Fast matching gives what careful matching gives, or nothing."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scoring.matching import match_rows, number_rows
from scoring.quick_matching import match_quickly, number_texts

NAMES = st.sampled_from(["r1", "r2", "r3", "r4", "r9", "q1", "r01", "1", "2", "é", "x", "r１"])
KEYS = st.lists(NAMES, max_size=5)


def texts(values: list[str]) -> pa.ChunkedArray:
    half = len(values) // 2
    parts = [pa.array(part, pa.large_string()) for part in (values[:half], values[half:])]
    return pa.chunked_array(parts)


def objects(values: list[str]) -> "np.ndarray[tuple[int], np.dtype[np.object_]]":
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


@given(KEYS, KEYS, st.booleans())
@example(wanted=["r1", "r2"], given_=["r2", "r1"], extra=False)
@example(wanted=["r1", "r2"], given_=["r2", "r3", "r1"], extra=True)
@example(wanted=["r1", "r1"], given_=["r1", "r2"], extra=True)
@example(wanted=["r1"], given_=["r1", "r2", "r2"], extra=True)
@example(wanted=["r1"], given_=["r1", "r1"], extra=True)
def test_against_careful_matching(wanted: list[str], given_: list[str], extra: bool) -> None:
    found = match_quickly(texts(wanted), texts(given_), allow_extra=extra)

    is_good = len(set(wanted)) == len(wanted) and len(set(given_)) == len(given_)
    if is_good:
        match = match_rows([objects(wanted)], [objects(given_)])
        is_good = not len(match.missing) and (extra or not len(match.extra))
        assert (found is not None) == is_good
        assert found is None or found.tolist() == match.rows.tolist()
    else:
        assert found is None


@pytest.mark.parametrize("first", ["r00001", "zzzzz1", "r9999999999999999"])
def test_numbers_far_apart_are_matched_as_well(first: str) -> None:
    names = [first, *(f"r{number:05d}" for number in range(2, 50))]

    found = match_quickly(texts(names), texts(names[::-1]), allow_extra=False)
    assert found is not None
    assert found.tolist() == list(range(48, -1, -1))


@given(KEYS, KEYS)
@example(one=["r1", "r2"], other=["r2", "r9"])
@example(one=["r1"], other=["q1"])
def test_equal_texts_get_equal_numbers(one: list[str], other: list[str]) -> None:
    found = [each.tolist() for each in number_texts(texts(one), texts(other))]

    both = [*zip(one, found[0], strict=True), *zip(other, found[1], strict=True)]
    names, numbers = {name for name, _ in both}, {number for _, number in both}
    assert len(set(both)) == len(names) == len(numbers)
    assert min(numbers, default=0) >= 0
    assert [len(each) for each in found] == [
        len(each) for each in number_rows([objects(one)], [objects(other)])
    ]
