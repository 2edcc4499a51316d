"""Writes: a worker says that it is alive."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.compute.models import Worker

FORGET_AFTER: Final = timedelta(days=1)


def report_alive(session: Session, seen: Worker, *, now: datetime) -> None:
    """Write a worker's row anew and forget those not heard of for a day."""
    session.execute(delete(Worker).where(Worker.seen_at < now - FORGET_AFTER))
    session.merge(seen)
