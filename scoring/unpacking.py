"""Binary tables and pictures from strangers to columns of four plain types, in an own process.

`python -m scoring.unpacking FORMAT SOURCE SINK WANTED` writes the wanted columns as an Arrow file
that holds text, whole numbers, numbers and booleans only, and prints what it found as JSON. The
libraries that read such files are large and native: what a file makes them do ends with this
process, which has limits of its own on memory, time and what it writes.
"""

import json
import resource
import struct
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final
from zipfile import BadZipFile, ZipFile

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from scoring.pictures import PictureError, open_pictures

__all__ = ["MAX_BYTES", "MAX_COLUMNS", "MAX_ROWS", "UnpackError", "main", "unpack"]

MAX_ROWS: Final = 20_000_000
MAX_COLUMNS: Final = 1000
MAX_BYTES: Final = 1 << 30
"""The most that the wanted columns may hold, unpacked."""
CELL_LIMIT: Final = 1 << 17
MASK_LIMIT: Final = 1 << 24
"""What a mask of the most runs takes as text."""
MEMORY: Final = 3 << 30
CPU_S: Final = 60
BATCH: Final = 1 << 16
_NPY: Final = ".npy"
_HEADER: Final = 4096
_DAMAGED: Final = (
    *(pa.ArrowException, OSError, ValueError, TypeError, KeyError, EOFError, OverflowError),
    *(MemoryError, BadZipFile, NotImplementedError, RuntimeError, zlib.error, struct.error),
)


class Reason(StrEnum):
    """Why a file is refused: codes of the catalogue of messages."""

    FILE_DAMAGED = "file_damaged"
    TOO_MANY_ROWS = "too_many_rows"
    TOO_MANY_COLUMNS = "too_many_columns"
    TOO_MUCH_DATA = "too_much_data"
    COLUMN_TYPE = "column_type"
    UNEVEN_COLUMNS = "uneven_columns"
    FIELD_TOO_LONG = "field_too_long"
    NUL_BYTE = "nul_byte"
    PICTURE_NOT_PNG = "picture_not_png"
    PICTURE_NAME = "picture_name"
    PICTURE_REPEATED = "picture_repeated"
    PICTURE_COUNT = "picture_count"
    PICTURE_KIND = "picture_kind"
    PICTURE_PIXELS = "picture_pixels"
    PICTURE_LARGE = "picture_large"
    PICTURE_DAMAGED = "picture_damaged"
    PICTURE_RUNS = "picture_runs"


class UnpackError(Exception):
    """The file is refused: why, what the message needs, and the row where there is one."""

    def __init__(self, reason: Reason, row: int | None = None, **params: str | int) -> None:
        """Take what the message says."""
        super().__init__(reason)
        self.reason, self.row, self.params = reason, row, params


Array = NDArray[np.generic]
Opener = Callable[[Path, Sequence[str]], tuple[list[str], Iterator[pa.RecordBatch]]]


def unpack(name: str, source: Path, sink: Path, wanted: Sequence[str]) -> list[str]:
    """Write the wanted columns of a file in a binary format; return all columns' names.

    Nothing is written where the file lacks one of them or has one twice. Raises `UnpackError`.
    """
    try:
        names, batches = _OPENERS[name](source, wanted)
        if len(names) > MAX_COLUMNS or sum(map(len, names)) > CELL_LIMIT:
            raise UnpackError(Reason.TOO_MANY_COLUMNS, limit=MAX_COLUMNS)
        if all(names.count(each) == 1 for each in wanted):
            _write(batches, wanted, sink, MASK_LIMIT if name == "pictures" else CELL_LIMIT)
    except PictureError as error:
        raise UnpackError(Reason(error.code), None, **error.params) from None
    except _DAMAGED:
        raise UnpackError(Reason.FILE_DAMAGED) from None
    return names


def _write(
    batches: Iterator[pa.RecordBatch], wanted: Sequence[str], sink: Path, longest: int
) -> None:
    rows = used = 0
    writer: pa.RecordBatchFileWriter | None = None
    for batch in batches:
        if rows + batch.num_rows > MAX_ROWS:
            raise UnpackError(Reason.TOO_MANY_ROWS, limit=MAX_ROWS)
        batch.validate(full=True)
        room = MAX_BYTES - used
        columns = [_plain(batch.column(name), name, rows, room, longest) for name in wanted]
        plain = pa.record_batch(columns, names=list(wanted))
        rows, used = rows + batch.num_rows, used + plain.nbytes
        if used > MAX_BYTES:
            raise UnpackError(Reason.TOO_MUCH_DATA, limit=MAX_BYTES)
        if writer is None:
            writer = pa.ipc.new_file(str(sink), plain.schema)
        writer.write_batch(plain)
    if writer is not None:
        writer.close()


def _plain(
    column: pa.Array, name: str, before: int, room: int, longest: int = CELL_LIMIT
) -> pa.Array:
    """Return a column as text, int64, float64 or bool; `before` rows came before it."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain(_decoded(column, room), name, before, room, longest)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or _is_view(kind):
        return _text(column, before, room, longest)
    plain = _plain_type(kind)
    if plain is None:
        raise UnpackError(Reason.COLUMN_TYPE, name=name[:60], type=str(kind)[:60])
    return column.cast(plain)


def _plain_type(kind: pa.DataType) -> pa.DataType | None:
    """Return what a type becomes, whatever the values: the reader of text judges those."""
    if pa.types.is_boolean(kind):
        return kind
    if pa.types.is_floating(kind):
        return pa.float64()
    if pa.types.is_integer(kind) and kind != pa.uint64():
        return pa.int64()
    as_text = pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind)
    return pa.large_string() if as_text else None


def _is_view(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string_view(kind))


def _decoded(column: pa.DictionaryArray, room: int) -> pa.Array:
    """Write a dictionary out, unless that would be far larger than it is."""
    words = column.dictionary
    if pa.types.is_large_string(words.type) or pa.types.is_string(words.type):
        _hold(pc.binary_length(words).take(column.indices), room)
    elif not pa.types.is_primitive(words.type):
        raise UnpackError(Reason.FILE_DAMAGED)
    return column.dictionary_decode()


def _hold(lengths: pa.Array, room: int) -> None:
    if (pc.sum(lengths).as_py() or 0) > room:
        raise UnpackError(Reason.TOO_MUCH_DATA, limit=MAX_BYTES)


def _lengths(views: pa.Array) -> pa.Array:
    """Return the bytes of each view: the first of its four words."""
    words = np.frombuffer(views.buffers()[1], np.int32).reshape(-1, 4)
    lengths = words[views.offset : views.offset + len(views), 0].astype(np.int64)
    return pa.array(np.where(views.is_valid().to_numpy(zero_copy_only=False), lengths, 0))


def _text(column: pa.Array, before: int, room: int, longest: int) -> pa.Array:
    if _is_view(column.type):  # many views may show one long text
        _hold(_lengths(column), room)
    text = column.cast(pa.large_string())
    lengths = pc.binary_length(text)
    if (pc.max(lengths).as_py() or 0) > longest:
        row = pc.index(pc.greater(lengths, longest), value=True).as_py()
        raise UnpackError(Reason.FIELD_TOO_LONG, row=before + row + 1, limit=longest)
    empty = pc.index(pc.match_substring(text, "\0"), value=True).as_py()
    if empty >= 0:
        raise UnpackError(Reason.NUL_BYTE, row=before + empty + 1)
    return text


def _open_parquet(
    source: Path, wanted: Sequence[str]
) -> tuple[list[str], Iterator[pa.RecordBatch]]:
    limits = {"thrift_string_size_limit": 1 << 24, "thrift_container_size_limit": 1 << 20}
    file = pq.ParquetFile(str(source), pre_buffer=False, **limits)
    if file.metadata.num_rows > MAX_ROWS:
        raise UnpackError(Reason.TOO_MANY_ROWS, limit=MAX_ROWS)
    names = list(file.schema_arrow.names)
    for name in wanted:
        if names.count(name) == 1:  # a nested column is many: it is refused before it is read
            _plain(pa.array([], file.schema_arrow.field(name).type), name, 0, 0)
    return names, file.iter_batches(BATCH, columns=list(wanted), use_threads=False)


def _open_arrow(source: Path, wanted: Sequence[str]) -> tuple[list[str], Iterator[pa.RecordBatch]]:
    mapped = pa.memory_map(str(source))
    if mapped.read(6) == b"ARROW1":
        return _arrow_file(mapped, wanted)
    mapped.seek(0)
    names = list(pa.ipc.open_stream(mapped).schema.names)
    mapped.seek(0)
    stream = pa.ipc.open_stream(mapped, options=_only(names, wanted))
    return names, iter(stream)


def _arrow_file(
    mapped: pa.MemoryMappedFile, wanted: Sequence[str]
) -> tuple[list[str], Iterator[pa.RecordBatch]]:
    names = list(pa.ipc.open_file(mapped).schema.names)
    file = pa.ipc.open_file(mapped, options=_only(names, wanted))
    return names, (file.get_batch(place) for place in range(file.num_record_batches))


def _only(names: Sequence[str], wanted: Sequence[str]) -> pa.ipc.IpcReadOptions:
    places = [place for place, name in enumerate(names) if name in set(wanted)]
    return pa.ipc.IpcReadOptions(included_fields=places, use_threads=False)


def _open_npz(source: Path, wanted: Sequence[str]) -> tuple[list[str], Iterator[pa.RecordBatch]]:
    with ZipFile(source) as archive:
        members = archive.namelist()
        names = [member.removesuffix(_NPY) for member in members]
        if len(names) > MAX_COLUMNS:
            raise UnpackError(Reason.TOO_MANY_COLUMNS, limit=MAX_COLUMNS)
        if any(names.count(name) != 1 for name in wanted):
            return names, iter(())
        arrays = {name: _read_npy(archive, f"{name}{_NPY}", name) for name in wanted}
    if len({len(array) for array in arrays.values()}) > 1:
        raise UnpackError(Reason.UNEVEN_COLUMNS)
    return names, _sliced(arrays)


def _sliced(arrays: Mapping[str, Array]) -> Iterator[pa.RecordBatch]:
    rows = len(next(iter(arrays.values())))
    for start in range(0, rows, BATCH):
        parts = {name: _as_arrow(array[start : start + BATCH]) for name, array in arrays.items()}
        yield pa.record_batch(list(parts.values()), names=list(parts))


def _as_arrow(part: Array) -> pa.Array:
    if part.dtype.kind == "S":
        return pa.array(np.char.decode(part.astype(np.bytes_), "utf-8"))
    return pa.array(part.astype(part.dtype.newbyteorder("=")))


def _read_npy(archive: ZipFile, member: str, name: str) -> Array:
    """Read one array as its header says, and never more than that; no pickle is ever loaded."""
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }.get(version)
        if read is None:
            raise UnpackError(Reason.FILE_DAMAGED)
        shape, _, dtype = read(file, max_header_size=_HEADER)
        if len(shape) != 1 or dtype.kind not in "biufUS" or dtype.itemsize == 0:
            raise UnpackError(Reason.COLUMN_TYPE, name=name[:60], type=f"{dtype}, {shape}"[:60])
        if shape[0] > MAX_ROWS:
            raise UnpackError(Reason.TOO_MANY_ROWS, limit=MAX_ROWS)
        size = shape[0] * dtype.itemsize
        if size > MAX_BYTES:
            raise UnpackError(Reason.TOO_MUCH_DATA, limit=MAX_BYTES)
        data = file.read(size)
    if len(data) != size:
        raise UnpackError(Reason.FILE_DAMAGED)
    return np.frombuffer(data, dtype)


_OPENERS: Final[Mapping[str, Opener]] = {
    "parquet": _open_parquet,
    "arrow": _open_arrow,
    "npz": _open_npz,
    "pictures": open_pictures,
}


def _confine() -> None:
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, CPU_S),
        (resource.RLIMIT_FSIZE, 2 * MAX_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def main(argv: Sequence[str]) -> int:
    """Unpack and print `{"names": […]}`, or `{"code": …, "row": …, "params": …}`; return 0."""
    name, source, sink, wanted = argv
    _confine()
    pa.set_cpu_count(1)
    try:
        found: dict[str, object] = {
            "names": unpack(name, Path(source), Path(sink), json.loads(wanted))
        }
    except UnpackError as error:
        found = {"code": error.reason.value, "row": error.row, "params": error.params}
    sys.stdout.write(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
