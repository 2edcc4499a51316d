"""Reads of contests and announcements."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from app.contests.errors import AnnouncementNotFoundError, ContestNotFoundError
from app.contests.models import Announcement, Contest
from app.core.pagination import Page, PageRequest

_ALL_OF_IT: Final = (
    selectinload(Announcement.author),
    selectinload(Announcement.corrects),
    selectinload(Announcement.correction),
)


def find_contest(session: Session, slug: str) -> Contest | None:
    """Return a contest, or None."""
    return session.scalar(select(Contest).where(Contest.slug == slug))


def get_contest(session: Session, slug: str) -> Contest:
    """Return a contest.

    Raises:
        ContestNotFoundError: there is none of that name.
    """
    found = find_contest(session, slug)
    if found is None:
        raise ContestNotFoundError(slug=slug)
    return found


def list_running_contests(session: Session) -> Sequence[Contest]:
    """Return the contests that are not archived, newest first: where something new can go."""
    return session.scalars(
        select(Contest).where(Contest.archived_at.is_(None)).order_by(Contest.id.desc())
    ).all()


def list_contests(session: Session) -> Sequence[Contest]:
    """Return every contest, newest first."""
    return session.scalars(select(Contest).order_by(Contest.id.desc())).all()


def get_announcement(session: Session, number: int) -> Announcement:
    """Return an announcement with what it corrects and what corrects it.

    Raises:
        AnnouncementNotFoundError: there is none of that number.
    """
    found = session.get(Announcement, number, options=_ALL_OF_IT)
    if found is None:
        raise AnnouncementNotFoundError(number=number)
    return found


def list_announcements(
    session: Session, page: PageRequest, *, problem_slug: str | None = None
) -> Page[Announcement]:
    """Return announcements with what corrects them, newest first: all, or a problem's."""
    wanted = select(Announcement)
    if problem_slug is not None:
        wanted = wanted.where(Announcement.problem_slug == problem_slug)
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    rows = session.scalars(
        wanted.options(*_ALL_OF_IT)
        .order_by(Announcement.published_at.desc(), Announcement.id.desc())
        .offset(page.offset)
        .limit(page.per_page)
    ).all()
    return Page(rows, total, page)
