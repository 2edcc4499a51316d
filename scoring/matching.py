"""Match rows by key, whatever their order, without a loop over rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import pandas as pd
from typing_extensions import override

from scoring.cells import Array
from scoring.types import IntArray

__all__ = ["KeyTexts", "Match", "key_texts", "match_numbers", "match_rows", "number_rows"]


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """Where each wanted row lies among those given (-1: nowhere), and the given rows left over."""

    rows: IntArray
    missing: IntArray
    extra: IntArray


def number_rows(*tables: Sequence[Array]) -> list[IntArray]:
    """Number the keys of several tables: rows have the same number where all key parts are equal.

    Each table is its key columns, in the same order and of the same types.
    """
    sizes = [len(table[0]) for table in tables]
    numbers = np.zeros(sum(sizes), np.int64)
    for parts in zip(*tables, strict=True):
        codes, distinct = pd.factorize(np.concatenate(parts))
        # numbered afresh after each part, so that the product stays far below 2**63
        numbers, _ = pd.factorize(numbers * (len(distinct) + 1) + codes)
    return np.split(numbers.astype(np.int64), np.cumsum(sizes)[:-1])


def match_rows(wanted: Sequence[Array], given: Sequence[Array]) -> Match:
    """Find the wanted keys among the given ones, which must be distinct."""
    return match_numbers(*number_rows(wanted, given))


def match_numbers(wanted_numbers: IntArray, given_numbers: IntArray) -> Match:
    """Match keys that are numbered from 0, the given ones distinct."""
    size = int(max(wanted_numbers.max(initial=-1), given_numbers.max(initial=-1))) + 1
    place = np.full(size, -1, np.int64)
    place[given_numbers] = np.arange(len(given_numbers))
    asked = np.zeros(size, np.bool_)
    asked[wanted_numbers] = True
    rows: IntArray = place[wanted_numbers]
    return Match(rows, np.flatnonzero(rows < 0), np.flatnonzero(~asked[given_numbers]))


class KeyTexts(Sequence[str]):
    """Keys as text, written when somebody reads them: a slice alone, or all of them, once."""

    def __init__(self, write: Callable[[int, int], list[str]], size: int) -> None:
        """Take what writes the keys from one row up to another, and how many rows there are."""
        self._write, self._size = write, size
        self._texts: tuple[str, ...] | None = None

    def _written(self) -> tuple[str, ...]:
        if self._texts is None:
            self._texts = tuple(self._write(0, self._size))
        return self._texts

    @override
    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[str, ...]: ...
    @override
    def __getitem__(self, place: int | slice) -> str | tuple[str, ...]:
        if isinstance(place, slice) and self._texts is None:
            start, stop, step = place.indices(self._size)
            if step == 1:
                return tuple(self._write(start, max(start, stop)))
        return self._written()[place]

    @override
    def __eq__(self, other: object) -> bool:
        return self._written() == (other._written() if isinstance(other, KeyTexts) else other)

    @override
    def __hash__(self) -> int:
        return hash(self._written())


def key_texts(columns: Sequence[Array], rows: IntArray | None = None) -> list[str]:
    """Write keys as text: the parts of a composite key joined by `|`, one inside escaped."""
    parts = [column if rows is None else column[rows] for column in columns]
    if len(parts) == 1:
        return [str(value) for value in parts[0].tolist()]
    return ["|".join(map(_escaped, values)) for values in zip(*map(_listed, parts), strict=True)]


def _listed(column: Array) -> list[object]:
    values: list[object] = column.tolist()
    return values


def _escaped(value: object) -> str:
    return str(value).replace("\\", "\\\\").replace("|", "\\|")
