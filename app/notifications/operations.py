"""Telling people, and keeping what they have read. Callers own the transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.notifications.models import (
    DEFAULTS,
    MAILED,
    Delivery,
    Notification,
    Topic,
    TopicChoice,
)
from app.notifications.queries import map_choices

Fact = str | Mapping[str, str]
"""A text, or texts by language."""
_AT_ONCE: Final = 1_000


def notify(  # noqa: PLR0913 — who is told what, where it leads, and whether it was told before
    session: Session,
    people: Iterable[int],
    topic: Topic,
    facts: Mapping[str, Fact],
    path: str,
    *,
    now: datetime,
    key: str | None = None,
) -> None:
    """Tell people of one thing, but those who do not want to hear of its kind.

    With a `key` everybody is told once, however often this is called. Whether a mail goes is
    decided later, by whoever sends mails: nothing here can fail because of mail. Accounts are held
    in the order of their numbers, so that no two callers wait for each other.
    """
    for some in _in_parts(sorted(set(people))):
        _tell(session, some, topic, facts, path, now=now, key=key)


def _in_parts(people: Sequence[int]) -> Iterable[Sequence[int]]:
    return (people[at : at + _AT_ONCE] for at in range(0, len(people), _AT_ONCE))


def _tell(  # noqa: PLR0913 — as above
    session: Session,
    people: Sequence[int],
    topic: Topic,
    facts: Mapping[str, Fact],
    path: str,
    *,
    now: datetime,
    key: str | None,
) -> None:
    _hold(session, people)
    unwanted = {
        person
        for person, wanted in map_choices(session, people).items()
        if wanted[topic] is Delivery.NONE
    }
    if key is not None:
        unwanted.update(
            session.scalars(
                select(Notification.user_id).where(
                    Notification.key == key, Notification.user_id.in_(people)
                )
            )
        )
    told = [person for person in people if person not in unwanted]
    session.add_all(
        Notification(
            user_id=person,
            topic=topic,
            facts=dict(facts),
            path=path,
            key=key,
            created_at=now,
            read_at=None,
        )
        for person in told
    )
    session.flush()
    _count(session, told)


def retitle(session: Session, path: str, title: str) -> None:
    """Change the title in everything that was told of one discussion, for whoever reads it next."""
    told = session.scalars(
        select(Notification).where(Notification.path.startswith(f"{path}?", autoescape=True))
    )
    for one in told:
        one.facts = {**one.facts, "title": title}
    session.flush()


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


def choose_deliveries(
    session: Session, person: int, wanted: Mapping[Topic, Delivery], *, mails: bool
) -> None:
    """Set how a person wants to be told; kinds that are not named stay as they are.

    Where the site sends no mails, "on the site" takes no wish for mails back: it could not be
    seen, and holds again once mails are sent.
    """
    _hold(session, [person])
    present = dict(map_choices(session, [person])[person])
    for topic, delivery in wanted.items():
        hidden_wish = not mails and delivery is Delivery.SITE and present[topic] in MAILED
        if not hidden_wish:
            present[topic] = delivery
    session.execute(delete(TopicChoice).where(TopicChoice.user_id == person))
    session.add_all(
        TopicChoice(user_id=person, topic=topic, delivery=delivery)
        for topic, delivery in present.items()
        if delivery is not DEFAULTS[topic]
    )
    session.flush()


def stop_mails(session: Session, person: int, topics: Collection[Topic]) -> None:
    """Mail a person of some kinds no more; the site still tells them."""
    wanted = map_choices(session, [person])[person]
    fewer = {topic: Delivery.SITE for topic in topics if wanted[topic] in MAILED}
    choose_deliveries(session, person, fewer, mails=True)


def _hold(session: Session, people: Collection[int]) -> None:
    session.execute(
        select(User.id).where(User.id.in_(people)).order_by(User.id).with_for_update()
    ).all()


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
