"""Reads of notifications and of the mails on their way."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.core.pagination import Page, PageRequest
from app.notifications.errors import NotificationNotFoundError
from app.notifications.models import (
    DEFAULTS,
    Delivery,
    MailItem,
    MailState,
    Notification,
    OutgoingMail,
    Topic,
    TopicChoice,
)


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


def map_choices(session: Session, people: Sequence[int]) -> Mapping[int, Mapping[Topic, Delivery]]:
    """Return how each of some people wants to be told of everything."""
    chosen: dict[int, dict[Topic, Delivery]] = {person: dict(DEFAULTS) for person in people}
    for row in session.scalars(select(TopicChoice).where(TopicChoice.user_id.in_(people))):
        chosen[row.user_id][row.topic] = row.delivery
    return chosen


def list_items(session: Session, mail: OutgoingMail) -> Sequence[Notification]:
    """Return what a mail tells, oldest first."""
    return session.scalars(
        select(Notification)
        .join(MailItem, MailItem.notification_id == Notification.id)
        .where(MailItem.mail_id == mail.id)
        .order_by(Notification.id)
    ).all()


def count_mails(session: Session) -> dict[MailState, int]:
    """Count the mails in the outbox by state."""
    rows = session.execute(
        select(OutgoingMail.state, func.count(OutgoingMail.id)).group_by(OutgoingMail.state)
    )
    return {row[0]: row[1] for row in rows}


def oldest_due(session: Session, now: datetime) -> datetime | None:
    """Return since when the first of the mails that should have gone waits, or None."""
    return session.scalar(
        select(func.min(OutgoingMail.due_at)).where(
            OutgoingMail.state == MailState.WAITING, OutgoingMail.due_at <= now
        )
    )
