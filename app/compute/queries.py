"""Reads of workers."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.compute.models import Worker

ALIVE_WITHIN: Final = timedelta(seconds=30)


def list_alive_workers(session: Session, *, now: datetime) -> list[Worker]:
    """Return the workers heard of lately, by pool and name."""
    return list(
        session.scalars(
            select(Worker)
            .where(Worker.seen_at > now - ALIVE_WITHIN)
            .order_by(Worker.pool, Worker.name)
        )
    )
