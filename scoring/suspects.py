"""What is wrong with a large text, told within a second: only rows in doubt are read with care.

Blocks of rows that the fast reader would take are passed over. What this yields is for complaints
alone: a table without any is read again, as a whole.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from scoring.messages import Message
from scoring.quick import TYPES, Opened, parse_columns, typed_table
from scoring.records import Chunk, Complain
from scoring.spec import ColumnKind, ColumnType
from scoring.types import IntArray

__all__ = ["Suspects"]

BLOCK_ROWS: Final = 1 << 13
MOST_ROWS: Final = 1 << 16


class Suspects:
    """The blocks of an opened text that are not plainly right.

    `is_cut` says afterwards that the file went on after so many rows in doubt that the rest was
    left; `is_unsure` that nothing can be said: a blank line is no row, but looks like one here.
    """

    def __init__(
        self,
        opened: Opened,
        parts: Sequence[pa.Table | None],
        columns: Mapping[str, ColumnType],
    ) -> None:
        """Take the text, what `parse_pieces` made of it, and the columns that are wanted."""
        self._opened, self._parts, self._columns = opened, parts, columns
        self._odd: list[tuple[int, int]] = []
        self._doubted = 0
        self._line = 2
        self.is_cut = self.is_unsure = False

    def chunks(self, complain: Complain) -> Iterator[Chunk]:
        """Yield the blocks, in order; complain of rows of other widths before."""
        for piece, part in zip(self._opened.pieces, self._parts, strict=True):
            if part is not None and typed_table(part, self._columns, first_line=0) is not None:
                self._line += len(part)
                continue
            if self._doubted >= MOST_ROWS:
                self.is_cut = True
                return
            yield from self._piece_chunks(piece, complain)
            if self.is_cut or self.is_unsure:
                return

    def _piece_chunks(self, piece: pa.Buffer, complain: Complain) -> Iterator[Chunk]:
        kinds = dict.fromkeys(self._columns, pa.large_string())
        try:
            table = parse_columns(self._opened, piece, kinds, self._note)
        except pa.ArrowException:
            self.is_unsure = True
            return
        first, rows = self._line, len(table) + len(self._odd)
        self._line += rows
        self._doubted += len(self._odd)
        skipped = np.array([line for line, _ in self._odd], np.int64)
        lines = np.delete(np.arange(first, first + rows), skipped - first)
        for start in range(0, len(table), BLOCK_ROWS):
            block = table.slice(start, BLOCK_ROWS)
            if self._is_right(block):
                continue
            if self._doubted >= MOST_ROWS:
                self.is_cut = True
                break
            self._doubted += len(block)
            yield self._chunk(block, lines[start : start + len(block)], complain)
        self._complain(complain, None)

    def _note(self, row: pacsv.InvalidRow) -> str:
        self._odd.append((self._line + row.number - 1, row.actual_columns))
        return "skip"

    def _complain(self, complain: Complain, before: int | None) -> None:
        """Complain of the rows of other widths above a line."""
        width = len(self._opened.names)
        count = bisect_left(self._odd, (before, 0)) if before is not None else len(self._odd)
        for line, found in self._odd[:count]:
            complain(Message("field_count", {"expected": width, "found": found}, line))
        del self._odd[:count]

    def _is_right(self, block: pa.Table) -> bool:
        for name, kind in self._columns.items():
            # Arrow reads 0x10 as a whole number
            if kind.type is ColumnKind.INTEGER and _has_letter_x(block.column(name)):
                return False
        try:
            typed = pa.table(
                {
                    name: block.column(name).cast(TYPES[kind.type])
                    for name, kind in self._columns.items()
                }
            )
        except pa.ArrowException:
            return False
        return typed_table(typed, self._columns, first_line=0) is not None

    def _chunk(self, block: pa.Table, lines: IntArray, complain: Complain) -> Chunk:
        found = {name: block.column(name).to_pylist() for name in self._columns}
        self.is_unsure |= any(not any(row) for row in zip(*found.values(), strict=True))
        self._complain(complain, int(lines[-1]))
        cells = [found.get(name, []) for name in self._opened.names]
        return Chunk(cells, lines)


def _has_letter_x(text: pa.ChunkedArray) -> bool:
    return bool(pc.any(pc.match_substring(text, "x", ignore_case=True)).as_py())
