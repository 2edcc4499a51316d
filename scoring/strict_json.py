"""What strict JSON refuses beyond its grammar, wherever strangers write it."""

from typing import Final

__all__ = ["read_integer", "unique_object"]

MAX_DIGITS: Final = 1000


def unique_object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Build an object of its pairs; raise ValueError where a key is repeated."""
    data = dict(pairs)
    if len(data) != len(pairs):
        message = "a key is repeated"
        raise ValueError(message)
    return data


def read_integer(digits: str) -> int:
    """Read a whole number; raise ValueError where it is too long to be one."""
    if len(digits) > MAX_DIGITS:
        message = "a number is too long"
        raise ValueError(message)
    return int(digits)
