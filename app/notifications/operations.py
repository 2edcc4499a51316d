"""Telling people, and keeping what they have read. Callers own the transaction."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.notifications.models import MutedTopic, Notification, Topic


def notify(
    session: Session,
    people: Iterable[int],
    topic: Topic,
    facts: Mapping[str, str],
    path: str,
    *,
    now: datetime,
) -> None:
    """Tell people of one thing, but those who have switched its kind off.

    The bell's number stands on the account, so that no page has to count.
    """
    wanted = set(people)
    muted = session.scalars(
        select(MutedTopic.user_id).where(MutedTopic.topic == topic, MutedTopic.user_id.in_(wanted))
    )
    told = sorted(wanted.difference(muted))
    session.add_all(
        Notification(
            user_id=user, topic=topic, facts=dict(facts), path=path, created_at=now, read_at=None
        )
        for user in told
    )
    session.flush()
    _count(session, told)


def read(session: Session, notification: Notification, *, now: datetime) -> None:
    """Note that one was read; again changes nothing."""
    if notification.read_at is None:
        notification.read_at = now
        session.flush()
        _count(session, [notification.user_id])


def read_all(session: Session, user: User, *, now: datetime) -> None:
    """Note that a person has read everything."""
    session.execute(
        update(Notification)
        .where(Notification.user_id == user.id, Notification.read_at.is_(None))
        .values(read_at=now)
    )
    _count(session, [user.id])


def choose_topics(session: Session, user: User, wanted: Collection[Topic]) -> None:
    """Set what a person wants to hear of."""
    session.execute(delete(MutedTopic).where(MutedTopic.user_id == user.id))
    session.add_all(
        MutedTopic(user_id=user.id, topic=topic) for topic in Topic if topic not in wanted
    )
    session.flush()


def _count(session: Session, people: Collection[int]) -> None:
    """Write anew how many are unread: counted, not added up, so it cannot drift."""
    unread = (
        select(func.count(Notification.id))
        .where(Notification.user_id == User.id, Notification.read_at.is_(None))
        .scalar_subquery()
    )
    session.execute(
        update(User)
        .where(User.id.in_(people))
        .values(unread_notifications=unread)
        .execution_options(synchronize_session=False)
    )
