"""Match millions of keys of text at once, where each is there just as often as it should be.

Keys that count, `r00042`, are matched by their number; others by a hash table.
"""

import re
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scoring.types import IntArray

__all__ = ["match_quickly", "number_texts"]

_COUNTED: Final = re.compile(rb"(.*?)([0-9]{1,18})", re.DOTALL)
_SPREAD: Final = 8
_ZERO: Final = 48
_NINE: Final = 9


def match_quickly(
    wanted: pa.ChunkedArray, given: pa.ChunkedArray, *, allow_extra: bool
) -> IntArray | None:
    """Return the given row of each wanted key of text.

    None where the keys are not all as they should be: a wanted one is missing or repeated, a given
    one is repeated or (by default) extra.
    """
    if len(given) < len(wanted) or (len(given) > len(wanted) and not allow_extra):
        return None
    rows = _by_number(wanted, given)
    if rows is None:
        rows = _by_hash(wanted, given)
    if rows.min(initial=0) < 0:
        return None
    used = np.zeros(len(given), np.bool_)
    used[rows] = True
    # as many given rows are used as keys are wanted, so no wanted key is there twice
    if np.count_nonzero(used) != len(wanted):
        return None
    return rows if len(given) == len(wanted) or _are_extra(given, used) else None


def number_texts(*columns: pa.ChunkedArray) -> list[IntArray]:
    """Number the texts of several columns from 0: the same number where they are equal."""
    shape = _COUNTED.fullmatch(columns[0][0].as_py().encode()) if len(columns[0]) else None
    if shape is not None:
        parts = [_numbers(column, *shape.groups()) for column in columns if len(column)]
        found = [part for part in parts if part is not None]
        low = min(int(part.min()) for part in found) if found else 0
        high = max(int(part.max()) for part in found) if found else 0
        sizes = [len(column) for column in columns]
        if len(found) == len(columns) and high - low <= _SPREAD * sum(sizes):
            return [part - low for part in found]
    chunks = [chunk for column in columns for chunk in column.chunks]
    coded = pa.chunked_array(chunks, pa.large_string()).dictionary_encode().combine_chunks()
    numbers = coded.indices.to_numpy().astype(np.int64)
    return np.split(numbers, np.cumsum([len(column) for column in columns])[:-1])


def _are_extra(given: pa.ChunkedArray, used: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> bool:
    """Say whether the given keys that are not used are others than those, and differ."""
    mask = pa.array(used)
    rest = given.filter(pc.invert(mask))
    if pc.count_distinct(rest).as_py() != len(rest):
        return False
    return not pc.any(pc.is_in(rest, value_set=given.filter(mask))).as_py()


def _by_hash(wanted: pa.ChunkedArray, given: pa.ChunkedArray) -> IntArray:
    found = pc.fill_null(pc.index_in(given, value_set=wanted), -1).to_numpy()
    rows = np.full(len(wanted), -1, np.int64)
    known = found >= 0
    rows[found[known]] = np.flatnonzero(known)
    return rows


def _by_number(wanted: pa.ChunkedArray, given: pa.ChunkedArray) -> IntArray | None:
    """Match keys that are one text before digits, all of one length, and close together."""
    shape = _COUNTED.fullmatch(wanted[0].as_py().encode()) if len(wanted) else None
    if shape is None:
        return None
    asked, numbers = (_numbers(column, *shape.groups()) for column in (wanted, given))
    if asked is None or numbers is None:
        return None
    low, high = int(asked.min()), int(asked.max())
    if high - low > _SPREAD * len(wanted) or len(given) >= 1 << 31:
        return None
    place = np.full(high - low + 1, -1, np.int32)
    if low <= numbers.min() and numbers.max() <= high:
        numbers -= low
        place[numbers] = np.arange(len(numbers), dtype=np.int32)
    else:
        inside = (numbers >= low) & (numbers <= high)
        place[numbers[inside] - low] = np.flatnonzero(inside)
    asked -= low
    rows: IntArray = place[asked].astype(np.int64)
    return rows


def _numbers(column: pa.ChunkedArray, before: bytes, digits: bytes) -> IntArray | None:
    """Return the numbers after `before`; None where a key is written in another way."""
    parts = [_chunk_numbers(chunk, before, len(digits)) for chunk in column.chunks if len(chunk)]
    known = [part for part in parts if part is not None]
    return np.concatenate(known) if known and len(known) == len(parts) else None


def _chunk_numbers(chunk: pa.LargeStringArray, before: bytes, digits: int) -> IntArray | None:
    width = len(before) + digits
    _, ends, data = chunk.buffers()
    bounds = np.frombuffer(ends, np.int64)[chunk.offset : chunk.offset + len(chunk) + 1]
    if not (np.diff(bounds) == width).all():
        return None
    text = np.frombuffer(data, np.uint8)[bounds[0] : bounds[-1]].reshape(-1, width)
    if not (text[:, : len(before)] == np.frombuffer(before, np.uint8)).all():
        return None
    numbers = np.zeros(len(chunk), np.int64)
    for place in range(len(before), width):
        digit = text[:, place] - np.uint8(_ZERO)
        if digit.max() > _NINE:  # what is below the digits has wrapped around
            return None
        numbers *= 10
        numbers += digit
    return numbers
