"""What is wrong with a large text, told within a second: only rows in doubt are read with care.

Blocks of rows that the fast reader would take are passed over. What this yields is for complaints
alone: a table without any is read again, as a whole.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from scoring.messages import Message
from scoring.quick import TYPES, Opened, parse_columns, typed_table
from scoring.records import Chunk, Complain
from scoring.spec import ColumnType
from scoring.types import IntArray

__all__ = ["Suspects"]

BLOCK_ROWS: Final = 1 << 13
MOST_ROWS: Final = 1 << 17


class Suspects:
    """The blocks of an opened text that are not plainly right.

    `is_cut` says afterwards that the file went on after so many rows in doubt that the rest was
    left; `is_unsure` that nothing can be said: a blank line is no row, but looks like one here.
    """

    def __init__(self, opened: Opened, columns: Mapping[str, ColumnType]) -> None:
        """Take the text and the columns that are wanted of it."""
        self._opened, self._columns = opened, columns
        self._odd: list[tuple[int, int]] = []
        self.is_cut = self.is_unsure = False

    def chunks(self, complain: Complain) -> Iterator[Chunk]:
        """Yield the blocks, in order; complain of rows of other widths before."""
        kinds = dict.fromkeys(self._columns, pa.large_string())
        try:
            table = parse_columns(self._opened, kinds, self._note)
        except pa.ArrowException:
            self.is_unsure = True
            return
        skipped = np.array([line for line, _ in self._odd], np.int64)
        lines = np.delete(np.arange(2, 2 + len(table) + len(skipped)), skipped - 2)
        doubted = 0
        for start in range(0, len(table), BLOCK_ROWS):
            block = table.slice(start, BLOCK_ROWS)
            if self._is_right(block):
                continue
            if doubted >= MOST_ROWS:
                self.is_cut = True
                return
            doubted += len(block)
            yield self._chunk(block, lines[start : start + len(block)], complain)
        self._complain(complain, None)

    def _note(self, row: pacsv.InvalidRow) -> str:
        self._odd.append((row.number + 1, row.actual_columns))
        return "skip"

    def _complain(self, complain: Complain, before: int | None) -> None:
        """Complain of the rows of other widths above a line."""
        width = len(self._opened.header)
        while self._odd and (before is None or self._odd[0][0] < before):
            line, found = self._odd.pop(0)
            complain(Message("field_count", {"expected": width, "found": found}, line))

    def _is_right(self, block: pa.Table) -> bool:
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
        cells = [found.get(name, []) for name in self._opened.header]
        return Chunk(cells, lines)
