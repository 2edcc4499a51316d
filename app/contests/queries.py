"""Reads of contests and announcements."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from app.contests.models import Announcement, Contest
from app.core.pagination import Page, PageRequest


def find_contest(session: Session, slug: str) -> Contest | None:
    """Return a contest, or None."""
    return session.scalar(select(Contest).where(Contest.slug == slug))


def list_contests(session: Session) -> Sequence[Contest]:
    """Return every contest, newest first."""
    return session.scalars(select(Contest).order_by(Contest.id.desc())).all()


def list_announcements(
    session: Session, page: PageRequest, *, problem_slug: str | None = None
) -> Page[Announcement]:
    """Return announcements, newest first: of everything, or of one problem."""
    wanted = select(Announcement)
    if problem_slug is not None:
        wanted = wanted.where(Announcement.problem_slug == problem_slug)
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    rows = session.scalars(
        wanted.options(selectinload(Announcement.author))
        .order_by(Announcement.published_at.desc(), Announcement.id.desc())
        .offset(page.offset)
        .limit(page.per_page)
    ).all()
    return Page(rows, total, page)
