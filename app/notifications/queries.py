"""Reads of notifications."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.core.pagination import Page, PageRequest
from app.notifications.errors import NotificationNotFoundError
from app.notifications.models import MutedTopic, Notification, Topic


def list_notifications(session: Session, user: User, page: PageRequest) -> Page[Notification]:
    """Return what a person was told, newest first."""
    mine = select(Notification).where(Notification.user_id == user.id)
    total = session.scalar(select(func.count()).select_from(mine.subquery())) or 0
    rows = session.scalars(
        mine.order_by(Notification.id.desc()).offset(page.offset).limit(page.per_page)
    ).all()
    return Page(rows, total, page)


def get_notification(session: Session, user: User, number: int) -> Notification:
    """Return one of a person's own.

    Raises:
        NotificationNotFoundError: there is none of that number, or it is somebody else's.
    """
    found = session.get(Notification, number)
    if found is None or found.user_id != user.id:
        raise NotificationNotFoundError
    return found


def list_muted(session: Session, user: User) -> frozenset[Topic]:
    """Return the kinds a person has switched off."""
    return frozenset(session.scalars(select(MutedTopic.topic).where(MutedTopic.user_id == user.id)))
