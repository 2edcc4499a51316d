"""Handing in what has come piece by piece: as if it had come at once."""

from typing import BinaryIO, cast

from app.accounts.models import User
from app.core.errors import TooLargeError, UnprocessableError
from app.core.platform import Platform
from app.evaluations.intake import Delivery, accept
from app.problems.models import Board
from app.uploads.errors import UnfinishedUploadError
from app.uploads.operations import Assembled, empty_upload, remove_upload
from app.uploads.queries import get_upload, list_parts


def hand_in_upload(port: Platform, actor: User, key: str, *, board: Board, note: str) -> int:
    """Submit a complete upload; return the submission's id. A repeat returns the first one's.

    A file that is refused is thrown away; where only the day's submissions are used up or the stage
    is closed, it stays for as long as uploads do.

    Raises:
        UploadNotFoundError: no such upload, or it has expired.
        UnfinishedUploadError: some of it has not arrived.
        Whatever `accept` raises.
    """
    with port.database.reading() as session:
        upload = get_upload(session, key, actor, now=port.clock.now())
        parts = list_parts(session, upload)
    if upload.received != upload.size:
        raise UnfinishedUploadError(received=upload.received, size=upload.size)
    delivery = Delivery(
        file=cast("BinaryIO", Assembled(port.blobs, parts)),
        filename=upload.filename,
        kind=upload.kind,
        board=board,
        note=note,
        idempotency_key=f"upload:{key}",
    )
    try:
        submission_id = accept(port, upload.problem.slug, actor, delivery)
    except (UnprocessableError, TooLargeError):
        with port.database.transaction() as session:
            remove_upload(session, upload.id)
        raise
    with port.database.transaction() as session:
        empty_upload(session, upload.id)
    return submission_id
