"""Content-addressed storage: a blob is named by the SHA-256 of its bytes and never changes."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final, Protocol
from urllib.parse import unquote, urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.db import Base, BlobDigest
from app.core.errors import NotFoundError, TooLargeError
from app.core.i18n import N_
from sandbox.sizes import format_bytes as format_bytes  # noqa: PLC0414 — its readers' address

CHUNK: Final = 1 << 20


class BlobMissingError(NotFoundError):
    """No blob of that digest."""

    code = "blob_missing"
    message = N_("The stored file is missing.")


@dataclass(frozen=True, slots=True)
class Blob:
    """What was stored: `digest` is the SHA-256 in hexadecimal, `size` counts bytes."""

    digest: str
    size: int


class BlobStore(Protocol):
    """Where blobs live."""

    def put(self, source: BinaryIO, *, max_bytes: int | None = None) -> Blob:
        """Store a stream.

        Raises:
            TooLargeError: the stream is longer than `max_bytes`; nothing is kept.
        """

    def read(self, digest: str, *, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield the bytes from `start` on, `length` of them or all.

        Raises:
            BlobMissingError: there is no such blob.
        """

    def fetch(self, digest: str, destination: Path) -> None:
        """Write a blob to a new file.

        Raises:
            BlobMissingError: there is no such blob.
        """

    def list(self) -> Iterator[tuple[str, datetime]]:
        """Yield every digest with the time it was stored."""

    def delete(self, digest: str) -> None:
        """Forget a blob; one that is not there is no error."""


class LocalBlobs:
    """Blobs as files under one folder, `ab/cdef…`, written aside and renamed into place."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, source: BinaryIO, *, max_bytes: int | None = None) -> Blob:
        """Store a stream; see `BlobStore.put`."""
        incoming = self._root / "incoming"
        incoming.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=incoming)
        try:
            with os.fdopen(descriptor, "wb") as target:
                blob = copy_counted(source, target, max_bytes=max_bytes)
                target.flush()
                os.fsync(target.fileno())
            final = self._path(blob.digest)
            final.parent.mkdir(exist_ok=True)
            Path(name).chmod(0o644)
            # replacing refreshes the time, so a blob about to be referenced again is not swept
            Path(name).replace(final)
        finally:
            Path(name).unlink(missing_ok=True)
        return blob

    def read(self, digest: str, *, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield a range; see `BlobStore.read`."""
        path = self._existing(digest)
        return _read_range(path, start, length)

    def fetch(self, digest: str, destination: Path) -> None:
        """Copy to a new file; see `BlobStore.fetch`."""
        shutil.copyfile(self._existing(digest), destination)

    def list(self) -> Iterator[tuple[str, datetime]]:
        """Yield digests; see `BlobStore.list`."""
        for path in self._root.glob("??/*"):
            with suppress(FileNotFoundError):
                yield (
                    path.parent.name + path.name,
                    datetime.fromtimestamp(path.stat().st_mtime, UTC),
                )

    def delete(self, digest: str) -> None:
        """Remove the file; see `BlobStore.delete`."""
        self._path(digest).unlink(missing_ok=True)

    def sweep_incoming(self, before: datetime) -> int:
        """Delete what uploads that died left behind before an instant; return how many."""
        stale = [
            path
            for path in (self._root / "incoming").glob("*")
            if datetime.fromtimestamp(path.stat().st_mtime, UTC) < before
        ]
        for path in stale:
            path.unlink(missing_ok=True)
        return len(stale)

    def _path(self, digest: str) -> Path:
        return self._root / digest[:2] / digest[2:]

    def _existing(self, digest: str) -> Path:
        path = self._path(digest)
        if not path.is_file():
            raise BlobMissingError
        return path


def copy_counted(source: BinaryIO, target: BinaryIO, *, max_bytes: int | None) -> Blob:
    """Copy a stream while hashing and counting it.

    Raises:
        TooLargeError: the stream is longer than `max_bytes`.
    """
    digest, size = sha256(), 0
    while chunk := source.read(CHUNK):
        size += len(chunk)
        if max_bytes is not None and size > max_bytes:
            raise TooLargeError(limit=format_bytes(max_bytes))
        digest.update(chunk)
        target.write(chunk)
    return Blob(digest.hexdigest(), size)


def _read_range(path: Path, start: int, length: int | None) -> Iterator[bytes]:
    with path.open("rb") as source:
        source.seek(start)
        left = length
        while left is None or left > 0:
            chunk = source.read(CHUNK if left is None else min(CHUNK, left))
            if not chunk:
                return
            left = None if left is None else left - len(chunk)
            yield chunk


def open_blobs(url: str, *, s3_endpoint: str = "") -> BlobStore:
    """Open the store a URL names: `file:///folder` or `s3://bucket/prefix`."""
    parts = urlsplit(url)
    if parts.scheme == "s3":
        from app.core.s3_blobs import S3Blobs  # noqa: PLC0415 — boto3 takes 0.4 s to import

        return S3Blobs(parts.netloc, parts.path.strip("/"), endpoint=s3_endpoint or None)
    return LocalBlobs(Path(unquote(parts.path)))


def referenced_digests(session: Session) -> set[str]:
    """Return every digest that any row of any table names."""
    found: set[str] = set()
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, BlobDigest):
                found.update(session.scalars(select(column).where(column.is_not(None)).distinct()))
    return found


def collect_garbage(session: Session, store: BlobStore, *, before: datetime) -> int:
    """Delete blobs that no row names and that were stored before an instant; return how many.

    The grace period matters: an upload is stored before its row is committed.
    """
    kept, count = referenced_digests(session), 0
    # one at a time: an upload of the same bytes meanwhile makes a blob young again
    for digest, stored in store.list():
        if stored < before and digest not in kept:
            store.delete(digest)
            count += 1
    return count
