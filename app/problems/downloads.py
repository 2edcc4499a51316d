"""Blobs over HTTP: ranges, the SHA-256 as `ETag`, always as an attachment."""

import mimetypes
import unicodedata
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from flask import Request, Response
from werkzeug.datastructures import ContentRange, Headers
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.http import dump_options_header, unquote_etag

from app.core.blobs import BlobStore
from app.problems.storage import StoredFile

# rendered by no browser, whatever it is: an uploaded page must not run in the site's name
_PLAIN: Final = "application/octet-stream"
_SHOWN_AS_IS: Final = frozenset({"text/csv", "text/plain", "application/json", "application/zip"})


def send_blob(
    blobs: BlobStore, file: StoredFile, request: Request, *, private: bool = True
) -> Response:
    """Answer a download of one blob, whole or in part, or `304` to a client that has it.

    `private` keeps shared caches from handing it to somebody who may not read it.

    Raises:
        RequestedRangeNotSatisfiable: the range asked for lies outside the file (416).
    """
    headers = _headers(file, private=private)
    if request.if_none_match.contains(file.digest):
        headers.remove("Content-Length")
        return Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    start, end = _asked_range(request, file)
    status = HTTPStatus.OK
    if (start, end) != (0, file.size):
        status = HTTPStatus.PARTIAL_CONTENT
        headers["Content-Range"] = ContentRange("bytes", start, end, file.size).to_header()
        headers["Content-Length"] = str(end - start)
    body = (
        () if request.method == "HEAD" else blobs.read(file.digest, start=start, length=end - start)
    )
    return Response(body, status=status, headers=headers, direct_passthrough=True)


def _asked_range(request: Request, file: StoredFile) -> tuple[int, int]:
    """Return the first byte and the one after the last; several ranges at once get the whole."""
    asked = request.range
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return 0, file.size
    if_range = request.headers.get("If-Range")
    if if_range is not None and unquote_etag(if_range) != (file.digest, False):
        return 0, file.size  # the client's part is of other bytes
    found = asked.range_for_length(file.size)
    if found is None:
        raise RequestedRangeNotSatisfiable(file.size)
    return found[0], found[1]


def _headers(file: StoredFile, *, private: bool) -> Headers:
    kind = mimetypes.guess_type(file.path)[0]
    headers = Headers()
    headers["Content-Type"] = kind if kind in _SHOWN_AS_IS else _PLAIN
    headers["Content-Length"] = str(file.size)
    headers["Accept-Ranges"] = "bytes"
    headers["ETag"] = f'"{file.digest}"'
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cache-Control"] = "private, no-cache" if private else "public, max-age=3600"
    headers["Content-Disposition"] = attachment(file.path.rpartition("/")[2])
    return headers


def attachment(filename: str) -> str:
    """Return a `Content-Disposition` that saves under any name (RFC 6266), Chinese ones too."""
    plain = unicodedata.normalize("NFKD", filename).encode("ascii", "ignore").decode()
    options = {"filename": plain or "file"}
    if plain != filename:
        options["filename*"] = f"UTF-8''{quote(filename, safe='')}"
    return dump_options_header("attachment", options)
