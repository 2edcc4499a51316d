"""Reads of uploads under way."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from app.accounts.models import User
from app.problems.models import Problem
from app.teams.models import Membership
from app.uploads.errors import UploadNotFoundError
from app.uploads.models import Upload, UploadPart
from app.uploads.policy import can_continue_upload


def get_upload(session: Session, key: str, actor: User, *, now: datetime) -> Upload:
    """Return an upload that has not expired, with its problem.

    Raises:
        UploadNotFoundError: there is none, or it is somebody else's.
    """
    found = session.scalar(
        select(Upload).where(Upload.key == key).options(selectinload(Upload.problem))
    )
    if found is None or found.expires_at <= now or not can_continue_upload(actor, found):
        raise UploadNotFoundError
    return found


def list_parts(session: Session, upload: Upload) -> Sequence[UploadPart]:
    """Return the pieces of an upload in their order."""
    return session.scalars(
        select(UploadPart).where(UploadPart.upload_id == upload.id).order_by(UploadPart.start)
    ).all()


def count_held_bytes(session: Session, problem: Problem, user: User, *, now: datetime) -> int:
    """Return the bytes that the unfinished uploads of a person's team have asked for."""
    team = (
        select(Membership.team_id)
        .where(Membership.problem_id == problem.id, Membership.user_id == user.id)
        .scalar_subquery()
    )
    mates = select(Membership.user_id).where(Membership.team_id == team)
    return session.scalars(
        select(func.coalesce(func.sum(Upload.size), 0)).where(
            Upload.problem_id == problem.id,
            (Upload.user_id == user.id) | Upload.user_id.in_(mates),
            Upload.expires_at > now,
        )
    ).one()
