"""Whole tables to typed columns at once, where nothing about them is doubtful.

The reader of `scoring.tables` explains; this one is fast. It takes a table only if that one would
take it, with the same values, and says nothing about others: it returns None, and they are read
again with care.
"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from typing_extensions import override

from scoring.cells import Array
from scoring.records import CELL_LIMIT
from scoring.spec import ColumnKind, ColumnType

__all__ = [
    "TYPES",
    "Columns",
    "Opened",
    "QuickTable",
    "join_pieces",
    "open_quickly",
    "parse_columns",
    "parse_pieces",
    "read_text_table",
    "typed_table",
]

_BOM: Final = b"\xef\xbb\xbf"
_BLOCK: Final = 1 << 22
_WINDOW: Final = CELL_LIMIT // 2
_QUOTE: Final = ord('"')
_LINE_END: Final = ord("\n")
_TRUE: Final = ["true", "1", "True", "TRUE"]
_FALSE: Final = ["false", "0", "False", "FALSE"]
_TEXT: Final = pa.large_string()
_SAMPLE: Final = 10_000
_FEW: Final = 1000
TYPES: Final = {
    ColumnKind.STRING: _TEXT,
    ColumnKind.CATEGORY: _TEXT,
    ColumnKind.INTEGER: pa.int64(),
    ColumnKind.NUMBER: pa.float64(),
    ColumnKind.BOOLEAN: pa.bool_(),
}

Make = Callable[[], Array]


class Columns(Mapping[str, Array]):
    """Columns by name; each is made when it is first asked for."""

    def __init__(self, makers: Mapping[str, Make]) -> None:
        """Take a function per column."""
        self._makers = makers
        self._made: dict[str, Array] = {}

    @override
    def __getitem__(self, name: str) -> Array:
        """Return a column."""
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    @override
    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._makers)

    @override
    def __len__(self) -> int:
        """Return the number of columns."""
        return len(self._makers)


@dataclass(frozen=True, slots=True, eq=False)
class QuickTable:
    """Columns whose first row is on `first_line`; `texts` are those of text as Arrow has them."""

    columns: Columns
    texts: Mapping[str, pa.ChunkedArray]
    rows: int
    first_line: int


def read_text_table(
    path: Path, mark: str, columns: Mapping[str, ColumnType], *, exact: bool
) -> QuickTable | None:
    """Read CSV (`mark` a comma) or TSV of UTF-8; None where anything is doubtful."""
    opened = open_quickly(path, mark)
    if opened is None or not opened.fits(columns, exact=exact):
        return None
    return join_pieces(parse_pieces(opened, columns), columns)


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A text whose lines are its records: what is below its header, in pieces of whole lines.

    Where it has quotes each stands around a whole cell, within a line.
    """

    pieces: Sequence[pa.Buffer]
    mark: str
    names: Sequence[str]
    is_quoted: bool

    def fits(self, columns: Mapping[str, ColumnType], *, exact: bool) -> bool:
        """Say whether each wanted column is there once and, with `exact`, none besides."""
        whole = len(self.names) == len(columns) or not exact
        return whole and all(self.names.count(name) == 1 for name in columns)

    def header(self) -> tuple[list[str], int]:
        """Return the names of the columns and the line they are on."""
        return list(self.names), 1


def open_quickly(path: Path, mark: str) -> Opened | None:
    """Open a text whose lines are its records; None where that is in doubt."""
    if path.is_symlink() or not path.is_file():
        return None
    data = path.read_bytes()
    start = len(_BOM) if data.startswith(_BOM) else 0
    end = data.find(b"\n", start)
    if end < 0 or not _is_plain(data):
        return None
    names = _header(data[start:end].removesuffix(b"\r"), mark)
    if not names:
        return None
    is_quoted = data.find(b'"', end) >= 0
    # blank lines are no rows; those at the end are common
    tail = data[-_WINDOW:]
    stop = len(data) - len(tail) + len(tail.rstrip(b"\r\n"))
    pieces = list(_pieces(data, end + 1, stop))
    if is_quoted and not all(_has_plain_quotes(piece, mark) for piece in pieces):
        return None
    return Opened(pieces, mark, names, is_quoted)


def _is_plain(data: bytes) -> bool:
    """Say whether lines are apart in one of the usual ways, and none is overlong."""
    if b"\0" in data:
        return False
    if b"\r" in data and data.count(b"\r") != data.count(b"\r\n"):
        return False
    # a line beyond the limit of a cell has a window without an end of line
    return all(
        data.find(b"\n", at, at + _WINDOW) >= 0 for at in range(0, len(data) - _WINDOW, _WINDOW)
    )


def _header(line: bytes, mark: str) -> list[str]:
    """Return the names; none where they are not sure."""
    try:
        return next(csv.reader([line.decode("utf-8")], delimiter=mark, strict=True), [])
    except (UnicodeDecodeError, csv.Error):
        return []


def _pieces(data: bytes, start: int, stop: int) -> Iterator[pa.Buffer]:
    """Cut a text after ends of lines, up to the end of its last line with anything in it."""
    whole = pa.py_buffer(data)
    while start < stop:
        end = data.find(b"\n", min(start + _BLOCK, stop), stop) + 1 or stop
        yield whole.slice(start, end - start)
        start = end


def _has_plain_quotes(piece: pa.Buffer, mark: str) -> bool:
    """Say whether every quote begins or ends a cell, and none is within one or spans lines."""
    text = np.frombuffer(piece, np.uint8)
    places = np.flatnonzero(text == _QUOTE)
    first, last = places[::2], places[1::2]
    if len(first) != len(last):
        return False
    ends = np.flatnonzero(text == _LINE_END)
    if (np.searchsorted(ends, first) != np.searchsorted(ends, last)).any():
        return False
    before = text[first - 1][first > 0]
    after = text[np.minimum(last + 1, len(text) - 1)][last < len(text) - 1]
    marks = np.frombuffer(mark.encode() + b"\n\r", np.uint8)
    return bool(np.isin(before, marks[:-1]).all() and np.isin(after, marks).all())


def parse_pieces(opened: Opened, columns: Mapping[str, ColumnType]) -> list[pa.Table | None]:
    """Parse the wanted columns piece by piece, several at once; None for a piece with a fault."""
    types = {name: TYPES[kind.type] for name, kind in columns.items()}
    whole = any(kind.type is ColumnKind.INTEGER for kind in columns.values())

    def parse(piece: pa.Buffer) -> pa.Table | None:
        if whole and _has_hexadecimals(piece):
            return None  # Arrow reads those as numbers
        try:
            return parse_columns(opened, piece, types)
        except pa.ArrowException:
            return None

    with ThreadPoolExecutor(pa.cpu_count()) as pool:
        return list(pool.map(parse, opened.pieces))


def _has_hexadecimals(piece: pa.Buffer) -> bool:
    data = piece.to_pybytes()
    return b"0x" in data or b"0X" in data


def join_pieces(
    parts: Sequence[pa.Table | None], columns: Mapping[str, ColumnType]
) -> QuickTable | None:
    """Type a table of its pieces; None where one has a fault, or there are no rows."""
    found = [part for part in parts if part is not None]
    if not found or len(found) != len(parts):
        return None
    return typed_table(pa.concat_tables(found), columns, first_line=2)


def parse_columns(
    opened: Opened,
    piece: pa.Buffer,
    types: Mapping[str, pa.DataType],
    odd: Callable[[pacsv.InvalidRow], str] | None = None,
) -> pa.Table:
    """Parse some columns of a piece; `odd` says what is done with rows of other widths, in order.

    Raises `pyarrow.ArrowException`.
    """
    # columns nobody wants may share a name
    names = [name if name in types else f"\0{place}" for place, name in enumerate(opened.names)]
    return pacsv.read_csv(
        pa.BufferReader(piece),
        read_options=pacsv.ReadOptions(
            column_names=names, block_size=2 * _BLOCK, use_threads=False
        ),
        parse_options=pacsv.ParseOptions(
            delimiter=opened.mark,
            quote_char='"' if opened.is_quoted else False,
            double_quote=False,
            ignore_empty_lines=False,
            invalid_row_handler=odd,
        ),
        convert_options=pacsv.ConvertOptions(
            column_types=dict(types),
            include_columns=list(types),
            null_values=[],
            true_values=_TRUE,
            false_values=_FALSE,
            strings_can_be_null=False,
        ),
    )


def typed_table(
    table: pa.Table, columns: Mapping[str, ColumnType], *, first_line: int
) -> QuickTable | None:
    """Type the columns of an Arrow table; None where a cell is doubtful, or there are no rows."""
    makers: dict[str, Make] = {}
    texts: dict[str, pa.ChunkedArray] = {}
    for name, kind in columns.items():
        column = table.column(name)
        make = _READERS[kind.type](kind, column) if _is_whole(column) else None
        if make is None:
            return None
        makers[name] = make
        if kind.type is ColumnKind.STRING:
            texts[name] = _as_text(column)
    return QuickTable(Columns(makers), texts, table.num_rows, first_line)


def _is_whole(column: pa.ChunkedArray) -> bool:
    return len(column) > 0 and column.null_count == 0


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column if column.type == _TEXT else column.cast(_TEXT)


def _strings(_kind: ColumnType, column: pa.ChunkedArray) -> Make | None:
    if pa.types.is_floating(column.type):
        return None
    text = _as_text(column)
    return partial(_objects, text) if _has_words(text) else None


def _has_words(text: pa.ChunkedArray) -> bool:
    """Say whether no cell is blank or overlong."""
    sizes = pc.min_max(pc.binary_length(text)).as_py()
    if sizes["min"] == 0 or sizes["max"] > CELL_LIMIT:
        return False
    return not pc.any(pc.utf8_is_space(text)).as_py()


def _objects(text: pa.ChunkedArray) -> Array:
    """Return `str` objects, equal ones shared where there are few different ones."""
    if len(text.slice(0, _SAMPLE).unique()) > _FEW:
        found: Array = text.to_numpy()
        return found
    encoded = text.dictionary_encode().combine_chunks()
    words = np.array(encoded.dictionary.to_pylist(), dtype=object)
    shared: Array = words[encoded.indices.to_numpy()]
    return shared


def _categories(kind: ColumnType, column: pa.ChunkedArray) -> Make | None:
    if pa.types.is_floating(column.type):
        return None
    values = list(kind.values or ())
    codes = pc.index_in(_as_text(column), value_set=pa.array(values, _TEXT))
    if codes.null_count or any(not value.strip() for value in values):
        return None
    places = codes.to_numpy()
    return lambda: np.array(values, dtype=object)[places]


def _numbers(kind: ColumnType, column: pa.ChunkedArray) -> Make | None:
    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        return None
    values = column.to_numpy().astype(np.float64, copy=False)
    if not np.isfinite(values).all() or _is_beyond(kind, values):
        return None
    return lambda: values


def _integers(kind: ColumnType, column: pa.ChunkedArray) -> Make | None:
    if not pa.types.is_integer(column.type):
        return None
    values = column.to_numpy()
    if _is_beyond(kind, values):
        return None
    return lambda: values.astype(np.float64) if kind.nullable else values


def _booleans(kind: ColumnType, column: pa.ChunkedArray) -> Make | None:
    if not pa.types.is_boolean(column.type):
        return None
    values = column.to_numpy()
    return lambda: values.astype(np.float64) if kind.nullable else values


def _is_beyond(kind: ColumnType, values: Array) -> bool:
    """Say whether a number lies outside `min` and `max`, compared as the careful reader does."""
    low = kind.min is not None and bool(np.less(values, kind.min).any())
    return low or (kind.max is not None and bool(np.greater(values, kind.max).any()))


_READERS: Final[dict[ColumnKind, Callable[[ColumnType, pa.ChunkedArray], Make | None]]] = {
    ColumnKind.STRING: _strings,
    ColumnKind.CATEGORY: _categories,
    ColumnKind.NUMBER: _numbers,
    ColumnKind.INTEGER: _integers,
    ColumnKind.BOOLEAN: _booleans,
}
