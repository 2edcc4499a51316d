"""Tables as downloads: written out first, so that a fault is an error page and no half file."""

from collections.abc import Iterable, Iterator, Sequence
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, Final, cast

from flask import Response

from app.core.blobs import CHUNK
from app.core.tables import MEDIA_TYPES, Cell, TableFormat, write_table

_IN_MEMORY: Final = 4 << 20


def send_table(
    name: str, kind: TableFormat, heading: Sequence[Cell], rows: Iterable[Sequence[Cell]]
) -> Response:
    """Return a table as a file called `name` with the ending of its kind.

    The rows are read at once, while the caller's session is open, and kept in a temporary file
    where they are many.
    """
    spool = cast("BinaryIO", SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115 — sent, then closed
    try:
        write_table(spool, kind, heading, rows)
    except BaseException:
        spool.close()
        raise
    size = spool.tell()
    answer = Response(_pieces(spool), mimetype=MEDIA_TYPES[kind])
    answer.content_length = size
    answer.headers.set("Content-Disposition", "attachment", filename=f"{name}.{kind.value}")
    answer.headers["Cache-Control"] = "private, no-store"
    answer.call_on_close(spool.close)
    return answer


def _pieces(spool: BinaryIO) -> Iterator[bytes]:
    spool.seek(0)
    with spool:
        while piece := spool.read(CHUNK):
            yield piece
