"""Whether a worker's host can run anything: said by its jobs and its keeper, obeyed by claims.

The row in the database is how the processes of one worker tell each other, and the staff.
"""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.compute.models import Worker

_REASON_LENGTH = 500


def mark_sick(session: Session, worker: str, reason: str, *, now: datetime) -> bool:
    """Note that nothing can run there; return whether that is news. The first reason stays."""
    marked = session.execute(
        update(Worker)
        .where(Worker.name == worker, Worker.sick_since.is_(None))
        .values(sick_since=now, sick_reason=reason[:_REASON_LENGTH])
        .returning(Worker.name)
    )
    return marked.one_or_none() is not None


def mark_well(session: Session, worker: str) -> None:
    """Note that a probe has run there."""
    session.execute(update(Worker).where(Worker.name == worker).values(sick_since=None))


def find_sickness(session: Session, worker: str) -> str | None:
    """Return why nothing can run there, or None; an unknown worker is well."""
    return session.scalar(
        select(Worker.sick_reason).where(Worker.name == worker, Worker.sick_since.is_not(None))
    )
