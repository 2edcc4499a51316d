"""Sort keys: bytes that order a board, best first, on any database. Pure.

Each column is eight bytes, its IEEE-754 bits mapped so that comparing the bytes compares the
numbers (the sign bit flipped for positive numbers, all bits for negative ones), negated where more
is better. After the columns come the instant of the submission and its number, eight bytes each, so
no two keys are equal. Teams whose keys begin with the same columns are tied.
"""

import struct
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Final

from scoring import BoardColumn, Direction

WIDTH: Final = 8
_WORST: Final = b"\xff" * WIDTH
_SIGN: Final = 1 << 63
_ALL_BITS: Final = (1 << 64) - 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def score_key(scores: Mapping[str, float], columns: Sequence[BoardColumn]) -> bytes | None:
    """Return the key of the columns that rank, the primary first; None where that is no number."""
    primary = scores.get(columns[0].key)
    if primary is None or not isfinite(primary):
        return None
    return b"".join(_number(scores.get(column.key), column.direction) for column in columns)


def place_key(scores: bytes, submitted_at: datetime, submission_id: int) -> bytes:
    """Return the whole key of a row."""
    micros = (submitted_at - _EPOCH) // timedelta(microseconds=1)
    return scores + struct.pack(">Qq", micros + _SIGN, submission_id)


def _number(value: float | None, direction: Direction) -> bytes:
    if value is None or not isfinite(value):
        return _WORST
    signed = (-value if direction is Direction.MAX else value) + 0.0  # no negative zero
    bits = int.from_bytes(struct.pack(">d", signed), "big")
    ordered = bits ^ (_ALL_BITS if bits & _SIGN else _SIGN)
    return ordered.to_bytes(WIDTH, "big")
