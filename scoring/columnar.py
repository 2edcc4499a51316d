"""Binary tables as records of text: unpacked in a process of its own, then read like any other."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import pyarrow as pa
from pydantic import BaseModel

from scoring.errors import InvalidSubmission
from scoring.formats import Format
from scoring.messages import Message
from scoring.records import CHUNK_ROWS, Chunk, Complain

__all__ = ["ColumnarRecords", "unpack_columns"]

_ROOT: Final = Path(__file__).resolve().parents[1]
_ENVIRONMENT: Final = {
    "PYTHONPATH": str(_ROOT),
    # the platform's allocator reserves no gigabytes ahead, so that a limit means what it says
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
}
_SECONDS: Final = 300


class ColumnarRecords:
    """The wanted columns of a Parquet, Arrow or NPZ file; a row's line is its number from 1."""

    def __init__(self, names: list[str], table: pa.Table | None) -> None:
        """Take what `unpack_columns` returned."""
        self._names, self._table = names, table

    def header(self) -> tuple[list[str], int]:
        """Return the names of all columns; they are on no line."""
        return self._names, 1

    def chunks(self, width: int, _complain: Complain) -> Iterator[Chunk]:
        """Yield the rows; the cells of columns that nobody wanted are left out."""
        if self._table is None:
            return
        row = 1
        for batch in self._table.to_batches(CHUNK_ROWS):
            cells: list[Sequence[str]] = [()] * width
            for name in batch.schema.names:
                text = batch.column(name).cast(pa.large_string()).fill_null("")
                cells[self._names.index(name)] = text.to_pylist()
            yield Chunk(cells, np.arange(row, row + len(batch), dtype=np.int64))
            row += len(batch)


def unpack_columns(
    path: Path, kind: Format, wanted: Sequence[str]
) -> tuple[list[str], pa.Table | None]:
    """Return the names of a file's columns, and the wanted ones: text, int64, float64 or bool.

    Raises `InvalidSubmission` where the file is damaged, or asks for more than it may.
    """
    if path.is_symlink() or not path.is_file():
        raise InvalidSubmission(Message("not_a_file", {"name": path.name}))
    with TemporaryDirectory(prefix="scoring-") as folder:
        sink = Path(folder) / "columns.arrow"
        found = _Found.model_validate_json(_run(path, kind, sink, wanted))
        if found.code is not None:
            params = {"format": kind.label, **found.params}
            raise InvalidSubmission(Message(found.code, params, found.row))
        # the map outlives the name
        table = pa.ipc.open_file(pa.memory_map(str(sink))).read_all() if sink.exists() else None
    return found.names, table


class _Found(BaseModel):
    """What the other process printed."""

    names: list[str] = []
    code: str | None = None
    row: int | None = None
    params: dict[str, str | int] = {}


_DIED: Final = b'{"code": "file_damaged"}'


def _run(path: Path, kind: Format, sink: Path, wanted: Sequence[str]) -> bytes:
    """Return what the process printed; one that a file has killed says that it is damaged."""
    command = [sys.executable, "-P", "-m", "scoring.unpacking", kind.value]
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            [*command, str(path.resolve()), str(sink), json.dumps(list(wanted))],
            env=_ENVIRONMENT,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _DIED
    return done.stdout if done.returncode == 0 else _DIED
