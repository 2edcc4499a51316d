"""tus 1.0.0 (tus.io): creation, checksum, expiration, termination. The same for pages and API.

A piece is stored as it comes, in blobs of at most `PIECE` bytes: when the connection breaks, what
has arrived is kept, and any web process goes on from there.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from tempfile import SpooledTemporaryFile
from typing import IO, Final, cast

from flask import Response, request
from typing_extensions import override
from werkzeug.exceptions import ClientDisconnected, PreconditionFailed, UnsupportedMediaType

from app.accounts.models import User
from app.core.blobs import CHUNK
from app.core.current import platform, settings
from app.core.errors import ForbiddenError, TooLargeError
from app.problems.queries import get_current_revision, get_readable_problem
from app.submissions.models import Kind
from app.submissions.policy import can_submit
from app.uploads.errors import MalformedUploadError, OffsetMismatchError
from app.uploads.models import Upload
from app.uploads.operations import Allowed, Wanted, append_part, begin_upload, remove_upload
from app.uploads.queries import get_upload
from problems.spec import ProblemSpec
from sandbox.sizes import format_bytes
from trial.uploads import most_bytes

VERSION: Final = "1.0.0"
PIECE: Final = 16 << 20
"""Bytes of one blob, and the most that a checksum may be given for."""
CHECKSUM_MISMATCH: Final = 460
ALGORITHMS: Final = ("sha256", "sha1")
_BODY: Final = "application/offset+octet-stream"
_DIGITS: Final = 15
_LONGEST_METADATA: Final = 4096


class OtherVersionError(PreconditionFailed):
    """The request is of no version that is spoken here."""

    @override
    def get_headers(self, *given: object, **named: object) -> list[tuple[str, str]]:
        """Say which one is."""
        return [("Tus-Version", VERSION), ("Tus-Resumable", VERSION)]


def describe_server() -> Response:
    """Say what the server can do (OPTIONS)."""
    return _answer(
        HTTPStatus.NO_CONTENT,
        {
            "Tus-Version": VERSION,
            "Tus-Extension": "creation,checksum,expiration,termination",
            "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
            "Tus-Max-Size": str(settings().max_upload_bytes),
        },
    )


def begin(actor: User, slug: str) -> tuple[Upload, Response]:
    """Begin an upload for a problem (creation); the caller adds its `Location`.

    Raises:
        MalformedUploadError, TooLargeError, TooManyUnfinishedError, ForbiddenError …
    """
    _require_version()
    told = _metadata()
    wanted = Wanted(_number("Upload-Length"), told.get("filename") or "file", _kind(told))
    port = platform()
    now = port.clock.now()
    with port.database.transaction() as session:
        problem = get_readable_problem(session, slug, actor)
        if not can_submit(actor):
            raise ForbiddenError
        spec = ProblemSpec.model_validate(get_current_revision(session, problem).spec)
        largest = most_bytes(spec, wanted.kind)
        allowed = Allowed(largest, settings().unfinished_upload_bytes)
        upload = begin_upload(session, problem, actor, wanted, allowed, now)
    return upload, _answer(HTTPStatus.CREATED, _expiry(upload.expires_at))


def look(actor: User, key: str) -> Response:
    """Say how far an upload is (HEAD)."""
    _require_version()
    upload = _find(actor, key)
    headers = {"Upload-Offset": str(upload.received), "Upload-Length": str(upload.size)}
    return _answer(HTTPStatus.OK, {**headers, **_expiry(upload.expires_at)})


def append(actor: User, key: str) -> Response:
    """Take the next piece in (PATCH).

    Raises:
        OffsetMismatchError: it does not begin where the file ends.
        TooLargeError: it goes beyond the length that was announced.
    """
    _require_version()
    if request.mimetype != _BODY:
        raise UnsupportedMediaType
    upload, offset = _find(actor, key), _number("Upload-Offset")
    if offset != upload.received:
        raise OffsetMismatchError(received=upload.received, asked=offset)
    wanted = _checksum()
    length = request.content_length
    if length is not None and (length > upload.size - offset or (wanted and length > PIECE)):
        raise TooLargeError(limit=format_bytes(PIECE if wanted else upload.size - offset))
    end = _take(upload, offset, wanted)
    if end is None:
        return _answer(CHECKSUM_MISMATCH, {})
    return _answer(HTTPStatus.NO_CONTENT, {"Upload-Offset": str(end)})


def cancel(actor: User, key: str) -> Response:
    """Give an upload up (termination)."""
    _require_version()
    upload = _find(actor, key)
    with platform().database.transaction() as session:
        remove_upload(session, upload.id)
    return _answer(HTTPStatus.NO_CONTENT, {})


def _take(upload: Upload, offset: int, wanted: tuple[str, bytes] | None) -> int | None:
    """Store what the request carries; return where the file ends, None for a wrong checksum."""
    port, complete = platform(), True
    while complete and offset < upload.size:
        with SpooledTemporaryFile(max_size=CHUNK) as piece:
            size, complete = _fill(piece, min(PIECE, upload.size - offset))
            if wanted is not None and not (complete and _matches(piece, wanted)):
                return None
            if size == 0:
                break
            piece.seek(0)
            blob = port.blobs.put(cast("IO[bytes]", piece))  # type: ignore[arg-type]
        with port.database.transaction() as session:
            offset = append_part(session, upload.id, offset, blob, port.clock.now())
        if wanted is not None:
            break
    return offset


def _fill(target: "SpooledTemporaryFile[bytes]", most: int) -> tuple[int, bool]:
    """Copy from the request; False: the connection broke, and what came before is there."""
    size = 0
    try:
        while size < most and (chunk := request.stream.read(min(CHUNK, most - size))):
            target.write(chunk)
            size += len(chunk)
    except (ClientDisconnected, OSError):
        return size, False
    return size, True


def _matches(piece: "SpooledTemporaryFile[bytes]", wanted: tuple[str, bytes]) -> bool:
    name, digest = wanted
    found = hashlib.new(name, usedforsecurity=False)
    piece.seek(0)
    while chunk := piece.read(CHUNK):
        found.update(chunk)
    return found.digest() == digest


def _find(actor: User, key: str) -> Upload:
    port = platform()
    with port.database.reading() as session:
        return get_upload(session, key, actor, now=port.clock.now())


def _require_version() -> None:
    if request.headers.get("Tus-Resumable") != VERSION:
        raise OtherVersionError


def _number(header: str) -> int:
    text = request.headers.get(header, "")
    if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS):
        raise MalformedUploadError(header=header)
    return int(text)


def _metadata() -> Mapping[str, str]:
    """Read `Upload-Metadata`: names with their values in Base64, separated by commas."""
    header = request.headers.get("Upload-Metadata", "")
    if len(header) > _LONGEST_METADATA:
        raise MalformedUploadError(header="Upload-Metadata")
    told = {}
    for pair in filter(None, header.split(",")):
        name, _, value = pair.strip().partition(" ")
        try:
            told[name] = base64.b64decode(value, validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            raise MalformedUploadError(header="Upload-Metadata") from None
    if any("\0" in value for value in told.values()):
        raise MalformedUploadError(header="Upload-Metadata")
    return told


def _kind(told: Mapping[str, str]) -> Kind:
    try:
        return Kind(told.get("kind", ""))
    except ValueError:
        raise MalformedUploadError(header="Upload-Metadata") from None


def _checksum() -> tuple[str, bytes] | None:
    header = request.headers.get("Upload-Checksum")
    if header is None:
        return None
    name, _, value = header.partition(" ")
    try:
        digest = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedUploadError(header="Upload-Checksum") from None
    if name not in ALGORITHMS:
        raise MalformedUploadError(header="Upload-Checksum")
    return name, digest


def _expiry(moment: datetime) -> dict[str, str]:
    return {"Upload-Expires": format_datetime(moment.astimezone(UTC), usegmt=True)}


def _answer(status: int, headers: Mapping[str, str]) -> Response:
    response = Response(status=status)
    response.headers.update({"Tus-Resumable": VERSION, "Cache-Control": "no-store", **headers})
    return response
