"""Whole logs: kept as one compressed blob where the live pieces leave something out."""

import gzip
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from app.core.blobs import CHUNK, BlobStore
from app.evaluations.logbook import HEAD_BYTES, read_log
from app.evaluations.models import Evaluation
from app.evaluations.outcomes import KeptLog
from sandbox.logs import LogCleaner

_GZIP: Final = 16 + zlib.MAX_WBITS


def keep_log(blobs: BlobStore, raw: Path) -> KeptLog | None:
    """Store a run's raw log as clean text; one that the pieces hold whole needs no blob.

    No transaction may be open: a slow store would make every other writer wait. None where
    nothing was printed.
    """
    if not raw.is_file():
        return None
    cleaner = LogCleaner()
    size = 0
    with raw.open("rb") as source, tempfile.TemporaryFile() as packed:
        with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as target:
            while chunk := source.read(CHUNK):
                size += target.write(cleaner.feed(chunk).encode())
            size += target.write(cleaner.feed(b"", final=True).encode())
        if raw.stat().st_size <= HEAD_BYTES:
            return KeptLog(size, None)
        packed.seek(0)
        return KeptLog(size, blobs.put(packed).digest)


def read_whole_log(session: Session, blobs: BlobStore, evaluation: Evaluation) -> Iterable[bytes]:
    """Return all there is of a log as UTF-8, in parts; it may be read after the session's end."""
    if evaluation.log_blob is not None:
        return read_kept_log(blobs, evaluation.log_blob)
    piece = read_log(session, evaluation, 0)
    parts = [piece.text.encode()]
    while piece.text:
        piece = read_log(session, evaluation, piece.next_offset)
        parts.append(piece.text.encode())
    return parts


def read_kept_log(blobs: BlobStore, blob: str) -> Iterator[bytes]:
    """Yield a kept log as UTF-8.

    Raises:
        BlobMissingError: the blob is gone.
    """
    unpacking = zlib.decompressobj(_GZIP)
    for chunk in blobs.read(blob):
        packed = chunk
        while packed:  # a log of one letter a thousand times over is no bigger in memory
            yield unpacking.decompress(packed, CHUNK)
            packed = unpacking.unconsumed_tail
    yield unpacking.flush()
