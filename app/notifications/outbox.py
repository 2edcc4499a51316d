"""The outbox: what is told becomes mails, each handed to one sender at a time. No Flask here.

`sort` decides for every notification whether it goes by mail, and with which. `claim` gives a due
mail to one sender for a while; `finish`, `put_off` and `let_go` say what became of it. A sender
that dies in between leaves its claim, which runs out, and the mail goes again under the same
Message-ID: lost is nothing, and a mail server that had taken it already can tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from app.core.clock import BEIJING, beijing_day
from app.notifications.models import (
    MAILED,
    Delivery,
    MailItem,
    MailState,
    Notification,
    OutgoingMail,
)
from app.notifications.queries import list_items, map_choices

DIGEST_HOUR: Final = time(8, 0)
"""When the day's mail is made up, in Beijing."""
_SETTLING: Final = timedelta(minutes=5)
"""What was told just before that hour is committed by then."""
CLAIM: Final = timedelta(minutes=5)
MOST_ATTEMPTS: Final = 12
_FIRST_PAUSE: Final = timedelta(minutes=1)
_LONGEST_PAUSE: Final = timedelta(hours=6)
_KEPT: Final = timedelta(days=30)
_PART: Final = 500
_ERROR_LENGTH: Final = 300


def sort_mail(session: Session, *, now: datetime) -> int:
    """Put what was told into the mails it goes with; return how many notifications were looked at.

    Of two that sort at once each takes other notifications.
    """
    fresh = session.scalars(
        select(Notification)
        .where(Notification.mail_sorted.is_(False))
        .order_by(Notification.id)
        .limit(_PART)
        .with_for_update(skip_locked=True)
    ).all()
    wanted = map_choices(session, sorted({one.user_id for one in fresh}))
    for one in fresh:
        one.mail_sorted = True
        delivery = wanted[one.user_id][one.topic]
        if delivery in MAILED:
            mail = _mail_for(session, one, delivery, now)
            session.add(MailItem(notification_id=one.id, mail_id=mail.id))
    session.flush()
    return len(fresh)


def skip_mail(session: Session) -> None:
    """Sort everything into no mail: the site sends none."""
    session.execute(
        update(Notification)
        .where(Notification.mail_sorted.is_(False))
        .values(mail_sorted=True)
        .execution_options(synchronize_session=False)
    )


def next_digest(now: datetime) -> datetime:
    """Return when the next daily mail is made up after an instant."""
    today = datetime.combine(beijing_day(now), DIGEST_HOUR, BEIJING)
    return today if now < today else today + timedelta(days=1)


def _mail_for(
    session: Session, one: Notification, delivery: Delivery, now: datetime
) -> OutgoingMail:
    if delivery is Delivery.AT_ONCE:
        return _add(session, f"notification:{one.id}", one.user_id, due_at=now, now=now)
    made_up = next_digest(now)
    key = f"digest:{one.user_id}:{made_up.date().isoformat()}"
    found = session.scalar(select(OutgoingMail).where(OutgoingMail.key == key))
    if found is not None:
        return found
    return _add(session, key, one.user_id, due_at=made_up + _SETTLING, now=now)


def _add(
    session: Session, key: str, person: int, *, due_at: datetime, now: datetime
) -> OutgoingMail:
    mail = OutgoingMail(
        key=key,
        user_id=person,
        state=MailState.WAITING,
        due_at=due_at,
        claimed_until=None,
        created_at=now,
        finished_at=None,
    )
    session.add(mail)
    session.flush()
    return mail


@dataclass(frozen=True, slots=True)
class ClaimedMail:
    """A mail that nobody else sends until the claim runs out."""

    mail: OutgoingMail
    items: Sequence[Notification]
    """What is still to be said: unread, and still wanted by mail."""


def claim(session: Session, *, now: datetime) -> ClaimedMail | None:
    """Take the mail that has been due longest, or None."""
    free = or_(OutgoingMail.claimed_until.is_(None), OutgoingMail.claimed_until <= now)
    mail = session.scalar(
        select(OutgoingMail)
        .where(OutgoingMail.state == MailState.WAITING, OutgoingMail.due_at <= now, free)
        .order_by(OutgoingMail.due_at, OutgoingMail.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if mail is None:
        return None
    mail.claimed_until, mail.attempts = now + CLAIM, mail.attempts + 1
    session.flush()
    _user = mail.user  # read here: the mail is written when no transaction is open
    wanted = map_choices(session, [mail.user_id])[mail.user_id]
    items = [
        one
        for one in list_items(session, mail)
        if one.read_at is None and wanted[one.topic] in MAILED
    ]
    return ClaimedMail(mail, items)


def finish(session: Session, mail: OutgoingMail, state: MailState, *, now: datetime) -> None:
    """Record the end of a mail, unless somebody else has claimed it since."""
    _record(session, mail, state=state, finished_at=now, claimed_until=None, error="")


def put_off(
    session: Session, mail: OutgoingMail, error: str, *, for_good: bool, now: datetime
) -> None:
    """Record that the server refused a mail: later again, twice as long each time, or given up."""
    kept = error[:_ERROR_LENGTH]
    if for_good or mail.attempts >= MOST_ATTEMPTS:
        _record(
            session,
            mail,
            state=MailState.GIVEN_UP,
            finished_at=now,
            claimed_until=None,
            error=kept,
        )
        return
    pause = min(_FIRST_PAUSE * 2 ** (mail.attempts - 1), _LONGEST_PAUSE)
    _record(session, mail, due_at=now + pause, claimed_until=None, error=kept)


def let_go(session: Session, mail: OutgoingMail, error: str) -> None:
    """Give a claim back without counting it: the server was away, the mail is not at fault."""
    _record(
        session,
        mail,
        attempts=mail.attempts - 1,
        claimed_until=None,
        error=error[:_ERROR_LENGTH],
    )


def forget_sent(session: Session, *, now: datetime) -> int:
    """Delete mails that ended long ago; what they told stays on the site. Return how many."""
    old = (
        select(OutgoingMail.id)
        .where(OutgoingMail.finished_at.is_not(None), OutgoingMail.finished_at < now - _KEPT)
        .scalar_subquery()
    )
    session.execute(delete(MailItem).where(MailItem.mail_id.in_(old)))
    gone = session.execute(
        delete(OutgoingMail).where(OutgoingMail.id.in_(old)).returning(OutgoingMail.id)
    ).all()
    return len(gone)


def _record(session: Session, mail: OutgoingMail, **values: Any) -> None:  # noqa: ANN401 — columns of OutgoingMail
    session.execute(
        update(OutgoingMail)
        .where(
            OutgoingMail.id == mail.id,
            OutgoingMail.attempts == mail.attempts,
            OutgoingMail.state == MailState.WAITING,
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
