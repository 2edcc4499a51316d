"""What happens to a file on its way in. The bytes are in the blob store before the row says so."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, cast

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.core.blobs import Blob, BlobStore, format_bytes
from app.core.db import hold
from app.core.errors import TooLargeError
from app.problems.models import Problem
from app.submissions.models import Kind
from app.uploads.errors import OffsetMismatchError, TooManyUnfinishedError
from app.uploads.models import Upload, UploadPart
from app.uploads.queries import count_held_bytes

if TYPE_CHECKING:
    from sqlalchemy import CursorResult

KEPT: Final = timedelta(hours=24)
"""How long an upload waits for its next piece."""
_LONGEST_NAME: Final = 255


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody is about to send: its length in bytes, its name, what it is."""

    size: int
    filename: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Allowed:
    """Bytes: of one file of this kind, and of all unfinished ones of a team in a problem."""

    file: int
    unfinished: int


def begin_upload(
    session: Session, problem: Problem, user: User, wanted: Wanted, allowed: Allowed, now: datetime
) -> Upload:
    """Take a place for a file of a known length.

    Raises:
        TooLargeError: no file of this kind may be so large.
        TooManyUnfinishedError: the team's unfinished uploads leave no room for it.
    """
    if wanted.size > allowed.file:
        raise TooLargeError(limit=format_bytes(allowed.file))
    hold(session, problem)  # two at once must not both take the last room
    held = count_held_bytes(session, problem, user, now=now)
    if held + wanted.size > max(allowed.unfinished, allowed.file):
        raise TooManyUnfinishedError(
            held=format_bytes(held), limit=format_bytes(max(allowed.unfinished, allowed.file))
        )
    upload = Upload(
        key=secrets.token_urlsafe(32),
        user_id=user.id,
        problem_id=problem.id,
        kind=wanted.kind,
        filename=wanted.filename[:_LONGEST_NAME],
        size=wanted.size,
        received=0,
        created_at=now,
        expires_at=now + KEPT,
    )
    session.add(upload)
    session.flush()
    return upload


def append_part(session: Session, upload_id: int, start: int, blob: Blob, now: datetime) -> int:
    """Note a piece that is in the store; return where the file ends now.

    Raises:
        OffsetMismatchError: another piece came first, or the upload is gone.
    """
    end = start + blob.size
    moved = cast(
        "CursorResult[object]",
        session.execute(
            update(Upload)
            .where(Upload.id == upload_id, Upload.received == start, Upload.size >= end)
            .values(received=end, expires_at=now + KEPT)
        ),
    )
    if moved.rowcount != 1:
        received = session.scalar(select(Upload.received).where(Upload.id == upload_id))
        raise OffsetMismatchError(received=received or 0, asked=start)
    part = UploadPart(upload_id=upload_id, start=start, size=blob.size, blob=blob.digest)
    session.add(part)
    session.flush()
    return end


def remove_upload(session: Session, upload_id: int) -> None:
    """Forget an upload; the store collects its pieces later. One that is gone is no error."""
    session.execute(delete(UploadPart).where(UploadPart.upload_id == upload_id))
    session.execute(delete(Upload).where(Upload.id == upload_id))


def empty_upload(session: Session, upload_id: int) -> None:
    """Let the pieces of a handed-in upload go; its name stays, so that a repeat finds it."""
    session.execute(delete(UploadPart).where(UploadPart.upload_id == upload_id))
    session.execute(update(Upload).where(Upload.id == upload_id).values(received=0, size=0))


def sweep_uploads(session: Session, *, now: datetime) -> int:
    """Forget what has expired; return how many."""
    stale = session.scalars(select(Upload.id).where(Upload.expires_at <= now)).all()
    for upload_id in stale:
        remove_upload(session, upload_id)
    return len(stale)


class Assembled:
    """The pieces of an upload read as one file, which is never whole in memory."""

    def __init__(self, blobs: BlobStore, parts: Sequence[UploadPart]) -> None:
        """Begin at the first byte."""
        self._chunks = self._open(blobs, parts)
        self._left = b""

    @staticmethod
    def _open(blobs: BlobStore, parts: Sequence[UploadPart]) -> Iterator[bytes]:
        for part in parts:
            yield from blobs.read(part.blob)

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes, at most `size`; none at the end."""
        if size < 0:
            whole = self._left + b"".join(self._chunks)
            self._left = b""
            return whole
        while len(self._left) < size and (chunk := next(self._chunks, b"")):
            self._left += chunk
        piece, self._left = self._left[:size], self._left[size:]
        return piece
