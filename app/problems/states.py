"""The life of an uploaded pack: the only module that writes `Publication.state`."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Update, select, update
from sqlalchemy.orm import Session

from app.problems.errors import PublicationLostError
from app.problems.models import Publication, PublicationState

TRANSITIONS: Final[Mapping[PublicationState, frozenset[PublicationState]]] = {
    PublicationState.QUEUED: frozenset({PublicationState.CHECKING, PublicationState.REFUSED}),
    PublicationState.CHECKING: frozenset(
        # back to the queue when its worker died
        {PublicationState.QUEUED, PublicationState.PUBLISHED, PublicationState.REFUSED}
    ),
    PublicationState.PUBLISHED: frozenset(),
    PublicationState.REFUSED: frozenset(),
}
_UNFINISHED: Final = tuple(state for state, targets in TRANSITIONS.items() if targets)
MAX_ATTEMPTS: Final = 3
LEASE: Final = timedelta(seconds=60)
"""How long a claim holds without a sign of life, and how long a sent job may wait unclaimed."""


def claim(session: Session, publication_id: int, *, now: datetime) -> int | None:
    """Take a publication to check it; return the number of this attempt.

    None when another worker holds it, it has ended, or its attempts are used up. Of two workers
    that try at once one wins: the decision is one UPDATE.
    """
    return session.scalar(
        update(Publication)
        .where(
            Publication.id == publication_id,
            Publication.attempts < MAX_ATTEMPTS,
            Publication.state == PublicationState.QUEUED,
        )
        .values(
            state=PublicationState.CHECKING,
            attempts=Publication.attempts + 1,
            lease_expires_at=now + LEASE,
            steps=[],
        )
        .returning(Publication.attempts)
    )


def renew(session: Session, publication_id: int, attempt: int, *, now: datetime) -> bool:
    """Hold a claim longer; False when another worker has taken it over."""
    held = session.scalar(
        _held(publication_id, attempt)
        .values(lease_expires_at=now + LEASE)
        .returning(Publication.id)
    )
    return held is not None


def write_steps(
    session: Session, publication_id: int, attempt: int, steps: Sequence[Mapping[str, Any]]
) -> None:
    """Show what has been done so far.

    Raises:
        PublicationLostError: another worker has taken the publication over.
    """
    _write(session, publication_id, attempt, {"steps": list(steps)})


def finish(  # noqa: PLR0913 — what is written about the end of one attempt
    session: Session,
    publication_id: int,
    attempt: int,
    state: PublicationState,
    *,
    steps: Sequence[Mapping[str, Any]],
    now: datetime,
    problem_slug: str | None = None,
) -> None:
    """End a check as published or refused, once.

    Raises:
        PublicationLostError: another worker has taken the publication over.
    """
    _write(
        session,
        publication_id,
        attempt,
        {
            "state": state,
            "steps": list(steps),
            "problem_slug": problem_slug,
            "lease_expires_at": None,
            "finished_at": now,
        },
    )


def release(session: Session, publication_id: int, attempt: int, *, now: datetime) -> None:
    """Let a claim's lease run out now, so that the sweep gives the publication to another."""
    session.execute(_held(publication_id, attempt).values(lease_expires_at=now))


def requeue(session: Session, publication_id: int, *, now: datetime) -> None:
    """Take an overdue publication from whoever had it and give a worker time to claim it."""
    session.execute(
        update(Publication)
        .where(
            Publication.id == publication_id,
            Publication.state.in_(list(_UNFINISHED)),
            Publication.lease_expires_at <= now,
        )
        .values(state=PublicationState.QUEUED, lease_expires_at=now + LEASE)
    )


def give_up(
    session: Session, publication_id: int, *, step: Mapping[str, Any], now: datetime
) -> bool:
    """Refuse a publication whose attempts are used up and whose lease is over."""
    ended = session.scalar(
        update(Publication)
        .where(
            Publication.id == publication_id,
            Publication.state.in_(list(_UNFINISHED)),
            Publication.attempts >= MAX_ATTEMPTS,
            Publication.lease_expires_at <= now,
        )
        .values(
            state=PublicationState.REFUSED,
            steps=[dict(step)],
            lease_expires_at=None,
            finished_at=now,
        )
        .returning(Publication.id)
    )
    return ended is not None


def list_overdue(session: Session, *, now: datetime) -> Sequence[Publication]:
    """Return the unfinished publications nobody has acted on in time."""
    return session.scalars(
        select(Publication)
        .where(Publication.state.in_(list(_UNFINISHED)), Publication.lease_expires_at <= now)
        .order_by(Publication.id)
    ).all()


def _held(publication_id: int, attempt: int) -> Update:
    return update(Publication).where(
        Publication.id == publication_id,
        Publication.state == PublicationState.CHECKING,
        Publication.attempts == attempt,
    )


def _write(session: Session, publication_id: int, attempt: int, values: Mapping[str, Any]) -> None:
    written = session.scalar(
        _held(publication_id, attempt).values(**values).returning(Publication.id)
    )
    if written is None:
        raise PublicationLostError
