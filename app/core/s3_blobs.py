"""Blobs in an S3-compatible object store. The only module that imports boto3."""

import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import boto3
from botocore.exceptions import ClientError

from app.core.blobs import CHUNK, Blob, BlobMissingError, copy_counted

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOT_THERE: Final = frozenset({"404", "NoSuchKey", "NotFound"})


class S3Blobs:
    """Blobs as objects `<prefix>/ab/cdef…`; credentials come from the standard AWS chain."""

    def __init__(self, bucket: str, prefix: str, *, endpoint: str | None) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._client = boto3.client("s3", endpoint_url=endpoint)

    def put(self, source: BinaryIO, *, max_bytes: int | None = None) -> Blob:
        """Store a stream; see `BlobStore.put`. Spooled first: the name is known only at the end."""
        with tempfile.TemporaryFile() as spool:
            blob = copy_counted(source, spool, max_bytes=max_bytes)
            spool.seek(0)
            self._client.upload_fileobj(spool, self._bucket, self._key(blob.digest))
        return blob

    def read(self, digest: str, *, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield a range; see `BlobStore.read`."""
        if length == 0:
            return iter(())
        end = "" if length is None else str(start + length - 1)
        body = self._get(digest, {"Range": f"bytes={start}-{end}"} if start or end else {})
        chunks: Iterator[bytes] = body.iter_chunks(CHUNK)  # type: ignore[attr-defined]  # botocore is untyped
        return chunks

    def fetch(self, digest: str, destination: Path) -> None:
        """Download to a new file; see `BlobStore.fetch`."""
        with destination.open("wb") as target:
            for chunk in self.read(digest):
                target.write(chunk)

    def list(self) -> Iterator[tuple[str, datetime]]:
        """Yield digests; see `BlobStore.list`."""
        pages = self._client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix):
            for item in page.get("Contents", ()):
                name = str(item["Key"]).removeprefix(self._prefix).replace("/", "")
                yield name, item["LastModified"]

    def delete(self, digest: str) -> None:
        """Remove the object; see `BlobStore.delete`."""
        self._client.delete_object(Bucket=self._bucket, Key=self._key(digest))

    def _key(self, digest: str) -> str:
        return f"{self._prefix}{digest[:2]}/{digest[2:]}"

    def _get(self, digest: str, options: "Mapping[str, str]") -> object:
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._key(digest), **options)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _NOT_THERE:
                raise BlobMissingError from error
            raise
        return answer["Body"]
