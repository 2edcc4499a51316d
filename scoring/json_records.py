"""JSON and JSON Lines to records of text, as the same table would be written in CSV.

Numbers keep their digits, true and false are those words, null and what an object leaves out are
empty cells. The first object's names are the header. Lines are those of the file.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

import numpy as np

from scoring.complaints import LIMIT
from scoring.messages import Message
from scoring.records import CELL_LIMIT, CHUNK_ROWS, BadTableError, Chunk, Complain, too_long
from scoring.strict_json import unique_object

__all__ = ["JsonRecords"]

_SHOWN: Final = 60
_BLANK: Final = " \t\n\r"

Row = tuple[int, dict[str, object]]


class JsonRecords:
    """Objects of an array (`lines=False`), or of lines, as records."""

    def __init__(self, text: str, *, lines: bool) -> None:
        """Take the file's text."""
        self._source = _Lines(text) if lines else _Array(text)
        self._first: Row | None = None

    def header(self) -> tuple[list[str], int]:
        """Return the first object's names and its line; raise `BadTableError`."""
        self._first = next(self._source.rows(_raise), None)
        if self._first is None:
            return [], 1
        line, names = self._first[0], list(self._first[1])
        _check_row(line, names)
        return names, line

    def chunks(self, _width: int, complain: Complain) -> Iterator[Chunk]:
        """Yield the objects as rows of cells; complain of those with other names."""
        if self._first is None:
            return
        names = list(self._first[1])
        rows: list[list[str]] = []
        lines: list[int] = []
        for line, found in self._all(complain):
            row = _row(found, names, line, complain)
            if row is None:
                continue
            rows.append(row)
            lines.append(line)
            if len(rows) == CHUNK_ROWS:
                yield _chunk(rows, lines)
                rows, lines = [], []
        if rows:
            yield _chunk(rows, lines)

    def _all(self, complain: Complain) -> Iterator[Row]:
        if self._first is not None:
            yield self._first
        yield from self._source.rows(complain)


def _chunk(rows: Sequence[Sequence[str]], lines: Sequence[int]) -> Chunk:
    return Chunk(list(zip(*rows, strict=True)), np.array(lines, np.int64))


def _row(
    found: dict[str, object], names: Sequence[str], line: int, complain: Complain
) -> list[str] | None:
    """Return the object's cells in the order of `names`; None where it is no row."""
    unknown = found.keys() - set(names)
    nested = [name for name in names if isinstance(found.get(name), dict | list)]
    for name in sorted(unknown)[:LIMIT]:
        shown = {"name": _shown(name), "allowed": ", ".join(map(_shown, names[:LIMIT]))}
        complain(Message("unknown_column", shown, line))
    for name in nested[:LIMIT]:
        complain(Message("cell_nested", {}, line, _shown(name)))
    if unknown or nested:
        return None
    cells = [_cell(found.get(name)) for name in names]
    _check_row(line, cells)
    return cells


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _shown(name: str) -> str:
    cut = name[:_SHOWN]
    return "".join(char if char.isprintable() else "�" for char in cut)


def _check_row(line: int, cells: Sequence[str]) -> None:
    """Hold cells to what a cell of a CSV can be."""
    text = "".join(cells)
    if len(text) > CELL_LIMIT and max(map(len, cells)) > CELL_LIMIT:
        raise too_long(line)
    if "\0" in text:
        raise BadTableError(Message("nul_byte", {}, line))
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise BadTableError(Message("lone_surrogate", {}, line))


def _raise(message: Message) -> None:
    raise BadTableError(message)


def _decoder() -> json.JSONDecoder:
    # numbers stay the text they are: it is the table's types that say what they mean
    return json.JSONDecoder(
        object_pairs_hook=unique_object, parse_float=str, parse_int=str, parse_constant=str
    )


def _object(decode: Callable[[], object], line: int) -> dict[str, object] | Message:
    """Return the object that `decode` gives, or what is wrong with it."""
    try:
        found = decode()
    except json.JSONDecodeError as error:
        return Message("bad_json", {"reason": error.msg[:_SHOWN]}, line)
    except RecursionError:
        return Message("bad_json", {"reason": "nested too deeply"}, line)
    except ValueError as error:  # a name that comes twice
        return Message("bad_json", {"reason": str(error)[:_SHOWN]}, line)
    return found if isinstance(found, dict) else Message("json_shape", {}, line)


class _Lines:
    """One object a line."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._next = 0

    def rows(self, complain: Complain) -> Iterator[Row]:
        decoder = _decoder()
        while self._next < len(self._lines):
            text = self._lines[self._next]
            self._next += 1
            if text.strip():
                found = _object(partial(decoder.decode, text), self._next)
                if isinstance(found, Message):
                    complain(found)
                else:
                    yield self._next, found


class _Array:
    """One array of objects: each is read when it is asked for, so that little is held at once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._begun = False

    def rows(self, _complain: Complain) -> Iterator[Row]:
        decoder = _decoder()
        while self._is_at_object():
            at, line = self._at, self._line
            end = at

            def decode(at: int = at) -> object:
                nonlocal end
                found, end = decoder.raw_decode(self._text, at)
                return found

            found = _object(decode, line)
            if isinstance(found, Message):
                raise BadTableError(found)
            self._line += self._text.count("\n", at, end)
            self._at = end
            yield line, found

    def _is_at_object(self) -> bool:
        """Go to the next element; False at the array's end. Raises `BadTableError`."""
        mark = self._skip()
        if not self._begun:
            self._begun = True
            self._at += 1  # the bracket that made it JSON
            if self._skip() != "]":
                return True
        elif mark == ",":
            self._at += 1
            self._skip()
            return True
        elif mark != "]":
            reason = "Expecting ',' delimiter"
            raise BadTableError(Message("bad_json", {"reason": reason}, self._line))
        self._at += 1
        if self._skip():
            raise BadTableError(Message("bad_json", {"reason": "Extra data"}, self._line))
        return False

    def _skip(self) -> str:
        """Pass over blanks; return the next character, empty at the end."""
        text, at = self._text, self._at
        while at < len(text) and text[at] in _BLANK:
            self._line += text[at] == "\n"
            at += 1
        self._at = at
        return text[at : at + 1]
