"""A table from anyone to typed columns: each fault is a message with its line, at most 20."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from scoring.cells import Array, read_cells
from scoring.columnar import ColumnarRecords, unpack_columns
from scoring.complaints import LIMIT, Complaints
from scoring.encodings import Encoding, detect_encoding
from scoring.errors import InvalidSubmission
from scoring.formats import ALL_FORMATS, Format, detect_format
from scoring.json_records import JsonRecords
from scoring.matching import key_texts, number_rows
from scoring.messages import Message
from scoring.quick import (
    Columns,
    Opened,
    QuickTable,
    join_pieces,
    open_quickly,
    parse_pieces,
    typed_table,
)
from scoring.quick_matching import number_texts
from scoring.records import BadTableError, Chunk, Headed, Records, open_records
from scoring.spec import ColumnKind, ColumnType, SubmissionTable
from scoring.suspects import Suspects
from scoring.text import read_text
from scoring.types import IntArray

__all__ = [
    "Table",
    "fits_pictures",
    "open_text",
    "read_answer",
    "read_records",
    "read_table",
    "refuse_repeated_keys",
]

EXAMPLES: Final = 5
QUICK_BYTES: Final = 1 << 18
QUICK_ROWS: Final = 1 << 14
_MARKS: Final = {Format.CSV: ",", Format.TSV: "\t"}


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Typed columns of one length, the key columns first among them.

    Text is an object array of `str` (`None` for null), integer `int64`, number `float64`, boolean
    `bool`; nullable integers and booleans are `float64` with NaN. `lines` are physical lines.
    `texts` are columns of text once more, as Arrow has them, where they are at hand.
    """

    key: tuple[str, ...]
    columns: Mapping[str, Array]
    lines: IntArray
    texts: Mapping[str, pa.ChunkedArray] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.lines)

    @property
    def keys(self) -> list[Array]:
        """The key columns."""
        return [self.columns[name] for name in self.key]

    @property
    def key_text(self) -> pa.ChunkedArray | None:
        """The key as Arrow has it, where it is one column of text that is at hand."""
        return self.texts.get(self.key[0]) if len(self.key) == 1 else None

    def key_texts(self, rows: IntArray) -> list[str]:
        """Write the keys of a few rows as text."""
        text = self.key_text
        if text is None:
            return key_texts(self.keys, rows)
        return [text[row].as_py() for row in rows.tolist()]

    def key_slice(self, start: int, stop: int) -> list[str]:
        """Write the keys of the rows from one up to another as text."""
        text = self.key_text
        if text is None:
            return key_texts([column[start:stop] for column in self.keys])
        found: list[str] = text.slice(start, stop - start).to_pylist()
        return found

    def pick(self, rows: IntArray) -> "Table":
        """Return some of the rows; a column is picked when it is asked for."""
        makers = {name: partial(self._picked, name, rows) for name in self.columns}
        return Table(self.key, Columns(makers), self.lines[rows])

    def _picked(self, name: str, rows: IntArray) -> Array:
        return self.columns[name][rows]


def read_answer(
    path: Path, table: SubmissionTable, formats: Collection[Format] = ALL_FORMATS
) -> Table:
    """Read a team's table in one of `formats`; the columns and the rows may come in any order.

    Raises `InvalidSubmission` with what is wrong: the file, the header, cells, repeated keys.
    Whether keys are missing is for `check_keys` to say.
    """
    answer = read_table(path, table.columns, table.key, exact=True, formats=formats)
    refuse_repeated_keys(answer)
    return answer


def read_table(
    path: Path,
    columns: Mapping[str, ColumnType],
    key: tuple[str, ...],
    *,
    exact: bool,
    formats: Collection[Format] = ALL_FORMATS,
) -> Table:
    """Read the given columns of a table; with `exact`, any other column is refused.

    Raises `InvalidSubmission`.
    """
    kind = detect_format(path, formats)
    if kind.is_binary:
        return _read_binary(path, kind, columns, key, exact=exact)
    quick = _read_quickly(path, kind, columns, exact=exact)
    if quick is not None:
        return _finished(quick, key)
    return read_records(open_text(path, kind), columns, key, exact=exact)


def fits_pictures(columns: Mapping[str, ColumnType], key: tuple[str, ...]) -> bool:
    """Say whether a table is a key and one column of text: then pictures may stand for its rows."""
    texts = all(kind.type is ColumnKind.STRING for kind in columns.values())
    return len(key) == 1 and len(columns) == len(("key", "mask")) and texts


def _read_binary(
    path: Path,
    kind: Format,
    columns: Mapping[str, ColumnType],
    key: tuple[str, ...],
    *,
    exact: bool,
) -> Table:
    wanted = list(columns)
    if kind is Format.PICTURES:
        if not fits_pictures(columns, key):
            raise InvalidSubmission(Message("archive_not_csv"))
        wanted = [*key, *(name for name in columns if name not in key)]
    names, table = unpack_columns(path, kind, wanted)
    fits = not exact or len(names) == len(columns)
    if table is not None and fits and table.num_rows >= QUICK_ROWS:
        quick = typed_table(table, columns, first_line=1)
        if quick is not None:
            return _finished(quick, key)
    return read_records(ColumnarRecords(names, table), columns, key, exact=exact)


def _read_quickly(
    path: Path, kind: Format, columns: Mapping[str, ColumnType], *, exact: bool
) -> QuickTable | None:
    """Read a large table whole; None where something about it wants a careful look.

    Raises `InvalidSubmission` where it is soon found what is wrong with it.
    """
    mark = _MARKS.get(kind)
    opened = open_quickly(path, mark) if mark is not None and _is_large(path) else None
    if opened is None:
        return None
    if not opened.fits(columns, exact=exact):
        if detect_encoding(path) is Encoding.UTF_8:  # else that is what there is to say
            _read_header(opened, columns, exact=exact)
        return None
    parts = parse_pieces(opened, columns)
    quick = join_pieces(parts, columns)
    if quick is None:
        _tell_quickly(opened, parts, columns)
    return quick


def _is_large(path: Path) -> bool:
    return path.is_file() and path.stat().st_size >= QUICK_BYTES


def _tell_quickly(
    opened: Opened, parts: Sequence[pa.Table | None], columns: Mapping[str, ColumnType]
) -> None:
    """Raise `InvalidSubmission` where looking at the rows in doubt says what is wrong."""
    suspects = Suspects(opened, parts, columns)
    complaints = Complaints()
    for chunk in suspects.chunks(complaints.add):
        _read_chunk(chunk, opened.names, columns, complaints)
        complaints.settle()
    if not suspects.is_unsure:
        complaints.raise_if_any(is_cut=suspects.is_cut)


def _finished(quick: QuickTable, key: tuple[str, ...]) -> Table:
    lines = np.arange(quick.first_line, quick.first_line + quick.rows, dtype=np.int64)
    return Table(key, quick.columns, lines, quick.texts)


def read_records(
    records: Records, columns: Mapping[str, ColumnType], key: tuple[str, ...], *, exact: bool
) -> Table:
    """Read with care: every fault is found and told; raise `InvalidSubmission`."""
    complaints = Complaints()
    chunks: list[dict[str, Array]] = []
    lines: list[IntArray] = []
    try:
        header = _read_header(records, columns, exact=exact)
        for chunk in records.chunks(len(header), complaints.add):
            chunks.append(_read_chunk(chunk, header, columns, complaints))
            lines.append(chunk.lines)
            complaints.settle()
    except BadTableError as error:
        complaints.add(error.message)
    complaints.raise_if_any()
    if not chunks:
        raise InvalidSubmission(Message("no_rows"))
    joined = {name: np.concatenate([typed[name] for typed in chunks]) for name in columns}
    return Table(key, joined, np.concatenate(lines))


def open_text(path: Path, kind: Format) -> Records:
    """Open a table that is text; raise `InvalidSubmission` where the file is none."""
    text = read_text(path)
    mark = _MARKS.get(kind)
    if mark is None:
        return JsonRecords(text, lines=kind is Format.JSON_LINES)
    return open_records(text, mark)


def _read_chunk(
    chunk: Chunk,
    header: Sequence[str],
    columns: Mapping[str, ColumnType],
    complaints: Complaints,
) -> dict[str, Array]:
    typed: dict[str, Array] = {}
    for name, kind in columns.items():
        typed[name], faults = read_cells(name, kind, chunk.columns[header.index(name)])
        for fault in faults:
            complaints.add_fault(fault, chunk.lines)
    return typed


def _read_header(records: Headed, columns: Mapping[str, ColumnType], *, exact: bool) -> list[str]:
    header, line = records.header()
    if len(header) == 1 and len(columns) > 1:
        for mark in ";\t|":
            if set(header[0].split(mark)) & set(columns):
                shown = "Tab" if mark == "\t" else mark
                raise InvalidSubmission(Message("wrong_delimiter", {"found": shown}, line))
    complaints = Complaints()
    for message in _header_messages(header, columns, line, exact=exact):
        complaints.add(message)
    complaints.raise_if_any()
    return header


def _header_messages(
    header: Sequence[str], columns: Mapping[str, ColumnType], line: int, *, exact: bool
) -> Iterator[Message]:
    allowed = ", ".join(columns)
    missing = [name for name in columns if name not in header]
    explained: set[str] = set()
    searches = 0  # looking for the nearest takes time, and only the first messages are shown
    for name, times in Counter(header).items():
        if times > 1 and (exact or name in columns):
            yield Message("repeated_column", {"name": name[:60]}, line, name[:60])
        if name in columns or not exact:
            continue
        searches += 1
        near = _nearest(name, missing) if searches <= LIMIT else []
        explained.update(near)
        if near:
            params = {"name": name[:60], "nearest": near[0]}
            yield Message("unknown_column_near", params, line, name[:60])
        else:
            yield Message("unknown_column", {"name": name[:60], "allowed": allowed}, line)
    for name in missing:
        if name not in explained:
            yield Message("missing_column", {"name": name, "allowed": allowed}, line, name)


def _nearest(name: str, missing: Sequence[str]) -> list[str]:
    folded = {other.casefold(): other for other in missing}
    close = get_close_matches(name[:60].strip().casefold(), folded, n=1, cutoff=0.6)
    return [folded[other] for other in close]


def refuse_repeated_keys(answer: Table) -> None:
    """Raise `InvalidSubmission` where two rows have the same key."""
    text = answer.key_text
    (numbers,) = number_rows(answer.keys) if text is None else number_texts(text)
    if np.bincount(numbers).max() == 1:
        return
    first = np.full(int(numbers.max()) + 1, -1, np.int64)
    first[numbers[::-1]] = np.arange(len(numbers))[::-1]
    again = np.flatnonzero(first[numbers] != np.arange(len(numbers)))
    if len(again):
        shown = answer.key_texts(again[:EXAMPLES])
        params: dict[str, str | int] = {
            "key": ", ".join(answer.key),
            "count": len(again),
            "examples": ", ".join(text[:60] for text in shown),
            "first": int(answer.lines[first[numbers[again[0]]]]),
        }
        raise InvalidSubmission(Message("duplicate_ids", params, int(answer.lines[again[0]])))
