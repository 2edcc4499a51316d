"""Where a waiting evaluation stands in its queue, and about when its turn comes."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.compute.queries import list_alive_workers
from app.evaluations.models import CLAIMED, FINISHED, Evaluation, State
from app.evaluations.turns import list_in_turn

MOST_READ: Final = 500
"""How much of a queue is looked at; who stands behind is told that many are ahead at least."""
_RECENT: Final = 20


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a queue. `position` 1 is next; None stands behind all that were looked at."""

    position: int | None
    waiting: int
    """How many wait in the pool, this one included."""
    slots: int
    """How many run at once; 0 where no worker was heard of lately."""
    starts_at: datetime | None
    """About when it starts, by how long the last ones took; None where that cannot be said."""


def find_place(session: Session, evaluation: Evaluation, *, now: datetime) -> Place | None:
    """Return where an evaluation waits, or None when it does not; five queries at most."""
    if evaluation.state is not State.QUEUED:
        return None
    pool = evaluation.pool
    waiting, running = _count(session, pool)
    position = _position(session, evaluation, now=now)
    workers = [one for one in list_alive_workers(session, now=now) if one.pool == pool]
    slots = sum(worker.concurrency or 1 for worker in workers if worker.sick_since is None)
    starts_at = None
    if position is not None and slots:
        took = _recent_seconds(session, pool)
        ahead = max(0, position - max(0, slots - running))
        if took is not None or ahead == 0:
            starts_at = now + timedelta(seconds=ahead * (took or 0.0) / slots)
    return Place(position, waiting, slots, starts_at)


def count_before(session: Session, evaluation: Evaluation) -> int:
    """Return how many that came earlier still wait in the pool: cheap, and changes as it moves."""
    return session.scalars(
        select(func.count(Evaluation.id)).where(
            Evaluation.state == State.QUEUED,
            Evaluation.pool == evaluation.pool,
            Evaluation.is_shadow.is_(False),
            Evaluation.id < evaluation.id,
        )
    ).one()


def _position(session: Session, evaluation: Evaluation, *, now: datetime) -> int | None:
    """Return the place with turns taken: a team's second waits for the first of every other."""
    in_turn = list_in_turn(session, evaluation.pool, now=now)
    # nobody waits for a shadow, and nobody but staff may know that there are any
    others = in_turn.where(Evaluation.is_shadow.is_(False))
    rows = session.execute(others.limit(MOST_READ)).all()
    turns: Counter[tuple[int, int]] = Counter()
    order = []
    for place, (number, _kind, _resources, _since, team, rank) in enumerate(rows):
        order.append((rank, turns[rank, team], place, number))
        turns[rank, team] += 1
    numbers = [number for *_, number in sorted(order)]
    return numbers.index(evaluation.id) + 1 if evaluation.id in numbers else None


def _count(session: Session, pool: str) -> tuple[int, int]:
    rows = session.execute(
        select(Evaluation.state, func.count(Evaluation.id))
        .where(
            Evaluation.pool == pool,
            Evaluation.is_shadow.is_(False),
            Evaluation.state.in_({State.QUEUED, *CLAIMED}),
        )
        .group_by(Evaluation.state)
    ).all()
    counts: dict[State, int] = {row[0]: row[1] for row in rows}
    return counts.get(State.QUEUED, 0), sum(counts.get(state, 0) for state in CLAIMED)


def _recent_seconds(session: Session, pool: str) -> float | None:
    """Return how long the last evaluations of a pool took from claim to end, on average."""
    rows = session.execute(
        select(Evaluation.started_at, Evaluation.finished_at)
        .where(
            Evaluation.pool == pool,
            Evaluation.is_shadow.is_(False),
            Evaluation.state.in_(FINISHED),
            Evaluation.started_at.is_not(None),
        )
        .order_by(Evaluation.id.desc())
        .limit(_RECENT)
    ).all()
    spans = [(end - begun).total_seconds() for begun, end in rows if begun and end]
    return fmean(spans) if spans else None
