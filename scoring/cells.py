"""Cells of text to typed arrays, chunk by chunk: the fast way first, else cell by cell."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.messages import Message
from scoring.spec import ColumnKind, ColumnType
from scoring.types import IntArray

__all__ = ["Array", "Fault", "read_cells"]

Array = NDArray[np.generic]

_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_INTEGER: Final = re.compile(r"([+-]?[0-9]+)(?:\.0*)?")
_BOOLEANS: Final = {"true": 1, "false": 0, "1": 1, "0": 0}
_INT64: Final = np.iinfo(np.int64)
_MAX_DIGITS: Final = 30
_SHOWN: Final = 60


@dataclass(frozen=True, slots=True, eq=False)
class Fault:
    """Cells of one column that are wrong in one way: where, and what to say of each."""

    rows: IntArray
    describe: Callable[[int], Message]


def read_cells(name: str, kind: ColumnType, cells: Sequence[str]) -> tuple[Array, list[Fault]]:
    """Return the chunk's values and its faulty cells, whose values mean nothing.

    string and category give an object array of `str` (`None` where null), integer `int64`,
    number `float64`, boolean `bool`; integer and boolean become `float64` with NaN for nulls
    where the column is nullable. Rows count from 0 within the chunk.
    """
    empty = _places(not cell or cell.isspace() for cell in cells) if _has_blank(cells) else _NONE
    faults: list[Fault] = []
    if len(empty) and not kind.nullable:
        faults.append(Fault(empty, lambda _row: Message("empty_cell", column=name)))
    values, wrong = _READERS[kind.type](kind, cells)
    blank = set(empty.tolist())
    for code, rows in wrong.items():
        kept = np.array([row for row in rows if row not in blank], dtype=np.int64)
        if len(kept):
            faults.append(Fault(kept, _describer(code, name, kind, cells)))
    faulty = {row for fault in faults for row in fault.rows.tolist()} | blank
    faults.extend(_out_of_bounds(name, kind, values, cells, faulty))
    return _with_nulls(values, kind, empty), faults


def _has_blank(cells: Sequence[str]) -> bool:
    return not all(cells) or any(map(str.isspace, cells))


def _places(flags: Iterable[bool]) -> IntArray:
    return np.flatnonzero(np.fromiter(flags, bool))


_NONE: Final[IntArray] = np.empty(0, np.int64)


def _describer(
    code: str, name: str, kind: ColumnType, cells: Sequence[str]
) -> Callable[[int], Message]:
    allowed = {"allowed": ", ".join(kind.values)} if kind.values else {}
    return lambda row: Message(code, {"value": _shown(cells[row]), **allowed}, column=name)


def _shown(cell: str) -> str:
    """Cut a long cell, and show what cannot be seen."""
    text = cell if len(cell) <= _SHOWN else f"{cell[:_SHOWN]}…"
    return "".join(char if char.isprintable() else "�" for char in text)


Wrong = dict[str, Sequence[int]]


def _read_text(_kind: ColumnType, cells: Sequence[str]) -> tuple[Array, Wrong]:
    return _objects(cells), {}


def _read_categories(kind: ColumnType, cells: Sequence[str]) -> tuple[Array, Wrong]:
    values = kind.values or ()
    codes = {value: code for code, value in enumerate(values)}
    found = np.fromiter(map(codes.get, cells, repeat(-1)), np.int64, len(cells))
    # the class list's own strings: one object per class, however many rows
    return _objects(values)[found], {"not_in_values": np.flatnonzero(found < 0).tolist()}


def _read_booleans(_kind: ColumnType, cells: Sequence[str]) -> tuple[Array, Wrong]:
    lower = (cell.strip().lower() for cell in cells)
    found = np.fromiter(map(_BOOLEANS.get, lower, repeat(-1)), np.int64, len(cells))
    return found == 1, {"not_boolean": np.flatnonzero(found < 0).tolist()}


def _read_numbers(_kind: ColumnType, cells: Sequence[str]) -> tuple[Array, Wrong]:
    if _is_plain(cells):
        try:
            values = np.fromiter(map(float, cells), np.float64, len(cells))
        except ValueError:
            pass
        else:
            return values, {"not_finite": np.flatnonzero(~np.isfinite(values)).tolist()}
    values = np.zeros(len(cells))
    wrong: dict[str, list[int]] = {"not_number": [], "not_finite": []}
    for row, cell in enumerate(map(str.strip, cells)):
        if _NUMBER.fullmatch(cell):
            values[row] = float(cell)
        else:
            wrong["not_finite" if _NOT_FINITE.fullmatch(cell) else "not_number"].append(row)
    wrong["not_finite"].extend(np.flatnonzero(~np.isfinite(values)).tolist())
    return values, dict(wrong)


def _read_integers(_kind: ColumnType, cells: Sequence[str]) -> tuple[Array, Wrong]:
    if _is_plain(cells):
        try:
            return np.fromiter(map(int, cells), np.int64, len(cells)), {}
        except (ValueError, OverflowError):
            pass
    values = np.zeros(len(cells), np.int64)
    wrong: dict[str, list[int]] = {"not_integer": [], "integer_range": []}
    for row, cell in enumerate(map(str.strip, cells)):
        match = _INTEGER.fullmatch(cell)
        if match is None:
            wrong["not_integer"].append(row)
        elif len(match[1]) > _MAX_DIGITS or not _INT64.min <= int(match[1]) <= _INT64.max:
            wrong["integer_range"].append(row)
        else:
            values[row] = int(match[1])
    return values, dict(wrong)


_READERS: Final[dict[ColumnKind, Callable[[ColumnType, Sequence[str]], tuple[Array, Wrong]]]] = {
    ColumnKind.STRING: _read_text,
    ColumnKind.CATEGORY: _read_categories,
    ColumnKind.BOOLEAN: _read_booleans,
    ColumnKind.NUMBER: _read_numbers,
    ColumnKind.INTEGER: _read_integers,
}


def _is_plain(cells: Sequence[str]) -> bool:
    """Say whether Python's own parsers may read the cells: they also take `1_000` and `１２`."""
    text = "".join(cells)
    return text.isascii() and "_" not in text


def _objects(cells: Sequence[object]) -> Array:
    values = np.empty(len(cells), dtype=object)
    values[:] = cells
    return values


def _out_of_bounds(
    name: str, kind: ColumnType, values: Array, cells: Sequence[str], faulty: set[int]
) -> list[Fault]:
    """Find the numbers beyond `min` and `max` among the cells that are not faulty already."""
    faults: list[Fault] = []
    for code, limit in (("below_min", kind.min), ("above_max", kind.max)):
        if limit is None:
            continue
        beyond = np.flatnonzero(_beyond(values, code, limit))
        rows = np.array([row for row in beyond.tolist() if row not in faulty], dtype=np.int64)
        if len(rows):
            faults.append(Fault(rows, _bound_describer(code, name, limit, cells)))
    return faults


def _beyond(values: Array, code: str, limit: float) -> NDArray[np.bool_]:
    """Compare integers as integers: as floats, large ones would be rounded."""
    compare = np.less if code == "below_min" else np.greater
    beyond: NDArray[np.bool_] = compare(values, limit)
    return beyond


def _bound_describer(
    code: str, name: str, limit: float, cells: Sequence[str]
) -> Callable[[int], Message]:
    return lambda row: Message(code, {"value": _shown(cells[row]), "limit": limit}, column=name)


def _with_nulls(values: Array, kind: ColumnType, empty: IntArray) -> Array:
    if not kind.nullable:
        return values
    if kind.type in {ColumnKind.STRING, ColumnKind.CATEGORY}:
        cells: list[object] = values.tolist()
        for row in empty.tolist():
            cells[row] = None
        return _objects(cells)
    numbers = values.astype(np.float64)
    numbers[empty] = np.nan
    return numbers
